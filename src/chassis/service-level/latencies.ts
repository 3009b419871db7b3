/**
 * How often runs took how long, for percentiles: a histogram as HdrHistogram has it, with buckets that grow with the
 * value. Times below 64 ms are exact; from there on every doubling has 32 buckets, so a percentile is never below the
 * true one and at most 1/32 (3.2 %) above. At most 512 buckets, however many runs.
 *
 * Pairs of bucket and count, buckets ascending, without empty ones: an immutable part of a row.
 */
export type Latencies = readonly number[]

const EXACT_MS = 64
const BUCKETS_PER_DOUBLING = 32
/** Bits of a value that its bucket keeps, without the leading one: 2 ** 5 = 32. */
const KEPT_BITS = 5
const FIRST_DOUBLING = 6
/** Seventeen minutes: a run may take ten. What is longer counts as this. */
const LONGEST_MS = 2 ** 20 - 1

/** `ms` is whole and not negative. */
export function withLatency(latencies: Latencies, ms: number): Latencies {
  const bucket = bucketOf(ms)
  let at = 0
  while (at < latencies.length && (latencies[at] as number) < bucket) at += 2
  const isKnown = latencies[at] === bucket
  const count = isKnown ? (latencies[at + 1] as number) + 1 : 1
  return [...latencies.slice(0, at), bucket, count, ...latencies.slice(isKnown ? at + 2 : at)]
}

export function mergeLatencies(all: Iterable<Latencies>): Latencies {
  const counts = new Map<number, number>()
  for (const latencies of all) {
    for (let at = 0; at < latencies.length; at += 2) {
      const bucket = latencies[at] as number
      counts.set(bucket, (counts.get(bucket) ?? 0) + (latencies[at + 1] as number))
    }
  }
  return [...counts].sort(([a], [b]) => a - b).flat()
}

/** The time within which `percent` of the runs ended (nearest rank), milliseconds; undefined without runs. */
export function percentileOf(latencies: Latencies, percent: number): number | undefined {
  let runs = 0
  for (let at = 1; at < latencies.length; at += 2) runs += latencies[at] as number
  let left = rankOf(runs, percent)
  for (let at = 0; at < latencies.length; at += 2) {
    left -= latencies[at + 1] as number
    if (left <= 0) return longestOf(latencies[at] as number)
  }
  return undefined
}

/** The same of times that are known one by one. */
export function exactPercentile(times: readonly number[], percent: number): number | undefined {
  return times.toSorted((a, b) => a - b)[rankOf(times.length, percent) - 1]
}

/** Which value of so many, from 1, is the percentile by nearest rank. */
function rankOf(values: number, percent: number): number {
  return Math.ceil((values * percent) / 100)
}

function bucketOf(ms: number): number {
  const value = Math.min(ms, LONGEST_MS)
  if (value < EXACT_MS) return value
  const doubling = 31 - Math.clz32(value)
  const part = (value >> (doubling - KEPT_BITS)) - BUCKETS_PER_DOUBLING
  return EXACT_MS + (doubling - FIRST_DOUBLING) * BUCKETS_PER_DOUBLING + part
}

/** The longest time that falls into a bucket. */
function longestOf(bucket: number): number {
  if (bucket < EXACT_MS) return bucket
  const doubling = FIRST_DOUBLING + Math.floor((bucket - EXACT_MS) / BUCKETS_PER_DOUBLING)
  const part = BUCKETS_PER_DOUBLING + ((bucket - EXACT_MS) % BUCKETS_PER_DOUBLING)
  return ((part + 1) << (doubling - KEPT_BITS)) - 1
}
