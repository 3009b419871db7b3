import { nextMessage } from '../children.mjs'

const CALLERS = 64
const OPEN_PER_SECOND = 500

/** Claims over HTTP. The server is one process, all callers are another; they share the cores of the machine. */
export async function serve({ children, rounds, scale, progress }) {
  const count = { warmup: 3_000, closed: 12_000 * scale, open: 2_000 * scale }
  const tasks = count.warmup + rounds * (count.closed + count.open)
  const directory = children.directory()
  const server = children.start('server', { directory, tasks, swarms: CALLERS, claimed: 0 })
  const { url, token } = await nextMessage(server)
  let first = 0
  const run = async (caller, load, number) => {
    caller.send({ url, token, load, count: number, first, callers: CALLERS, perSecond: OPEN_PER_SECOND })
    first += number
    return nextMessage(caller)
  }
  const caller = children.start('caller', { url, token, load: 'closed', count: 0, first: 0, callers: 0 })
  await nextMessage(caller)
  await run(caller, 'closed', count.warmup)
  const closed = []
  const open = []
  for (let round = 0; round < rounds; round += 1) {
    progress(`serve, round ${round + 1} of ${rounds}`)
    closed.push(await run(caller, 'closed', count.closed))
    open.push(await run(caller, 'open', count.open))
  }
  await children.end(caller)
  await children.end(server)
  children.remove(directory)
  return [
    {
      name: `claims over HTTP, ${CALLERS} callers`,
      unit: '/s',
      values: closed.map(({ perSecond }) => perSecond),
      latency: closed,
      goal: { atLeast: 3_000 },
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
