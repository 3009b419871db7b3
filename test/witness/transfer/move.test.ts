import { beforeEach, describe, expect, test } from 'vitest'
import type { Batch, Chunk } from '../../../src/journal/journal.js'
import { MemoryJournal } from '../../../src/journal/memory/memory-journal.js'
import { LIMITS } from '../../../src/model/limits.js'
import { FaultyJournal } from '../../../src/testing/faulty-journal.js'
import { type CopyTarget, copyEntries } from '../../../src/witness/transfer/copy.js'
import {
  bundleEntries,
  hashEntries,
  journalEntries,
  type LogEntries,
} from '../../../src/witness/transfer/log-entries.js'
import { moveLog } from '../../../src/witness/transfer/move.js'
import { TileStream } from '../../../src/witness/verify/tile-stream.js'
import { entriesOf, memoryLog } from '../verify/logs.js'

let journal: MemoryJournal
beforeEach(async () => {
  journal = new MemoryJournal()
  await journal.open()
})

/** A log in memory, in chunks of seven entries. */
function logOf(entries: readonly Uint8Array[]): LogEntries {
  async function* read(from: number): AsyncGenerator<Chunk> {
    for (let first = from; first < entries.length; first += 7) {
      yield entries.slice(first, first + 7).map((bytes, at) => ({ index: first + at, bytes }))
    }
  }
  return { describe: 'source', size: entries.length, read }
}

function targetOf(into: CopyTarget['journal'] = journal): CopyTarget & { begun: number } {
  return {
    describe: 'target',
    journal: into,
    begun: 0,
    async begin() {
      this.begun += 1
    },
  }
}

async function contentOf(from: Pick<MemoryJournal, 'read'>): Promise<string[]> {
  const texts: string[] = []
  for await (const chunk of from.read(0)) texts.push(...chunk.map(({ bytes }) => Buffer.from(bytes).toString()))
  return texts
}

const texts = (entries: readonly Buffer[]) => entries.map(String)

function rootOf(entries: readonly Uint8Array[]): Buffer {
  const stream = new TileStream()
  for (const entry of entries) stream.append(entry)
  return stream.root()
}

const batchOf = (...entries: Uint8Array[]): Batch => ({ writerId: 'other', batchId: 'x', entries })

describe('copying entries', () => {
  const entries = entriesOf(300)

  test('appends all to an empty target, and nothing to one that has them', async () => {
    const target = targetOf()
    expect(await copyEntries(logOf(entries), target)).toEqual({ kept: 0, copied: 300 })
    expect(await contentOf(journal)).toEqual(texts(entries))
    expect(target.begun).toBe(1)
    expect(await copyEntries(logOf(entries), target)).toEqual({ kept: 300, copied: 0 })
    expect(target.begun).toBe(1)
  })

  test('writes batches that every engine takes', async () => {
    const sizes: number[] = []
    const watched = Object.assign(Object.create(journal), {
      head: () => journal.head(),
      read: (from: number) => journal.read(from),
      append: (size: number, batch: Batch) => {
        sizes.push(batch.entries.reduce((sum, { length }) => sum + length, 0))
        return journal.append(size, batch)
      },
    })
    const large = Array.from({ length: 40 }, (_, at) => Buffer.alloc(LIMITS.entryBytes, at))
    expect(await copyEntries(logOf(large), targetOf(watched))).toEqual({ kept: 0, copied: 40 })
    expect(Math.max(...sizes)).toBeLessThanOrEqual(LIMITS.batchBytes)
    expect(sizes.length).toBe(5)
  })

  test('refuses a target that is no beginning of the source, and leaves it as it is', async () => {
    const target = targetOf()
    await journal.append(0, batchOf(...entries.slice(0, 20), Buffer.from('another')))
    await expect(copyEntries(logOf(entries), target)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('something else as entry 20'),
    })
    await expect(copyEntries(logOf(entries.slice(0, 5)), target)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await journal.head()).size).toBe(21)
    expect(target.begun).toBe(0)
  })

  test('settles a lost acknowledgement by the head, whether the batch was written or not', async () => {
    const faulty = new FaultyJournal(journal)
    faulty.loseNextAcknowledgement()
    expect(await copyEntries(logOf(entries.slice(0, 10)), targetOf(faulty))).toEqual({ kept: 0, copied: 10 })
    faulty.loseNextAppend()
    expect(await copyEntries(logOf(entries), targetOf(faulty))).toEqual({ kept: 10, copied: 290 })
    expect(await contentOf(journal)).toEqual(texts(entries))
    faulty.loseNextAppend()
    faulty.loseNextAppend()
    faulty.loseNextAppend()
    const more = [...entries, Buffer.from('more')]
    await expect(copyEntries(logOf(more), targetOf(faulty))).rejects.toMatchObject({ code: 'AMBIGUOUS' })
  })

  test('stops when another process writes to the target', async () => {
    const faulty = new FaultyJournal(journal)
    faulty.fenceNextAppend(batchOf(Buffer.from('theirs')))
    await expect(copyEntries(logOf(entries), targetOf(faulty))).rejects.toMatchObject({ code: 'DATA_LOCKED' })
    expect(await contentOf(journal)).toEqual(['theirs'])
  })
})

describe('moving a log', () => {
  const entries = entriesOf(600)
  const heads = [{ describe: 'data', size: 513, root: rootOf(entries.slice(0, 513)) }]

  test('gives the root that both have, and the heads that they extend', async () => {
    const moved = await moveLog(logOf(entries), targetOf(), heads)
    expect(moved).toEqual({ size: 600, kept: 0, copied: 600, root: rootOf(entries), heads: [513] })
  })

  test('writes nothing when the source does not extend what was signed', async () => {
    const [head] = heads
    const others = entries.with(512, Buffer.from('changed'))
    await expect(moveLog(logOf(others), targetOf(), heads)).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    await expect(moveLog(logOf(entries.slice(0, 400)), targetOf(), heads)).rejects.toMatchObject({
      code: 'LOG_DIVERGED',
      details: { signedSize: head?.size, size: 400 },
    })
    expect((await journal.head()).size).toBe(0)
  })

  test.each([
    ['changed an entry', (chunk: Chunk) => chunk.map((e) => (e.index === 599 ? { ...e, bytes: Buffer.from('x') } : e))],
    ['lost the last entry', (chunk: Chunk) => chunk.filter(({ index }) => index < 599)],
  ])('does not take a target for good that %s', async (_, change) => {
    let opened = 0
    // Once it is opened again, it gives something else than what was written.
    const lossy = Object.assign(Object.create(journal), {
      open: async () => {
        opened += 1
        return journal.open()
      },
      close: () => journal.close(),
      head: () => journal.head(),
      append: (size: number, batch: Batch) => journal.append(size, batch),
      read: async function* (from: number) {
        for await (const chunk of journal.read(from)) yield opened === 0 ? chunk : change(chunk)
      },
    })
    await expect(moveLog(logOf(entries), targetOf(lossy), heads)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    expect(opened).toBe(1)
  })
})

describe('entries of a log', () => {
  const entries = entriesOf(600)

  test('are the first ones of a journal that goes on', async () => {
    await journal.append(0, batchOf(...entries))
    for (const size of [0, 1, 256, 599, 600]) {
      const log = journalEntries('journal', journal, size)
      expect((await hashEntries(log, [])).get(size)).toEqual(rootOf(entries.slice(0, size)))
      expect(await contentOf(log)).toEqual(texts(entries.slice(0, size)))
    }
  })

  test('come from bundles, from any index on', async () => {
    const log = bundleEntries(await memoryLog({ entries }), 600)
    expect((await hashEntries(log, [300])).get(300)).toEqual(rootOf(entries.slice(0, 300)))
    for (const from of [0, 1, 255, 256, 511, 599, 600]) {
      const found = await contentOf({ read: () => log.read(from) })
      expect(found).toEqual(texts(entries.slice(from)))
    }
    const short = await memoryLog({ entries: entries.slice(0, 512) })
    const lacking = hashEntries(bundleEntries(short, 600), [])
    await expect(lacking).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
  })
})
