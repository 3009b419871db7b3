/** Calls three nodes in turn, as clients in many places would, and says how long the answers took. */
import { connect, nodeTransport } from '../../dist/index.js'
import { openLoop } from '../loads.mjs'
import { receiveTask } from './task.mjs'

/** Calls at a time while everything is prepared. */
const CALLERS = 64
const IMPORT_TASKS = 1_000

const { urls, token } = await receiveTask()
const transport = nodeTransport()
const nodes = urls.map((url) => connect({ url, token, transport }))

process.once('disconnect', () => process.exit())
process.on('message', async ({ load, ...task }) => process.send(await LOADS[load](task)))
process.send({ ready: true })

const LOADS = {
  /** Registers swarms, each with a token, and imports tasks. */
  async prepare({ swarms, tasks }) {
    for (let first = 0; first < tasks; first += IMPORT_TASKS) {
      const length = Math.min(IMPORT_TASKS, tasks - first)
      const specs = Array.from({ length }, (_, offset) => taskSpec(first + offset))
      await nodes[0].board.import({ board: 'bench', tasks: specs })
    }
    const tokens = []
    let next = 0
    const caller = async () => {
      while (next < swarms) {
        const index = next
        next += 1
        const { issued } = await at(index).swarm.register({ swarm: `swarm-${index}`, token: true })
        tokens[index] = issued.token
      }
    }
    await Promise.all(Array.from({ length: CALLERS }, caller))
    return { tokens }
  },

  claims: ({ perSecond, count, swarms, round }) =>
    openLoop(perSecond, count, (index) => {
      const number = round * count + index
      return at(index).task.claim({ task: `task-${number}`, as: swarmOf(number, swarms) })
    }),

  /** To one swarm after another, far from each other, each by way of another node than the one it listens to. */
  messages: ({ perSecond, count, swarms, round }) =>
    openLoop(perSecond, count, async (index) => {
      const to = swarmOf(round * count + index, swarms)
      const [, number] = to.split('-')
      return { ...(await at(Number(number) + 1).swarm.send({ to, text: `Message ${index}` })), to }
    }),
}

function at(number) {
  return nodes[number % nodes.length]
}

function swarmOf(number, swarms) {
  return `swarm-${(number * 7_919) % swarms}`
}

function taskSpec(index) {
  return { spec: { id: `task-${index}`, title: `Task ${index}`, board: 'bench' } }
}
