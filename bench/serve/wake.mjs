import { askFor, nextMessage } from '../children.mjs'
import { Latencies } from '../latency.mjs'

const PER_SECOND = 50
/** Clients of MCP cost much more, in this process too. */
const SWARMS = { http: 500, mcp: 100 }

/** From the commit of a new task until a swarm that waited for work has claimed it. */
export async function measureWake(setting) {
  const http = await measureOver(setting, 'http')
  const mcp = await measureOver(setting, 'mcp')
  const figure = (how, swarms, latency) => ({
    name: `a task committed until one of ${swarms} swarms that wait has claimed it, ${how}, p99`,
    unit: 'ms',
    values: latency.map(({ p99 }) => p99),
    latency,
    goal: { below: 20 },
    note: `${PER_SECOND} tasks/s, open loop; it includes the commit of the claim`,
  })
  return [figure('`task.next` over HTTP', SWARMS.http, http), figure('`wait_for_work` over MCP', SWARMS.mcp, mcp)]
}

async function measureOver({ children, rounds, scale, progress }, over) {
  const count = 250 * scale
  const directory = children.directory()
  const server = children.start('server', { directory, tasks: 1, swarms: SWARMS[over], claimed: 0, withTokens: true })
  const { url, token, tokens } = await nextMessage(server)
  const waiters = children.start('work-waiters', { url, tokens, over })
  await nextMessage(waiters)
  const caller = children.start('caller', { url, token, load: 'closed', count: 0, first: 0, callers: 0 })
  await nextMessage(caller)
  const latency = []
  for (let round = 0; round <= rounds; round += 1) {
    progress(`serve, waking for work over ${over}, round ${round} of ${rounds}`)
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
  return latency
}
