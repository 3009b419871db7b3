import type { Timing } from '../fabric/timing.js'

interface Timer {
  /** On the scale of `elapsed`. */
  readonly due: number
  readonly callback: () => void
}

/** A clock that stands still until the test moves it. Timers fire in the order of their times. */
export class FakeTiming implements Timing {
  #now: number
  #elapsed = 0
  readonly #timers = new Set<Timer>()

  /** Starts at 2026-01-01T00:00:00Z unless told otherwise. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size
  }

  /** Milliseconds until the next timer fires. */
  get untilNext(): number | undefined {
    const next = this.#earliest(Number.POSITIVE_INFINITY)
    return next === undefined ? undefined : next.due - this.#elapsed
  }

  now(): number {
    return this.#now
  }

  elapsed(): number {
    return this.#elapsed
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { due: this.#elapsed + Math.max(0, delayMs), callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Lets time pass, firing what is due on the way at its own time. */
  advance(ms: number): void {
    const end = this.#elapsed + ms
    for (let next = this.#earliest(end); next !== undefined; next = this.#earliest(end)) {
      this.#timers.delete(next)
      this.#pass(next.due - this.#elapsed)
      next.callback()
    }
    this.#pass(end - this.#elapsed)
  }

  /** Sets the clock forward or back, as a correction of the machine's time does; no time passes by that. */
  jump(ms: number): void {
    this.#now += ms
  }

  #pass(ms: number): void {
    this.#elapsed += ms
    this.#now += ms
  }

  #earliest(end: number): Timer | undefined {
    let earliest: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.due <= end && (earliest === undefined || timer.due < earliest.due)) earliest = timer
    }
    return earliest
  }
}
