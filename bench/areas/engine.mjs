import { measureFlushes } from '../flush.mjs'

/** Claims inside the process of the fabric, each durable before it is answered. */
export async function engine({ children, rounds, scale, progress }) {
  const round = async (task) => {
    const directory = children.directory()
    const before = measureFlushes(directory)
    const result = await children.result('engine', { directory, ...task })
    const after = measureFlushes(directory)
    children.remove(directory)
    return { ...result, flush: (before.p50 + after.p50) / 2 }
  }
  const many = []
  const alone = []
  const next = []
  for (let number = 0; number < rounds; number += 1) {
    progress(`engine, round ${number + 1} of ${rounds}`)
    many.push(await round({ mode: 'claim', callers: 256, claims: 60_000 * scale, warmup: 20_000 * scale }))
    alone.push(await round({ mode: 'claim', callers: 1, claims: 2_000 * scale, warmup: 4_000 }))
    next.push(await round({ mode: 'next', callers: 256, claims: 20_000 * scale, warmup: 5_000 * scale }))
  }
  const rate = (results) => results.map(({ perSecond }) => perSecond)
  return [
    {
      name: 'durable claims, 256 callers',
      unit: '/s',
      values: rate(many),
      latency: many,
      goal: { atLeast: 40_000 },
    },
    {
      name: 'one caller alone, p50',
      unit: 'ms',
      values: alone.map(({ p50 }) => p50),
      latency: alone,
    },
    {
      name: 'one caller alone, p50 in flushes',
      unit: 'x',
      values: alone.map(({ p50, flush }) => p50 / flush),
      goal: { below: 2 },
      note: 'against the p50 of one fdatasync in the same directory, before and after the same round',
    },
    {
      name: 'next with claim on a mixed board, then complete, 256 callers',
      unit: '/s',
      values: rate(next),
      latency: next,
      note: 'p50 and p99 of next; each is followed by a complete, so the engine decides twice as many commands',
    },
  ]
}
