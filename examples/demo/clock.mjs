/**
 * Milliseconds, with fractions, on the monotonic clock that all processes of one machine share: times that two
 * processes took can be subtracted.
 */
export function sharedMs() {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Nearest-rank percentile; undefined without samples. */
function percentile(samples, percent) {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]
}

/** `p50 1.2 ms, p99 3.4 ms of 40`. */
export function latencyText(samples) {
  if (samples.length === 0) return 'no samples'
  const [p50, p99] = [50, 99].map((percent) => percentile(samples, percent).toFixed(1))
  return `p50 ${p50} ms, p99 ${p99} ms of ${samples.length}`
}
