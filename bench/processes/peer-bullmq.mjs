/** One round of BullMQ: jobs taken by hand, as many callers as said, then taken and completed by a worker of its own. */
import { closedLoop } from '../loads.mjs'
import { loadPeer } from '../peers/peers.mjs'
import { Countdown } from './countdown.mjs'
import { dismissed, receiveTask } from './task.mjs'

const BATCH = 1_000

const { url, callers, count } = await receiveTask()
const { Queue, Worker } = await loadPeer('bullmq')
const { hostname: host, port } = new URL(url)
const connection = { host, port: Number(port), maxRetriesPerRequest: null }

const queue = new Queue('taken', { connection })
await add(queue, count.warmup + count.many + count.alone)
const taker = new Worker('taken', null, { connection, autorun: false })
await taker.waitUntilReady()
const take = async (_, number) => {
  if ((await taker.getNextJob(`caller-${number}`, { block: false })) === undefined) throw new Error('No job was left.')
}
await closedLoop(callers, count.warmup, take)
const many = await closedLoop(callers, count.many, take)
const alone = await closedLoop(1, count.alone, take)
await taker.close()

const whole = new Queue('completed', { connection })
await add(whole, count.warmup + count.completed)
const countdown = new Countdown(count.warmup, count.completed)
const worker = new Worker('completed', async () => undefined, { connection, concurrency: callers })
worker.on('completed', () => countdown.note())
const completed = await countdown.done
process.send({ many, alone, completed })
await dismissed()
process.exit()

async function add(to, total) {
  const jobs = Array.from({ length: total }, (_, index) => ({ name: 'job', data: { task: `task-${index}` } }))
  for (let first = 0; first < total; first += BATCH) await to.addBulk(jobs.slice(first, first + BATCH))
}
