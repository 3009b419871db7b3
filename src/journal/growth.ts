import type { Chunk, Journal } from './journal.js'

/** Wakes whoever waits for the log to grow. One per open journal. */
export class Growth {
  readonly #waiting = new Set<() => void>()
  #ended: Error | undefined

  /** Tells every waiter that there are new durable entries. */
  announce(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  /** Wakes every waiter for the last time; from now on `next` throws `reason`. */
  end(reason: Error): void {
    this.#ended = reason
    this.announce()
  }

  /** Resolves at the next announcement or when `signal` aborts. Throws the reason once the growth has ended. */
  async next(signal: AbortSignal): Promise<void> {
    if (this.#ended === undefined && !signal.aborted) await this.#announcement(signal)
    if (this.#ended !== undefined && !signal.aborted) throw this.#ended
  }

  #announcement(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', abandon)
        resolve()
      }
      const abandon = () => {
        this.#waiting.delete(wake)
        resolve()
      }
      signal.addEventListener('abort', abandon, { once: true })
      this.#waiting.add(wake)
    })
  }
}

/** Follows a journal of this process: reads to the end, then waits for growth. `size` is the durable size now. */
export async function* followGrowth(
  journal: Pick<Journal, 'read'>,
  growth: Growth,
  size: () => number,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Chunk, void> {
  let next = from
  while (!signal.aborted) {
    // Without an await between the comparison and the wait, no announcement can slip through.
    if (size() <= next) {
      await growth.next(signal)
      continue
    }
    for await (const chunk of journal.read(next)) {
      if (signal.aborted) return
      yield chunk
      next += chunk.length
    }
  }
}
