import { askFor, nextMessage } from '../children.mjs'
import { Latencies } from '../latency.mjs'

const SWARMS = 500
const PER_SECOND = 50

/** From the commit of a new task until a swarm that waited for work has claimed it. */
export async function measureWake({ children, rounds, scale, progress }) {
  const count = 250 * scale
  const directory = children.directory()
  const server = children.start('server', { directory, tasks: 0, swarms: SWARMS, claimed: 0 })
  const { url, token } = await nextMessage(server)
  const waiters = children.start('work-waiters', { url, token, swarms: SWARMS })
  await nextMessage(waiters)
  const caller = children.start('caller', { url, token, load: 'closed', count: 0, first: 0, callers: 0 })
  await nextMessage(caller)
  const latency = []
  for (let round = 0; round <= rounds; round += 1) {
    progress(`serve, waking for work, round ${round} of ${rounds}`)
    const { calls } = await askFor(caller, { url, token, load: 'creations', perSecond: PER_SECOND, count, round })
    const claims = await askFor(waiters, { tasks: calls.map(({ id }) => id) })
    const { commits } = await askFor(server, {})
    const latencies = new Latencies()
    for (const [position, at] of claims.entries()) latencies.record(at - commits[calls[position].index])
    // The first round warms everything up.
    if (round > 0) latency.push(latencies.summary())
  }
  for (const child of [caller, waiters, server]) await children.end(child)
  children.remove(directory)
  return [
    {
      name: `a task committed until one of ${SWARMS} swarms that wait has claimed it, p99`,
      unit: 'ms',
      values: latency.map(({ p99 }) => p99),
      latency,
      goal: { below: 20 },
      note: `long polls over HTTP, ${PER_SECOND} tasks/s, open loop; it includes the commit of the claim`,
    },
  ]
}
