/** Opens the fabric of a directory and says how long it took until it answers. */
import { openFabric } from '../../dist/fabric/open.js'
import { FileJournal } from '../../dist/journal/file/file-journal.js'
import { dismissed, receiveTask } from './task.mjs'

const { directory, snapshot } = await receiveTask()
const journal = new FileJournal({ directory })
const start = performance.now()
const fabric = await openFabric({ journal, snapshotEvery: Number.POSITIVE_INFINITY })
const { entries, tasks } = await fabric.status()
const seconds = (performance.now() - start) / 1_000
const { bytes } = journal.health()
if (snapshot) await fabric.snapshot()
// Closing the journal alone: the fabric would leave a snapshot, which the next start would read.
await journal.close()
process.send({ seconds, entries, completed: tasks.completed, bytes, rss: process.memoryUsage().rss })
await dismissed()
