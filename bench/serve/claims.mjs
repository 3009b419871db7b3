import { askFor, nextMessage } from '../children.mjs'
import { rates, ratios } from '../rounds.mjs'

const CALLERS = 64
const OPEN_PER_SECOND = 500

/** Claims over HTTP. The server is one process, all callers are another; they share the cores of the machine. */
export async function measureClaims({ children, rounds, scale, progress }) {
  const count = { warmup: 3_000, closed: 12_000 * scale, open: 2_000 * scale }
  const tasks = count.warmup + rounds * (2 * count.closed + count.open)
  const directory = children.directory()
  const server = children.start('server', { directory, tasks, swarms: CALLERS, claimed: 0 })
  const { url, token } = await nextMessage(server)
  const bare = children.start('bare-server', { answer: exampleGrant() })
  const bareUrl = (await nextMessage(bare)).url
  const caller = children.start('caller', { url, token, load: 'closed', count: 0, first: 0, callers: 0 })
  await nextMessage(caller)
  const loader = children.start('http-load', { url, token, count: 0, first: 0, callers: 0 })
  await nextMessage(loader)
  let first = 0
  const next = (number) => {
    first += number
    return { url, token, count: number, first: first - number, callers: CALLERS }
  }
  await askFor(caller, { ...next(count.warmup), load: 'closed' })
  await askFor(loader, { url: bareUrl, token, count: count.warmup, first: 0, callers: CALLERS })
  const found = { closed: [], lean: [], bare: [], open: [] }
  for (let round = 0; round < rounds; round += 1) {
    progress(`serve, claims, round ${round + 1} of ${rounds}`)
    found.closed.push(await askFor(caller, { ...next(count.closed), load: 'closed' }))
    found.lean.push(await askFor(loader, next(count.closed)))
    found.bare.push(await askFor(loader, { url: bareUrl, token, count: count.closed, first: 0, callers: CALLERS }))
    found.open.push(await askFor(caller, { ...next(count.open), load: 'open', perSecond: OPEN_PER_SECOND }))
  }
  for (const child of [caller, loader, bare, server]) await children.end(child)
  children.remove(directory)
  return figures(found)
}

function figures({ closed, lean, bare, open }) {
  return [
    {
      name: `claims over HTTP by the client of this package, ${CALLERS} callers`,
      unit: '/s',
      values: rates(closed),
      latency: closed,
      goal: { atLeast: 3_000 },
    },
    {
      name: `claims over HTTP by bare requests, ${CALLERS} callers`,
      unit: '/s',
      values: rates(lean),
      latency: lean,
      note: 'every claim is checked, decided, hashed into the witness and flushed before it is answered',
    },
    {
      name: 'a bare route of the framework that does nothing, by the same requests',
      unit: '/s',
      values: rates(bare),
      latency: bare,
    },
    {
      name: 'claims against the bare route',
      unit: 'times the rate',
      values: ratios(lean, bare),
      goal: { atLeast: 0.5 },
      note: 'each round against that of the bare route right after it',
    },
    {
      name: `claims over HTTP, ${OPEN_PER_SECOND}/s open loop, p99`,
      unit: 'ms',
      values: open.map(({ p99 }) => p99),
      latency: open,
      goal: { below: 10 },
      note: 'each latency counts from the time the call was due, so a stall is not left out',
    },
  ]
}

/** As much to write as for a claim. */
function exampleGrant() {
  return {
    task: 'task-1000',
    swarm: 'swarm-10',
    epoch: 12_345,
    leaseMs: 1_800_000,
    leaseEndsAt: '2026-01-01T00:30:00.000Z',
    attempt: 1,
    renewed: false,
  }
}
