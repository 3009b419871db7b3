import type { Timing } from '../fabric/timing.js'

/** Resolves when the time has passed, or at once when `signal` aborts. */
export function pause(ms: number, timing: Timing, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      cancelTimer()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancelTimer = timing.after(ms, end)
    signal.addEventListener('abort', end, { once: true })
  })
}
