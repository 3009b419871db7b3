import { describe, expect, test } from 'vitest'
import type { Chunk } from '../../../src/journal/journal.js'
import { EntryReader } from '../../../src/witness/query/entry-reader.js'

/** A log of `size` entries in chunks of 10 that notes what is read and what is still open. */
class Log {
  readonly starts: number[] = []
  chunks = 0
  open = 0
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  readonly read = (from: number): AsyncIterable<Chunk> => this.#read(from)

  async *#read(from: number): AsyncGenerator<Chunk, void> {
    this.starts.push(from)
    this.open += 1
    try {
      for (let start = from; start < this.#size; ) {
        const end = Math.min(this.#size, start - (start % 10) + 10)
        this.chunks += 1
        yield Array.from({ length: end - start }, (_, offset) => ({ index: start + offset, bytes: Buffer.of() }))
        start = end
      }
    } finally {
      this.open -= 1
    }
  }

  /** Reads the entries one by one as a query does. */
  async readAll(indexes: readonly number[]): Promise<number[]> {
    const reader = new EntryReader(this.read)
    const found: number[] = []
    try {
      for (const index of indexes) found.push((reader.cached(index) ?? (await reader.load(index))).index)
    } finally {
      await reader.close()
    }
    return found
  }
}

describe('entries', () => {
  test.each([
    ['side by side, from one read', Array.from({ length: 30 }, (_, index) => index + 5), [5], 4],
    ['far apart, each from its own chunk', [3, 33, 77, 130, 180, 250], [3, 33, 77, 130, 180, 250], 6],
    ['in pairs, each pair from one chunk', [3, 4, 33, 34, 90, 91], [3, 33, 90], 3],
    ['in the next chunk but not near, by a new read', [1, 18], [1, 18], 2],
  ])('%s', async (_, indexes, starts, chunks) => {
    const log = new Log(300)
    expect(await log.readAll(indexes)).toEqual(indexes)
    expect(log.starts).toEqual(starts)
    expect(log.chunks).toBe(chunks)
    expect(log.open).toBe(0)
  })

  test('that the log does not have are missed, and nothing stays open', async () => {
    const log = new Log(50)
    await expect(log.readAll([5, 20, 49, 60, 90])).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      details: { index: 60 },
    })
    expect(log.open).toBe(0)
  })

  test('that cannot be read fail when they are asked for', async () => {
    const failing = async function* (from: number): AsyncGenerator<Chunk, void> {
      if (from === 100) throw new Error('unreadable')
      yield [{ index: from, bytes: Buffer.of() }]
    }
    const reader = new EntryReader(failing)
    expect((await reader.load(1)).index).toBe(1)
    await expect(reader.load(100)).rejects.toThrow('unreadable')
    await reader.close()
  })
})
