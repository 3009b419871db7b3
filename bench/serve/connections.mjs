import { readFileSync } from 'node:fs'
import { askFor, nextMessage } from '../children.mjs'
import { Latencies } from '../latency.mjs'

const CONNECTIONS = 10_000
/** Files that a process has open beside its connections. */
const OTHER_FILES = 200
const PER_SECOND = 100
const RSS_MB = 400

/** Idle connections that wait for pushes, all on one server process; their clients are another process. */
export async function measureConnections(setting) {
  const stream = await measureKind(setting, 'sse')
  const socket = await measureKind(setting, 'socket')
  return [
    ...figures('event streams, each of one swarm,', stream),
    ...figures('WebSockets, each with an inbox,', socket),
  ]
}

async function measureKind({ children, rounds, scale, progress }, kind) {
  const count = Math.ceil(500 * scale)
  const directory = children.directory()
  const server = children.start('server', { directory, tasks: 1, swarms: CONNECTIONS, claimed: 0, withTokens: true })
  const { url, token, tokens } = await nextMessage(server)
  const before = (await askFor(server, {})).rss
  progress(`serve, opening ${CONNECTIONS} connections (${kind})`)
  const clients = children.start('push-clients', { kind, urls: [url], tokens })
  await nextMessage(clients)
  const caller = children.start('caller', { url, token, load: 'closed', count: 0, first: 0, callers: 0 })
  await nextMessage(caller)
  const found = { before, rss: [], latency: [] }
  for (let round = 0; round <= rounds; round += 1) {
    progress(`serve, messages to one of ${CONNECTIONS} (${kind}), round ${round} of ${rounds}`)
    const load = { url, token, load: 'scattered', perSecond: PER_SECOND, count, swarms: CONNECTIONS, round }
    const { calls } = await askFor(caller, load)
    const latency = await sinceDue(clients, calls)
    const { rss } = await askFor(server, {})
    // The first round warms everything up.
    if (round === 0) continue
    found.latency.push(latency)
    found.rss.push(rss)
  }
  for (const child of [caller, clients, server]) await children.end(child)
  children.remove(directory)
  return found
}

/** From when each message was due to be sent until it was at the one connection it is for. */
export async function sinceDue(clients, calls) {
  const { receipts, lost } = await askFor(clients, { indexes: calls.map(({ index }) => index) })
  if (lost > 0) throw new Error(`${lost} connections were lost.`)
  const latencies = new Latencies()
  receipts.forEach(({ at, number }, position) => {
    const { at: due, to } = calls[position]
    if (`swarm-${number}` !== to) throw new Error(`A message to ${to} came to swarm-${number}.`)
    latencies.record(at - due)
  })
  return latencies.summary()
}

function figures(what, { before, rss, latency }) {
  const megabytes = (bytes) => bytes / 1e6
  return [
    {
      name: `${CONNECTIONS.toLocaleString('en-US')} ${what} memory of the server`,
      unit: 'MB',
      values: rss.map(megabytes),
      goal: { below: RSS_MB },
      note: `resident; ${Math.round(megabytes(before))} MB of it before they connected, with as many swarms and tokens`,
    },
    {
      name: `${CONNECTIONS.toLocaleString('en-US')} ${what} message to one of them, p99`,
      unit: 'ms',
      values: latency.map(({ p99 }) => p99),
      latency,
      goal: { below: 50 },
      note: `${PER_SECOND} messages/s, open loop, from the time each was due to be sent; it includes request and commit`,
    },
  ]
}

/** Ends the benchmark when it could not open them. Node raises its own limit to the hard one, so that is what counts. */
export function requireOpenFiles() {
  const needed = CONNECTIONS + OTHER_FILES
  const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  if (hard === 'unlimited' || Number(hard) >= needed) return
  process.stderr.write(
    `The hard limit of open files is ${hard}; ${CONNECTIONS} connections need ${needed} in each of two processes.\n` +
      `Raise it as root (\`ulimit -Hn ${needed}\`, or nofile in limits.conf), and run again.\n`,
  )
  process.exit(2)
}
