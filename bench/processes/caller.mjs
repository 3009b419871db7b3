/** Calls the operations of a served fabric, as many other processes would, and says how long the answers took. */
import { connect, nodeTransport } from '../../dist/index.js'
import { Latencies, sharedMs } from '../latency.mjs'

process.on('message', async ({ url, token, load, ...task }) => {
  const fabric = connect({ url, token, transport: nodeTransport(), retries: 0 })
  process.send(await LOADS[load](fabric, task))
})

const LOADS = {
  /** As many callers as said, each of which waits for its answer before it asks again. */
  async closed(fabric, { callers, count, first }) {
    const latencies = new Latencies()
    let next = first
    const start = performance.now()
    const caller = async (_, number) => {
      while (next < first + count) {
        const task = `task-${next}`
        next += 1
        const before = performance.now()
        await fabric.task.claim({ task, as: `swarm-${number}` })
        latencies.record(performance.now() - before)
      }
    }
    await Promise.all(Array.from({ length: callers }, caller))
    return { perSecond: count / ((performance.now() - start) / 1_000), ...latencies.summary() }
  },

  /** Claims at fixed times, whether or not earlier ones are answered. */
  open: (fabric, { perSecond, count, first }) =>
    openLoop(perSecond, count, (index) => fabric.task.claim({ task: `task-${first + index}`, as: 'swarm-0' })),

  messages: (fabric, { perSecond, count, to }) =>
    openLoop(perSecond, count, (index) => fabric.swarm.send({ to, as: 'swarm-0', text: `Message ${index}` })),

  /** Messages to one swarm after another, far from each other. */
  scattered: (fabric, { perSecond, count, swarms, round }) =>
    openLoop(perSecond, count, async (index) => {
      const to = `swarm-${((round * count + index) * 7_919) % swarms}`
      return { ...(await fabric.swarm.send({ to, text: `Message ${index}` })), to }
    }),

  /** New tasks, each with the index of its entry. */
  creations: (fabric, { perSecond, count, round }) =>
    openLoop(perSecond, count, async (index) => {
      const { id, createdIndex } = await fabric.task.create({ id: `new-${round}-${index}`, title: `Task ${index}` })
      return { id, index: createdIndex }
    }),

  blockers: (fabric, { perSecond, claims, blocker = { kind: 'external' } }) =>
    openLoop(perSecond, claims.length, (index) =>
      fabric.task.block({ ...claims[index], as: 'swarm-0', needs: 'somebody who can help', ...blocker }),
    ),
}

/**
 * Starts a call at each tick of a fixed rate and counts its latency from the tick, not from when it was really sent: a
 * stall is felt by every call that should have been made meanwhile.
 */
async function openLoop(perSecond, count, call) {
  const latencies = new Latencies()
  const answers = []
  const start = sharedMs() + 20
  for (let index = 0; index < count; index += 1) {
    const at = start + (index * 1_000) / perSecond
    const early = at - sharedMs()
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    const answered = call(index).then((reply) => {
      latencies.record(sharedMs() - at)
      return { at, index: reply.index, id: reply.id, to: reply.to }
    })
    answers.push(answered)
  }
  return { calls: await Promise.all(answers), ...latencies.summary() }
}
