/** One round of pg-boss: jobs fetched one at a time, fetched and completed, and the same in batches. */
import { closedLoop } from '../loads.mjs'
import { loadPeer } from '../peers/peers.mjs'
import { dismissed, receiveTask } from './task.mjs'

const BATCH = 1_000

const { url, callers, count, connections, batch } = await receiveTask()
const { PgBoss } = await loadPeer('pg-boss')
const boss = new PgBoss({ connectionString: url, max: connections, supervise: false, schedule: false })
boss.on('error', (error) => console.error(error))
await boss.start()
await boss.createQueue('jobs')
const batches = Math.ceil(count.batched / batch)
await add(count.warmup + count.many + count.alone + count.completed + batches * batch)
await closedLoop(callers, count.warmup, () => take(1))
const many = await closedLoop(callers, count.many, () => take(1))
const alone = await closedLoop(1, count.alone, () => take(1))
const completed = await closedLoop(callers, count.completed, () => take(1), complete)
const { perSecond, ...latency } = await closedLoop(callers, batches, () => take(batch), complete)
process.send({ many, alone, completed, batched: { ...latency, perSecond: perSecond * batch } })
await dismissed()
await boss.stop({ graceful: false })
process.exit()

async function take(batchSize) {
  const jobs = await boss.fetch('jobs', { batchSize })
  if (jobs.length !== batchSize) throw new Error(`${jobs.length} jobs of ${batchSize} were left.`)
  return jobs
}

function complete(jobs) {
  return boss.complete(
    'jobs',
    jobs.map(({ id }) => id),
  )
}

async function add(total) {
  const jobs = Array.from({ length: total }, (_, index) => ({ data: { task: `task-${index}` } }))
  for (let first = 0; first < total; first += BATCH) await boss.insert('jobs', jobs.slice(first, first + BATCH))
}
