import type { Clock } from '../model/time.js'

/** The clock together with the one kind of timer the fabric uses; injected, so tests decide when time passes. */
export interface Timing extends Clock {
  /** Milliseconds since some fixed moment; unlike `now`, never set back or forward by anybody. */
  elapsed(): number

  /** Calls `callback` once when `delayMs` have passed; returns a function that prevents it. */
  after(delayMs: number, callback: () => void): () => void
}

/** setTimeout treats a longer delay as none at all. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** The machine's clock. Its timers keep no process alive. */
export const systemTiming: Timing = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_DELAY_MS))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
