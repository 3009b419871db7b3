import type { Journal } from '../journal/journal.js'
import { assertInvariant, type FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { decodeEntry } from './entry-codec.js'
import type { Following, PublishedEntry } from './fabric.js'
import { type Followed, Follower, type Stretch } from './follower.js'
import { type EntryInterest, isInterested, Wakers } from './interest.js'
import { RecentIndex } from './recent-index.js'

/** Entries handed to a follower at once, and their bytes: a larger one stands alone. */
const CHUNK_ENTRIES = 256
const CHUNK_BYTES = 256 * 1024

/**
 * Gives durable entries to any number of followers. It keeps the newest ones for all of them together; a follower is
 * only a position, so a slow one costs no memory: what it missed it reads from the journal.
 */
export class Publisher implements Followed {
  readonly wakers = new Wakers()
  readonly #journal: Journal
  #recent: PublishedEntry[] = []
  readonly #index = new RecentIndex()
  #recentBytes = 0
  #size: number
  #followers = 0
  #closed = false
  #failure: FabricError | undefined

  constructor(journal: Journal, size: number) {
    this.#journal = journal
    this.#size = size
  }

  get size(): number {
    return this.#size
  }

  get closed(): boolean {
    return this.#closed
  }

  get failure(): FabricError | undefined {
    return this.#failure
  }

  get followers(): number {
    return this.#followers
  }

  count(change: 1 | -1): void {
    this.#followers += change
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
    this.wakers.wake(entries)
  }

  follow(signal: AbortSignal, from = this.#size, interest?: EntryInterest): Following {
    return new Follower(this, signal, from, interest)
  }

  /** Ends every follower; with the reason, where there is one. */
  close(failure?: FabricError): void {
    this.#failure = failure
    this.#closed = true
    this.wakers.wakeAll(this.#size)
  }

  /** Half at once, so that the cost of moving the rest is spread over many entries. */
  #forgetOldest(): void {
    if (this.#recent.length <= LIMITS.recentEntries && this.#recentBytes <= LIMITS.recentBytes) return
    this.#recent = this.#recent.slice(Math.ceil(this.#recent.length / 2))
    this.#recentBytes = this.#recent.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  async *from(position: number, interest: EntryInterest | undefined): AsyncGenerator<Stretch> {
    if (this.#size - position <= this.#recent.length) {
      yield this.#recentFrom(position, interest)
      return
    }
    const until = this.#size
    for await (const chunk of this.#journal.read(position)) {
      const durable = chunk.filter(({ index }) => index < until)
      const last = durable.at(-1)
      if (last !== undefined) {
        const entries = durable.map(({ index, bytes }) => ({ ...decodeEntry(index, bytes), bytes }))
        yield { entries: wantedOf(entries, interest), next: last.index + 1 }
      }
      if (durable.length < chunk.length) return
    }
  }

  #recentFrom(position: number, interest: EntryInterest | undefined): Stretch {
    const first = this.#size - this.#recent.length
    const found = interest && this.#index.find(this.#recent, first, interest)
    if (found === undefined) {
      const entries = chunkOf(this.#recent, position - first)
      return { entries: wantedOf(entries, interest), next: position + entries.length }
    }
    const candidates = found.flatMap((index) => (index < position ? [] : (this.#recent[index - first] ?? [])))
    const wanted = wantedOf(candidates, interest)
    const entries = chunkOf(wanted, 0)
    const isAll = entries.length === wanted.length
    return { entries, next: isAll ? this.#size : (entries.at(-1)?.index ?? position) + 1 }
  }
}

function wantedOf(entries: readonly PublishedEntry[], interest: EntryInterest | undefined) {
  return interest === undefined ? entries : entries.filter((entry) => isInterested(interest, entry))
}

function chunkOf(entries: readonly PublishedEntry[], first: number): readonly PublishedEntry[] {
  let end = first
  let bytes = 0
  while (end < entries.length && end - first < CHUNK_ENTRIES) {
    bytes += entries[end]?.bytes.length ?? 0
    if (end > first && bytes > CHUNK_BYTES) break
    end += 1
  }
  return entries.slice(first, end)
}
