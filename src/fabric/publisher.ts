import type { Journal } from '../journal/journal.js'
import { assertInvariant, type FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { decodeEntry } from './entry-codec.js'
import type { PublishedEntry } from './fabric.js'

/** Entries handed to a follower at once. */
const CHUNK_ENTRIES = 256

/**
 * Gives durable entries to any number of followers. It keeps the newest ones for all of them together; a follower is
 * only a position, so a slow one costs no memory: what it missed it reads from the journal.
 */
export class Publisher {
  readonly #journal: Journal
  readonly #wakers = new Set<() => void>()
  #recent: PublishedEntry[] = []
  #recentBytes = 0
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
    for (const entry of entries) {
      this.#recent.push(entry)
      this.#recentBytes += entry.bytes.length
    }
    this.#forgetOldest()
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

  /** Half at once, so that the cost of moving the rest is spread over many entries. */
  #forgetOldest(): void {
    if (this.#recent.length <= LIMITS.recentEntries && this.#recentBytes <= LIMITS.recentBytes) return
    this.#recent = this.#recent.slice(Math.ceil(this.#recent.length / 2))
    this.#recentBytes = this.#recent.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  async *#from(position: number): AsyncGenerator<readonly PublishedEntry[]> {
    const behind = this.#size - position
    if (behind <= this.#recent.length) {
      const first = this.#recent.length - behind
      yield this.#recent.slice(first, first + CHUNK_ENTRIES)
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
