import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../src/model/limits.js'
import { MemoryPostingStorage } from '../../../src/witness/query/posting-storage.js'
import { runQuery } from '../../../src/witness/query/query.js'
import { type Made, MadeLog, START, someEntries, someFilter, storedBytes } from './made-log.js'

describe('a query', () => {
  test('finds what a look at every entry finds, whatever the filter and the length of a page', async () => {
    const limits = fc.integer({ min: 1, max: 8 })
    await fc.assert(
      fc.asyncProperty(someEntries, fc.array(someFilter, { maxLength: 8 }), limits, async (made, filters, limit) => {
        const log = await MadeLog.open(made, { runEntries: 8 })
        for (const filter of filters) expect(await log.find(filter, limit)).toEqual(log.scan(filter))
      }),
      { numRuns: 300 },
    )
  })

  test('finds the same when the index was closed and opened at any point', async () => {
    await fc.assert(
      fc.asyncProperty(someEntries, fc.nat(60), someFilter, async (made, at, filter) => {
        const storage = new MemoryPostingStorage()
        const whole = await MadeLog.open(made, { runEntries: 8 })
        const log = await MadeLog.open(made.slice(0, at), { storage, runEntries: 8 })
        await log.reopen(storage, { runEntries: 8 })
        for (const entry of whole.entries.slice(at)) log.add(entry)
        expect(await log.find(filter)).toEqual(await whole.find(filter))
      }),
    )
  })

  test('gives an error or the right answer, whichever byte of a stored run was changed', async () => {
    const made = Array.from({ length: 24 }, (_, index): Made => ({ subject: `T${index % 3}`, later: 1 }))
    const storage = new MemoryPostingStorage()
    const log = await MadeLog.open(made, { storage, runEntries: 8 })
    await log.postings.flush()
    const sound = await storage.read(8, 0, await storage.size(8))
    for (let at = 0; at < sound.length; at += 1) {
      const bytes = Buffer.from(sound)
      bytes[at] = (bytes[at] ?? 0) ^ 0x10
      await storage.write(8, bytes)
      const running = await log.find({ task: 'T1' }).catch((error: unknown) => error)
      if (Array.isArray(running)) expect(running).toEqual(log.scan({ task: 'T1' }))
      else expect(running).toMatchObject({ code: 'DATA_CORRUPT', message: expect.stringContaining('0008.run') })
    }
    await log.reopen(storage, { runEntries: 8 })
    expect(await log.find({ task: 'T1' })).toEqual(log.scan({ task: 'T1' }))
  })

  test('answers while entries come in', async () => {
    const log = await MadeLog.open([], { runEntries: 4 })
    const all = await MadeLog.open(Array.from({ length: 60 }, () => ({})))
    const answers: Promise<number[]>[] = []
    for (const entry of all.entries) {
      log.add(entry)
      answers.push(log.find({ task: 'A' }, 7))
      if (entry.index % 5 === 0) await Promise.resolve()
    }
    const lengths = (await Promise.all(answers)).map((found) => found.length)
    lengths.forEach((length, index) => {
      expect(length).toBeGreaterThan(index)
    })
    expect(lengths.at(-1)).toBe(60)
  })
})

describe('a page', () => {
  test('has the entries as they are stored, in log order, and says where to go on', async () => {
    const made = Array.from({ length: 20 }, (_, index) => ({ subject: index % 2 === 0 ? 'A' : 'B' }))
    const log = await MadeLog.open(made, { runEntries: 8 })
    const page = await log.query({ task: 'A' }, { from: 3, limit: 4 })
    expect(page).toMatchObject({ next: 11, size: 20, done: false })
    expect(page.entries.map(({ index }) => index)).toEqual([4, 6, 8, 10])
    for (const { index, bytes } of page.entries) {
      const entry = log.entries[index]
      expect(Buffer.from(bytes).equals(entry ? storedBytes(entry) : Buffer.of())).toBe(true)
    }
    expect(await log.query({ task: 'A' }, { from: 12, limit: 4 })).toMatchObject({ next: 19, done: false })
    expect(await log.query({ task: 'A' }, { from: 19 })).toEqual({ entries: [], next: 20, size: 20, done: true })
    expect(await log.query({ task: 'A' }, { from: 500 })).toMatchObject({ entries: [], done: true })
    expect(await (await MadeLog.open()).query({})).toEqual({ entries: [], next: 0, size: 0, done: true })
  })

  test('takes neighbours from one chunk', async () => {
    const log = await MadeLog.open(
      Array.from({ length: 64 }, () => ({})),
      { chunk: 16 },
    )
    expect((await log.query({}, { limit: 40 })).entries).toHaveLength(40)
    expect(log.reads).toEqual([0])
    log.reads.length = 0
    expect((await log.query({ task: 'A' }, { from: 8, limit: 40 })).entries).toHaveLength(40)
    expect(log.reads).toEqual([8])
  })

  test('reads entries that lie apart each by itself', async () => {
    const made = Array.from({ length: 200 }, (_, index) => ({ subject: index % 50 === 9 ? 'A' : 'B' }))
    const log = await MadeLog.open(made, { chunk: 16 })
    expect(await log.find({ task: 'A' })).toEqual([9, 59, 109, 159])
    expect(log.reads).toEqual([9, 59, 109, 159])
    expect(log.chunksRead).toBe(4)
  })

  test('ends when too much was looked at, and goes on from there', async () => {
    const count = LIMITS.queryScanEntries + 10
    const made = Array.from({ length: count }, (_, index) => ({
      data: { note: index === count - 1 ? 'needle' : 'hay' },
    }))
    const log = await MadeLog.open(made, { chunk: 4_096 })
    const first = await log.query({ text: 'NEEDLE' })
    expect(first).toEqual({ entries: [], next: LIMITS.queryScanEntries, size: count, done: false })
    const second = await log.query({ text: 'NEEDLE' }, { from: first.next })
    expect(second).toMatchObject({ entries: [{ index: count - 1 }], next: count, done: true })
  })

  test('ends when it is large, but never without an entry', async () => {
    const note = 'x'.repeat(60_000)
    const log = await MadeLog.open(Array.from({ length: 300 }, () => ({ data: { note } })))
    const page = await log.query({ text: 'xx' }, { limit: 1_000 })
    const bytes = page.entries.reduce((sum, entry) => sum + entry.bytes.length, 0)
    expect(page.entries.length).toBe(page.next)
    expect(bytes).toBeLessThanOrEqual(LIMITS.queryPageBytes)
    expect(bytes).toBeGreaterThan(LIMITS.queryPageBytes - 70_000)
    expect(await log.find({ text: 'xx' }, 1_000)).toHaveLength(300)
  })

  test('of a time is read from where that time begins', async () => {
    const made = Array.from({ length: 256 }, () => ({ later: 10 }))
    const log = await MadeLog.open(made, { runEntries: 64, chunk: 8 })
    const filter = { since: START + 1_500, until: START + 1_530 }
    expect(await log.find(filter)).toEqual([149, 150, 151])
    expect(log.reads.every((from) => from > 140)).toBe(true)
    expect(await log.find({ since: START + 10_000_000 })).toEqual([])
    expect(await log.find({ until: START })).toEqual([])
    const early = await log.query({ until: START + 25 })
    expect(early).toMatchObject({ entries: [{ index: 0 }, { index: 1 }], next: 256, size: 256, done: true })
  })

  test('is refused when the index names an entry that the log does not have', async () => {
    const log = await MadeLog.open([{}, {}])
    const read = async function* () {}
    const asked = runQuery({ postings: log.postings, read, size: 2 }, { task: 'A' }, { from: 0, limit: 5 })
    await expect(asked).rejects.toMatchObject({ code: 'DATA_CORRUPT', details: { index: 0 } })
  })
})
