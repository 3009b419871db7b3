import type { Chunk } from '../../journal/journal.js'
import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'

/** Takes entries from a stream of chunks, as many at a time as are wanted. */
export class EntryCursor {
  /** Index of the entry that comes next. */
  next: number
  readonly #chunks: AsyncIterator<Chunk>
  #chunk: Chunk = []
  #position = 0

  constructor(chunks: AsyncIterable<Chunk>, first: number) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.next = first
  }

  async take(count: number): Promise<readonly Uint8Array[]> {
    const taken: Uint8Array[] = []
    while (taken.length < count) {
      const entry = this.#chunk[this.#position]
      if (entry === undefined) await this.#advance()
      else taken.push(this.#check(entry.bytes))
    }
    return taken
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #advance(): Promise<void> {
    const { value, done } = await this.#chunks.next()
    if (done === true) {
      throw new FabricError('DATA_CORRUPT', `The log ends before entry ${this.next}.`, { index: this.next })
    }
    this.#chunk = value
    this.#position = 0
  }

  #check(bytes: Uint8Array): Uint8Array {
    if (bytes.length > LIMITS.entryBytes) {
      const message = `Entry ${this.next} has ${bytes.length} bytes; at most ${LIMITS.entryBytes} are allowed.`
      throw new FabricError('DATA_CORRUPT', message, { index: this.next, bytes: bytes.length })
    }
    this.#position += 1
    this.next += 1
    return bytes
  }
}
