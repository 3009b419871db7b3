/** Swarms that wait for work by long polls and claim what they are woken for; notes when each had its task. */
import { connect, nodeTransport } from '../../dist/index.js'
import { sharedMs } from '../latency.mjs'
import { receiveTask } from './task.mjs'

const { url, token, swarms } = await receiveTask()
const fabric = connect({ url, token, transport: nodeTransport(), retries: 0 })
/** Task -> when a swarm had claimed it. */
const claims = new Map()
let wanted = () => undefined

process.once('disconnect', () => process.exit())
process.on('message', async ({ tasks }) => {
  while (tasks.some((task) => !claims.has(task))) await new Promise((resolve) => (wanted = resolve))
  process.send(tasks.map((task) => claims.get(task)))
})
for (let number = 0; number < swarms; number += 1) void work(`swarm-${number}`)
process.send({ ready: true })

async function work(swarm) {
  for (;;) {
    const { kind, task, claim } = await fabric.task.next({ as: swarm, claim: true, waitMs: 240_000 })
    if (kind === 'none') continue
    claims.set(task.id, sharedMs())
    wanted()
    await fabric.task.complete({ task: task.id, as: swarm, epoch: claim.epoch, summary: 'done' })
  }
}
