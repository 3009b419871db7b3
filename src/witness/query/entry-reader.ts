import type { Chunk, StoredEntry } from '../../journal/journal.js'
import { FabricError } from '../../model/errors.js'

/** Reads single entries of a log in rising order; neighbours come from the chunk that was read last. */
export class EntryReader {
  readonly #read: (from: number) => AsyncIterable<Chunk>
  #chunk: Chunk = []
  #reading: AsyncIterator<Chunk> | undefined

  constructor(read: (from: number) => AsyncIterable<Chunk>) {
    this.#read = read
  }

  /** The entry, where it is in memory. */
  cached(index: number): StoredEntry | undefined {
    return this.#chunk[index - (this.#chunk[0]?.index ?? 0)]
  }

  /** Throws DATA_CORRUPT when the log ends before this entry. */
  async load(index: number): Promise<StoredEntry> {
    if (this.#isNear(index)) await this.#readOn()
    if (this.cached(index) === undefined) {
      await this.close()
      this.#reading = this.#read(index)[Symbol.asyncIterator]()
      await this.#readOn()
    }
    const entry = this.cached(index)
    if (entry === undefined) throw missing(index)
    return entry
  }

  async close(): Promise<void> {
    await this.#reading?.return?.()
    this.#reading = undefined
    this.#chunk = []
  }

  /** Almost certainly in the next chunk. To start anew costs little, and a chunk that is read in vain costs most. */
  #isNear(index: number): boolean {
    const last = this.#chunk.at(-1)
    return last !== undefined && index > last.index && index - last.index <= Math.max(1, this.#chunk.length / 8)
  }

  async #readOn(): Promise<void> {
    const { done, value } = (await this.#reading?.next()) ?? { done: true }
    this.#chunk = done === true ? [] : value
  }
}

function missing(index: number): FabricError {
  return new FabricError(
    'DATA_CORRUPT',
    `The log ends before entry ${index}, which it had. Restore it from a backup.`,
    {
      index,
    },
  )
}
