import type { Timing } from './timing.js'

/**
 * The clock, unless it is behind the log: somebody set it back, or an earlier start had it wrong. Then time goes on from
 * the last entry as fast as it really passes, so that leases and backoffs still end.
 */
export class LogClock {
  readonly #timing: Timing
  /** When the time of the last entry was seen first. */
  #anchor = { at: Number.NaN, elapsed: 0 }

  constructor(timing: Timing) {
    this.#timing = timing
  }

  /** Milliseconds since the Unix epoch; never before `lastAt`, the time of the last entry. */
  now(lastAt: number): number {
    const timing = this.#timing
    if (this.#anchor.at !== lastAt) this.#anchor = { at: lastAt, elapsed: timing.elapsed() }
    return Math.max(timing.now(), Math.floor(lastAt + timing.elapsed() - this.#anchor.elapsed))
  }
}
