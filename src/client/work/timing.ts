/** Time as a worker sees it; injected, so that tests decide when it passes. */
export interface WorkTiming {
  /** Milliseconds since some fixed moment; never set back or forward by anybody. */
  elapsed(): number
  /** Calls `callback` once when `delayMs` have passed; returns a function that prevents it. */
  after(delayMs: number, callback: () => void): () => void
}

export const systemTiming: WorkTiming = {
  elapsed: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

const FIRST_PAUSE_MS = 200

/** Exponential, and spread over the upper half of its length: workers that failed together do not come back together. */
export function backoffMs(attempt: number, longestMs: number, random: () => number = Math.random): number {
  return Math.min(longestMs, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 20)) * (0.5 + random() / 2)
}

/** Counts that something happened and wakes who waits for it. Look at `count`, then at the facts, then wait: nothing is missed. */
export class Bell {
  #count = 0
  readonly #listeners = new Set<() => void>()

  get count(): number {
    return this.#count
  }

  ring(): void {
    this.#count += 1
    for (const wake of this.#listeners) wake()
  }

  /** Resolves when it has rung since `count`, when `signal` aborts, or after `timeoutMs`. */
  async since(count: number, timing: WorkTiming, signal: AbortSignal, timeoutMs?: number): Promise<void> {
    if (this.#count !== count || signal.aborted) return
    await new Promise<void>((resolve) => {
      const done = () => {
        cancel?.()
        this.#listeners.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = timeoutMs === undefined ? undefined : timing.after(timeoutMs, done)
      this.#listeners.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function rest(ms: number, timing: WorkTiming, signal: AbortSignal): Promise<void> {
  const bell = new Bell()
  return bell.since(bell.count, timing, signal, ms)
}

/** What `promise` gives, or `otherwise` once `signal` aborts. */
export async function orAt<Result>(promise: Promise<Result>, signal: AbortSignal, otherwise: Result): Promise<Result> {
  let end = () => {}
  const aborted = new Promise<Result>((resolve) => {
    end = () => resolve(otherwise)
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
