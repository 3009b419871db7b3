import { build } from 'hdr-histogram-js'

/** Latencies in milliseconds, kept to the microsecond in an HDR histogram. */
export class Latencies {
  #histogram = build({ numberOfSignificantValueDigits: 3 })

  record(ms) {
    this.#histogram.recordValue(Math.max(0, Math.round(ms * 1_000)))
  }

  summary() {
    const at = (percent) => this.#histogram.getValueAtPercentile(percent) / 1_000
    return { count: this.#histogram.totalCount, p50: at(50), p99: at(99), max: this.#histogram.maxValue / 1_000 }
  }
}

/** Milliseconds on the monotonic clock that all processes of one machine share. */
export function sharedMs() {
  return Number(process.hrtime.bigint()) / 1e6
}
