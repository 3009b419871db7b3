/** How much memory tasks take: after an import, or after a restart from a snapshot. Needs `--expose-gc`. */
import { openFabric } from '../../dist/fabric/open.js'
import { FileJournal } from '../../dist/journal/file/file-journal.js'
import { boardTask, importTasks } from '../workload.mjs'
import { dismissed, receiveTask } from './task.mjs'

const { directory, tasks } = await receiveTask()
const before = used()
const fabric = await openFabric({ journal: new FileJournal({ directory }) })
const { tasks: counts } = await fabric.status()
if (counts.blocked + counts.available === 0) await importTasks(fabric, tasks, boardTask)
await fabric.snapshot()
process.send({ heap: used() - before, rss: process.memoryUsage().rss })
await dismissed()
await fabric.close()

function used() {
  // What a first collection leaves to finalisers goes with a second one.
  for (let pass = 0; pass < 2; pass += 1) globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
