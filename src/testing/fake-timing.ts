import type { Timing } from '../fabric/timing.js'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** A clock that stands still until the test moves it. Timers fire in the order of their times. */
export class FakeTiming implements Timing {
  #now: number
  readonly #timers = new Set<Timer>()

  /** Starts at 2026-01-01T00:00:00Z unless told otherwise. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size
  }

  /** When the next timer fires. */
  get nextAt(): number | undefined {
    return this.#earliest(Number.POSITIVE_INFINITY)?.at
  }

  now(): number {
    return this.#now
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Lets time pass, firing what is due on the way at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#earliest(end); next !== undefined; next = this.#earliest(end)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    this.#now = end
  }

  /** Moves the clock without firing anything, as a correction of the machine's time does. */
  jump(ms: number): void {
    this.#now += ms
  }

  #earliest(end: number): Timer | undefined {
    let earliest: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at <= end && (earliest === undefined || timer.at < earliest.at)) earliest = timer
    }
    return earliest
  }
}
