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
    return this.#chunk[index - this.#first]
  }

  /** Throws DATA_CORRUPT when the log ends before this entry. */
  async load(index: number): Promise<StoredEntry> {
    const behind = this.#first + this.#chunk.length
    // Probably in the next chunk: to read on costs less than to start anew.
    const near = this.#reading !== undefined && index >= behind && index < behind + this.#chunk.length
    if (!near) await this.#start(index)
    for (let found = this.cached(index); ; found = this.cached(index)) {
      if (found !== undefined) return found
      const { done, value } = (await this.#reading?.next()) ?? { done: true }
      if (done === true) throw missing(index)
      this.#chunk = value
    }
  }

  async close(): Promise<void> {
    await this.#reading?.return?.()
    this.#reading = undefined
    this.#chunk = []
  }

  get #first(): number {
    return this.#chunk[0]?.index ?? 0
  }

  async #start(index: number): Promise<void> {
    await this.close()
    this.#reading = this.#read(index)[Symbol.asyncIterator]()
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
