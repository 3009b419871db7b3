import type { Timing } from '../model/time.js'

export type { Timing } from '../model/time.js'

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
