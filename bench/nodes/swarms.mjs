import { askFor, nextMessage } from '../children.mjs'
import { sinceDue } from '../serve/connections.mjs'
import { Cluster, residentMegabytes } from './cluster.mjs'

const SWARMS = 10_000
const PER_SECOND = 100

/** Ten thousand swarms, each with an event stream to one of three nodes; claims and messages go to all of them. */
export async function measureSwarms({ children, rounds, scale, progress }, { name, ...engine }) {
  const cluster = await Cluster.open(children, engine)
  const count = Math.ceil(500 * scale)
  const urls = cluster.nodes.map(({ url }) => url)
  const caller = children.start('node-caller', { urls, token: cluster.token })
  await nextMessage(caller)
  progress(`nodes, ${SWARMS} swarms on ${name}`)
  const { tokens } = await askFor(caller, { load: 'prepare', swarms: SWARMS, tasks: (rounds + 1) * count })
  const clients = children.start('push-clients', { kind: 'sse', urls, tokens })
  await nextMessage(clients)
  const found = { claims: [], pushes: [], memory: [] }
  for (let round = 0; round <= rounds; round += 1) {
    progress(`nodes, ${SWARMS} swarms on ${name}, round ${round} of ${rounds}`)
    const load = { perSecond: PER_SECOND, count, swarms: SWARMS, round }
    const claims = await askFor(caller, { ...load, load: 'claims' })
    const { calls } = await askFor(caller, { ...load, load: 'messages' })
    const pushes = await sinceDue(clients, calls)
    // The first round warms everything up.
    if (round === 0) continue
    found.claims.push(claims)
    found.pushes.push(pushes)
    found.memory.push(...cluster.nodes.map((node) => residentMegabytes(node.process)))
  }
  const server = Math.round(residentMegabytes(cluster.server))
  for (const child of [caller, clients]) await children.end(child)
  await cluster.end()
  const what = `${SWARMS.toLocaleString('en-US')} swarms over three nodes on ${name}`
  const p99 = (latency) => ({ unit: 'ms', values: latency.map((each) => each.p99), latency })
  return [
    {
      name: `${what}: memory of a node`,
      unit: 'MB',
      values: found.memory,
      note: `resident, each node in each round; the server beside them ${server} MB (${cluster.settings})`,
    },
    { name: `${what}: claim, p99`, ...p99(found.claims), note: `${PER_SECOND}/s in all, open loop, over HTTP` },
    {
      name: `${what}: message to an event stream at another node, p99`,
      ...p99(found.pushes),
      note: `${PER_SECOND}/s in all, open loop, from the time each was due to be sent`,
    },
  ]
}
