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
  const meanwhile = []
  const alone = []
  const next = []
  for (let number = 0; number < rounds; number += 1) {
    progress(`engine, round ${number + 1} of ${rounds}`)
    const crowd = { mode: 'claim', callers: 256, claims: 50_000 * scale, warmup: 20_000 * scale }
    many.push(await round({ ...crowd, snapshotEvery: Number.POSITIVE_INFINITY }))
    if (number < 3) meanwhile.push(await round({ ...crowd, snapshotEvery: 90_000 * scale }))
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
      name: 'the same while a snapshot is taken',
      unit: '/s',
      values: rate(meanwhile),
      latency: meanwhile,
      note: `one snapshot of ${(70_000 * scale).toLocaleString('en-US')} tasks within ${(50_000 * scale).toLocaleString('en-US')} claims; by default there is one in 100,000 entries`,
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
