import type { MembershipView } from './membership.js'

/** Those who want to know of each change of who is there and who leads. */
export class ViewChanges {
  readonly #listeners = new Set<(view: MembershipView) => void>()

  /** Calls `listener` after each change. Returns what ends it. */
  on(listener: (view: MembershipView) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  tell(view: MembershipView): void {
    for (const listener of [...this.#listeners]) listener(view)
  }

  /** Resolves after the next change, after `ms` milliseconds, or when `signal` aborts. */
  next(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        stop()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      const stop = this.on(done)
      signal.addEventListener('abort', done, { once: true })
      if (signal.aborted) done()
    })
  }
}
