/** Calls the operations of a served fabric, as many other processes would, and says how long the answers took. */
import { connect, nodeTransport } from '../../dist/index.js'
import { closedLoop, openLoop } from '../loads.mjs'

process.on('message', async ({ url, token, load, ...task }) => {
  const fabric = connect({ url, token, transport: nodeTransport(), retries: 0 })
  process.send(await LOADS[load](fabric, task))
})

const LOADS = {
  /** As many callers as said, each of which waits for its answer before it asks again. */
  closed: (fabric, { callers, count, first }) =>
    closedLoop(callers, count, (index, number) =>
      fabric.task.claim({ task: `task-${first + index}`, as: `swarm-${number}` }),
    ),

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
