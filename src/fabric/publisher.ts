import type { Journal } from '../journal/journal.js'
import { assertInvariant, type FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { decodeEntry } from './entry-codec.js'
import type { PublishedEntry } from './fabric.js'

/**
 * Gives durable entries to any number of followers. It keeps the newest ones for all of them together; a follower is
 * only a position, so a slow one costs no memory: what it missed it reads from the journal.
 */
export class Publisher {
  readonly #journal: Journal
  readonly #wakers = new Set<() => void>()
  #recent: PublishedEntry[] = []
  #size: number
  #followers = 0
  #closed = false
  #failure: FabricError | undefined

  constructor(journal: Journal, size: number) {
    this.#journal = journal
    this.#size = size
  }

  /** Entries published so far, all durable. */
  get size(): number {
    return this.#size
  }

  get followers(): number {
    return this.#followers
  }

  publish(entries: readonly PublishedEntry[]): void {
    const first = entries[0]
    if (first === undefined) return
    assertInvariant(first.index === this.#size, `entry ${first.index} is published at ${this.#size}`)
    for (const entry of entries) this.#recent.push(entry)
    if (this.#recent.length > 2 * LIMITS.recentEntries) this.#recent = this.#recent.slice(-LIMITS.recentEntries)
    this.#size += entries.length
    this.#wakeAll()
  }

  async *follow(signal: AbortSignal, from = this.#size): AsyncGenerator<readonly PublishedEntry[]> {
    this.#followers += 1
    try {
      let position = from
      while (!signal.aborted && !this.#closed) {
        if (position >= this.#size) {
          await this.#more(signal)
          continue
        }
        for await (const chunk of this.#from(position)) {
          yield chunk
          position += chunk.length
          if (signal.aborted || this.#closed) break
        }
      }
      if (this.#failure !== undefined) throw this.#failure
    } finally {
      this.#followers -= 1
    }
  }

  /** Ends every follower; with the reason, where there is one. */
  close(failure?: FabricError): void {
    this.#failure = failure
    this.#closed = true
    this.#wakeAll()
  }

  async *#from(position: number): AsyncGenerator<readonly PublishedEntry[]> {
    const behind = this.#size - position
    if (behind <= this.#recent.length) {
      yield this.#recent.slice(-behind)
      return
    }
    const until = this.#size
    for await (const chunk of this.#journal.read(position)) {
      const durable = chunk.filter(({ index }) => index < until)
      if (durable.length > 0) yield durable.map(({ index, bytes }) => ({ ...decodeEntry(index, bytes), bytes }))
      if (durable.length < chunk.length) return
    }
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wakers.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#wakers.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  #wakeAll(): void {
    for (const wake of [...this.#wakers]) wake()
  }
}
