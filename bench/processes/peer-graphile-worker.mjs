/** One round of graphile-worker: jobs taken and completed by its own workers, one by one and in batches. */
import { loadPeer } from '../peers/peers.mjs'
import { Countdown } from './countdown.mjs'
import { dismissed, receiveTask } from './task.mjs'

const BATCH = 1_000

const { url, callers, count, connections, batch } = await receiveTask()
const { Logger, makeWorkerUtils, run } = await loadPeer('graphile-worker')
const logger = new Logger(() => () => undefined)
const utils = await makeWorkerUtils({ connectionString: url, logger })
await utils.migrate()
const completed = await work(callers, count.completed, {})
const aloneCompleted = await work(1, count.alone, {})
const batched = await work(callers, count.batched, { localQueue: { size: batch }, completeJobBatchDelay: 0 })
process.send({ completed, aloneCompleted, batched })
await dismissed()
process.exit()

/** All jobs are there before the workers start. */
async function work(concurrentJobs, jobs, options) {
  const warmup = Math.ceil(jobs / 10)
  for (let first = 0; first < warmup + jobs; first += BATCH) {
    const length = Math.min(BATCH, warmup + jobs - first)
    await utils.addJobs(
      Array.from({ length }, (_, index) => ({ identifier: 'job', payload: { task: `task-${first + index}` } })),
    )
  }
  const countdown = new Countdown(warmup, jobs)
  const worker = { connectionString: url, concurrentJobs, maxPoolSize: connections, ...options }
  const runner = await run({ logger, noHandleSignals: true, taskList: { job: () => undefined }, preset: { worker } })
  runner.events.on('job:complete', () => countdown.note())
  const rate = await countdown.done
  await runner.stop()
  return rate
}
