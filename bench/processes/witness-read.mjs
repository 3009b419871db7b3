/** Opens the witness of a long log, proves entries of it and asks it about tasks and swarms, one question at a time. */
import { FileJournal } from '../../dist/journal/file/file-journal.js'
import { openStorage } from '../../dist/witness/storage.js'
import { Witness } from '../../dist/witness/witness.js'
import { Latencies } from '../latency.mjs'
import { dismissed, receiveTask } from './task.mjs'
import { ENTRIES_PER_TASK, SWARMS } from './witness-entries.mjs'
import { fail } from './witness-fabric.mjs'

const PAGE = 100

const { directory, proofs, queries } = await receiveTask()
const journal = new FileJournal({ directory })
const { size } = await journal.open()
const read = (from) => journal.read(from)
const start = performance.now()
const storage = await openStorage(directory, fail)
const witness = await Witness.open({ storage, origin: 'fabric', read, size, announced: undefined, report: fail })
const openSeconds = (performance.now() - start) / 1_000
const checkpoint = await witness.checkpoint()
/** Tasks that have all of their entries. */
const tasks = Math.floor((size - SWARMS) / ENTRIES_PER_TASK) - SWARMS

process.send({
  openSeconds,
  proof: await latencyOf(proofs, () => witness.prove(below(size), checkpoint)),
  task: await latencyOf(queries, () => query({ task: `task-${below(tasks)}` }, 0, ENTRIES_PER_TASK)),
  swarm: await latencyOf(queries, () => query({ swarm: `swarm-${below(SWARMS)}` }, below(size / 4), PAGE)),
})
await dismissed()
await witness.close()
await journal.close()

async function query(filter, from, expected) {
  const { entries } = await witness.query(filter, { from, limit: PAGE })
  if (entries.length !== expected) throw new Error(`${entries.length} entries were found instead of ${expected}.`)
}

/** A tenth more go before, which do not count. */
async function latencyOf(count, ask) {
  for (let number = 0; number < count / 10; number += 1) await ask()
  const latencies = new Latencies()
  for (let number = 0; number < count; number += 1) {
    const before = performance.now()
    await ask()
    latencies.record(performance.now() - before)
  }
  return latencies.summary()
}

function below(limit) {
  return Math.floor(Math.random() * limit)
}
