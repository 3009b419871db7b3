import { checkBatch, checkIndex, checkSnapshot } from '../check.js'
import { followGrowth, Growth } from '../growth.js'
import type { Batch, Chunk, Head, Journal, JournalHealth, Snapshot, StoredEntry } from '../journal.js'
import { closed, fenced } from '../refusal.js'

const CHUNK_ENTRIES = 1_024

interface KeptSnapshot {
  readonly size: number
  readonly version: number
  readonly chunks: readonly Uint8Array[]
}

/**
 * A journal in the memory of this process, for tests and throw-away fabrics. It keeps its entries while closed, so that
 * `close` and `open` play a restart.
 */
export class MemoryJournal implements Journal {
  readonly #entries: StoredEntry[] = []
  #bytes = 0
  #lastBatch: Head['lastBatch']
  #snapshots: readonly KeptSnapshot[] = []
  #growth: Growth | undefined

  async open(): Promise<Head> {
    this.#growth ??= new Growth()
    return this.#head()
  }

  async append(expectedSize: number, batch: Batch): Promise<void> {
    const growth = this.#opened()
    checkIndex(expectedSize, 'expectedSize')
    checkBatch(batch)
    const size = this.#entries.length
    if (expectedSize !== size) throw fenced(expectedSize, size)
    for (const entry of batch.entries) {
      this.#entries.push({ index: this.#entries.length, bytes: Uint8Array.from(entry) })
      this.#bytes += entry.length
    }
    this.#lastBatch = { writerId: batch.writerId, batchId: batch.batchId }
    growth.announce()
  }

  async head(): Promise<Head> {
    this.#opened()
    return this.#head()
  }

  read(from: number): AsyncIterable<Chunk> {
    checkIndex(from, 'from')
    this.#opened()
    return this.#chunks(from, this.#entries.length)
  }

  follow(from: number, signal: AbortSignal): AsyncIterable<Chunk> {
    checkIndex(from, 'from')
    return followGrowth(this, this.#opened(), () => this.#entries.length, from, signal)
  }

  async putSnapshot(snapshot: Snapshot): Promise<void> {
    this.#opened()
    checkSnapshot(snapshot, this.#entries.length)
    const chunks: Uint8Array[] = []
    for await (const chunk of snapshot.chunks) chunks.push(Uint8Array.from(chunk))
    const others = this.#snapshots.filter((kept) => kept.size !== snapshot.size)
    const kept = [...others, { size: snapshot.size, version: snapshot.version, chunks }]
    this.#snapshots = kept.sort((a, b) => b.size - a.size).slice(0, 2)
  }

  async latestSnapshot(maxSize: number): Promise<Snapshot | undefined> {
    this.#opened()
    const found = this.#snapshots.find((kept) => kept.size <= maxSize)
    return found && { size: found.size, version: found.version, chunks: iterate(found.chunks) }
  }

  health(): JournalHealth {
    return {
      driver: 'memory',
      state: this.#growth === undefined ? 'closed' : 'open',
      durability: 'none',
      entries: this.#entries.length,
      bytes: this.#bytes,
    }
  }

  async close(): Promise<void> {
    this.#growth?.end(closed())
    this.#growth = undefined
  }

  #head(): Head {
    const size = this.#entries.length
    return this.#lastBatch === undefined ? { size } : { size, lastBatch: this.#lastBatch }
  }

  #opened(): Growth {
    if (this.#growth === undefined) throw closed()
    return this.#growth
  }

  async *#chunks(from: number, end: number): AsyncGenerator<Chunk, void> {
    for (let start = from; start < end; start += CHUNK_ENTRIES) {
      yield this.#entries.slice(start, Math.min(start + CHUNK_ENTRIES, end))
    }
  }
}

async function* iterate(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* chunks
}
