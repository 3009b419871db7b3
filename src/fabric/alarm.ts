import type { Timing } from './timing.js'

/** A tick that was refused is due at once again; without a pause the timer would spin. */
const FAILED_TICK_PAUSE_MS = 1_000

/** One timer for whatever is due first. An alarm that is set for no time costs nothing. */
export class Alarm {
  readonly #timing: Timing
  readonly #ring: () => Promise<unknown>
  readonly #report: (error: unknown) => void
  #cancel: (() => void) | undefined
  #at = Number.POSITIVE_INFINITY
  #pauseMs = 0

  constructor(timing: Timing, ring: () => Promise<unknown>, report: (error: unknown) => void) {
    this.#timing = timing
    this.#ring = ring
    this.#report = report
  }

  /** Rings at time `at`, which replaces the time set before. Both in milliseconds since the Unix epoch. */
  set(at: number, now: number): void {
    if (at === this.#at) return
    this.cancel()
    this.#at = at
    if (at === Number.POSITIVE_INFINITY) return
    this.#cancel = this.#timing.after(Math.max(at - now, this.#pauseMs), () => {
      this.#at = Number.POSITIVE_INFINITY
      this.#ring().then(
        () => {
          this.#pauseMs = 0
        },
        (error) => {
          this.#pauseMs = FAILED_TICK_PAUSE_MS
          this.#report(error)
        },
      )
    })
  }

  cancel(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#at = Number.POSITIVE_INFINITY
  }
}
