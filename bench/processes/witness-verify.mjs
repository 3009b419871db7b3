/** Verifies the log of a data directory from end to end, as `ifab witness verify` does. */

import { parseVkey } from '../../dist/witness/note/verifier.js'
import { DataSource } from '../../dist/witness/verify/data-source.js'
import { Marks } from '../../dist/witness/verify/marks.js'
import { verifySource } from '../../dist/witness/verify/verify.js'
import { dismissed, receiveTask } from './task.mjs'

const { directory, marks: path } = await receiveTask()
const start = performance.now()
const source = new DataSource(directory)
const trust = { keys: [parseVkey(await source.vkey())], from: 'own' }
const marks = await Marks.open(path)
const { checkpoint, verdicts } = await verifySource({ source, trust, marks, now: Date.now() })
await source.close()
const seconds = (performance.now() - start) / 1_000
for (const { status, message } of [verdicts.integrity, verdicts.signature])
  if (status !== 'ok') throw new Error(message)
process.send({ perSecond: checkpoint.size / seconds, rss: process.memoryUsage().rss })
await dismissed()
