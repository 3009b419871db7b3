import type { FabricError } from '../model/errors.js'

const BASE_MS = 50
const LONGEST_MS = 2_000
const LONGEST_ASKED_MS = 60_000

/** Exponential backoff with full jitter: callers that failed together do not come back together. */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  return Math.min(LONGEST_MS, BASE_MS * 2 ** attempt) * random()
}

/** How long the server asked to wait, where an error of its says so. */
export function askedPauseMs({ details }: FabricError): number {
  const { retryAfterMs } = details
  return typeof retryAfterMs === 'number' && retryAfterMs > 0 ? Math.min(retryAfterMs, LONGEST_ASKED_MS) : 0
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })
}
