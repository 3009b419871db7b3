import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Batch, Chunk, Journal, Snapshot } from '../../src/journal/journal.js'
import { LIMITS } from '../../src/model/limits.js'

/** Where the data of one test lies. */
export interface JournalPlace {
  /** A journal over the data of this place that is not open; earlier ones are closed by then. */
  journal(): Journal
  /** Removes the data. */
  dispose(): Promise<void>
}

/** Runs everything the contract of `Journal` promises against an engine. `place` gives an empty place. */
export function journalConformance(name: string, place: () => Promise<JournalPlace>): void {
  describe(`${name} keeps the journal contract`, () => {
    let here: JournalPlace
    let journal: Journal

    beforeEach(async () => {
      here = await place()
      journal = here.journal()
      await journal.open()
    })

    afterEach(async () => {
      await journal.close()
      await here.dispose()
    })

    async function reopen(): Promise<Journal> {
      await journal.close()
      journal = here.journal()
      await journal.open()
      return journal
    }

    appending(() => journal, reopen)
    reading(() => journal, reopen)
    following(() => journal)
    snapshots(() => journal, reopen)
    closing(() => journal, reopen)
  })
}

type Current = () => Journal
type Reopen = () => Promise<Journal>

function appending(current: Current, reopen: Reopen): void {
  test('an empty log has size 0, no last batch and no entries', async () => {
    expect(await current().head()).toEqual({ size: 0 })
    expect(await texts(current(), 0)).toEqual([])
    expect(current().health()).toMatchObject({ state: 'open', entries: 0 })
  })

  test('entries are read back as the exact bytes, also after reopening', async () => {
    const entries = [Buffer.from('{"a":"é"}'), randomBytes(1_000), Buffer.alloc(0), Buffer.alloc(7)]
    await current().append(0, { writerId: 'writer', batchId: 'one', entries })
    const before = await bytesOf(current(), 0)
    const after = await bytesOf(await reopen(), 0)
    expect(before.map(hex)).toEqual(entries.map(hex))
    expect(after.map(hex)).toEqual(entries.map(hex))
    expect(current().health()).toMatchObject({ state: 'open', entries: 4 })
  })

  test('the head names the last batch, also after reopening', async () => {
    await current().append(0, batch('one', ['a', 'b']))
    await current().append(2, { ...batch('two', ['c']), writerId: 'other' })
    const head = { size: 3, lastBatch: { writerId: 'other', batchId: 'two' } }
    expect(await current().head()).toEqual(head)
    expect(await (await reopen()).head()).toEqual(head)
  })

  test('open returns the head', async () => {
    await current().append(0, batch('one', ['a']))
    await current().close()
    expect(await current().open()).toEqual({ size: 1, lastBatch: { writerId: 'writer', batchId: 'one' } })
  })

  test.each([0, 1, 3, 100])(
    'an append that expects %i of 2 entries is fenced and changes nothing',
    async (expected) => {
      await current().append(0, batch('one', ['a', 'b']))
      await expect(current().append(expected, batch('two', ['c']))).rejects.toMatchObject({ code: 'FENCED' })
      expect(await current().head()).toEqual({ size: 2, lastBatch: { writerId: 'writer', batchId: 'one' } })
      expect(await texts(await reopen(), 0)).toEqual(['a', 'b'])
    },
  )

  test('of two appends at the same size one is fenced, and appends in a row may overlap', async () => {
    const rivals = [current().append(0, batch('one', ['a'])), current().append(0, batch('two', ['b']))]
    const row = [current().append(1, batch('three', ['c'])), current().append(2, batch('four', ['d']))]
    const outcomes = await Promise.allSettled(rivals)
    await Promise.all(row)
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
    expect(outcomes.find((outcome) => outcome.status === 'rejected')?.reason).toMatchObject({ code: 'FENCED' })
    expect((await texts(current(), 0)).slice(1)).toEqual(['c', 'd'])
  })

  test('a refused batch leaves nothing behind', async () => {
    const tooLarge = Buffer.alloc(LIMITS.entryBytes + 1)
    const bad: Batch[] = [
      { writerId: 'writer', batchId: 'bad', entries: [] },
      { writerId: 'writer', batchId: 'bad', entries: [Buffer.from('good'), tooLarge] },
      { writerId: '', batchId: 'bad', entries: [Buffer.from('good')] },
      { writerId: 'writer', batchId: 'x'.repeat(LIMITS.journalIdBytes + 1), entries: [Buffer.from('good')] },
    ]
    for (const one of bad) await expect(current().append(0, one)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(current().append(-1, batch('bad', ['a']))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await current().head()).toEqual({ size: 0 })
    expect(await texts(await reopen(), 0)).toEqual([])
  })

  test('an entry may have 65,535 bytes', async () => {
    const entry = randomBytes(LIMITS.entryBytes)
    await current().append(0, { writerId: 'writer', batchId: 'one', entries: [entry] })
    expect((await bytesOf(await reopen(), 0))[0]?.equals(entry)).toBe(true)
  })

  test('a batch of the largest size is stored whole, among small ones', async () => {
    const entries = Array.from({ length: 16 }, () => randomBytes(LIMITS.batchBytes / 16))
    await current().append(0, batch('small', ['before']))
    await current().append(1, { writerId: 'writer', batchId: 'large', entries })
    await current().append(17, batch('small again', ['after']))
    const read = await bytesOf(await reopen(), 0)
    expect(Buffer.concat(read.slice(1, 17)).equals(Buffer.concat(entries))).toBe(true)
    expect([read.length, read[0]?.toString(), read[17]?.toString()]).toEqual([18, 'before', 'after'])
  })

  test('the journal keeps its own copy of the bytes', async () => {
    const entry = Buffer.from('before')
    await current().append(0, { writerId: 'writer', batchId: 'one', entries: [entry] })
    entry.write('after!')
    expect(await texts(current(), 0)).toEqual(['before'])
  })
}

function reading(current: Current, reopen: Reopen): void {
  test('many small batches are read from every place, in order', async () => {
    const expected = await fill(current(), 500)
    const journal = await reopen()
    expect(await texts(journal, 0)).toEqual(expected)
    for (const from of [1, 250, 499, 500, 10_000]) expect(await texts(journal, from)).toEqual(expected.slice(from))
  })

  test('reading starts in the middle of a batch', async () => {
    await current().append(0, batch('one', ['a', 'b', 'c', 'd']))
    expect(await texts(current(), 2)).toEqual(['c', 'd'])
  })

  test('indices are consecutive and no chunk is empty', async () => {
    await fill(current(), 300)
    let next = 7
    for await (const chunk of current().read(7)) {
      expect(chunk.length).toBeGreaterThan(0)
      for (const entry of chunk) expect(entry.index).toBe(next++)
    }
    expect(next).toBe(300)
  })

  test('reading ends where the log ended at the time of the call', async () => {
    await current().append(0, batch('one', ['a']))
    const entries = current().read(0)
    await current().append(1, batch('two', ['b']))
    expect((await collect(entries)).map((bytes) => bytes.toString())).toEqual(['a'])
  })

  test('several readers do not disturb each other', async () => {
    const expected = await fill(current(), 200)
    const reads = await Promise.all([0, 50, 100].map((from) => texts(current(), from)))
    expect(reads).toEqual([expected, expected.slice(50), expected.slice(100)])
  })

  test.each([-1, 0.5, Number.NaN])('reading from %d is refused', async (from) => {
    await expect(texts(current(), from)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
}

function following(current: Current): void {
  test('following gives what is there and what comes, without a gap, while others append', async () => {
    const expected = await fill(current(), 50)
    const controller = new AbortController()
    const followers = [0, 20, 50, 75].map((from) => followUntil(current(), from, 150, controller.signal))
    expected.push(...(await fill(current(), 100, 50)))
    const seen = await Promise.all(followers)
    controller.abort()
    expect(seen).toEqual([expected, expected.slice(20), expected.slice(50), expected.slice(75)])
  })

  test('aborting ends a follower that waits, one in the middle, and one that has not begun', async () => {
    await current().append(0, batch('one', ['a']))
    const controller = new AbortController()
    const waiting = collect(current().follow(1, controller.signal))
    const seen: string[] = []
    for await (const chunk of current().follow(0, controller.signal)) {
      seen.push(...chunk.map((entry) => Buffer.from(entry.bytes).toString()))
      controller.abort()
    }
    expect(seen).toEqual(['a'])
    expect(await waiting).toEqual([])
    expect(await collect(current().follow(0, controller.signal))).toEqual([])
  })

  test('closing ends a follower that waits with UNAVAILABLE', async () => {
    const waiting = collect(current().follow(0, new AbortController().signal))
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await current().close()
    await outcome
  })
}

function snapshots(current: Current, reopen: Reopen): void {
  test('without a snapshot there is none', async () => {
    expect(await current().latestSnapshot(1_000)).toBeUndefined()
  })

  test('the newest two snapshots are kept and found by size, also after reopening', async () => {
    await fill(current(), 30)
    for (const size of [10, 20, 30]) await current().putSnapshot(snapshot(size, ['state after ', String(size)]))
    for (const again of [async () => current(), reopen]) {
      const journal = await again()
      expect(await found(journal, 30)).toEqual({ size: 30, version: 7, content: 'state after 30' })
      expect(await found(journal, 1_000)).toMatchObject({ size: 30 })
      expect(await found(journal, 29)).toMatchObject({ size: 20, content: 'state after 20' })
      expect(await found(journal, 19)).toBeUndefined()
    }
  })

  test('a snapshot of the same size takes the place of the former', async () => {
    await fill(current(), 2)
    await current().putSnapshot(snapshot(2, ['first']))
    await current().putSnapshot(snapshot(1, ['older']))
    await current().putSnapshot(snapshot(2, ['second']))
    expect(await found(current(), 2)).toMatchObject({ content: 'second' })
    expect(await found(current(), 1)).toMatchObject({ content: 'older' })
  })

  test('an empty snapshot and one of several megabytes come back whole', async () => {
    await fill(current(), 2)
    const pieces = Array.from({ length: 33 }, (_, piece) => String.fromCharCode(97 + (piece % 26)).repeat(100_000))
    await current().putSnapshot(snapshot(1, []))
    await current().putSnapshot(snapshot(2, pieces))
    expect((await found(current(), 1))?.content).toBe('')
    expect((await found(await reopen(), 2))?.content === pieces.join('')).toBe(true)
  })

  test('a snapshot ahead of the log is refused', async () => {
    await expect(current().putSnapshot(snapshot(1, []))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a snapshot whose content fails leaves the former ones', async () => {
    await fill(current(), 2)
    await current().putSnapshot(snapshot(1, ['good']))
    const failing = { size: 2, version: 7, chunks: failingChunks() }
    await expect(current().putSnapshot(failing)).rejects.toThrow('the fold broke')
    expect(await found(await reopen(), 2)).toMatchObject({ size: 1, content: 'good' })
  })
}

function closing(current: Current, reopen: Reopen): void {
  test('after close everything throws UNAVAILABLE and health says closed', async () => {
    await fill(current(), 2)
    await current().close()
    const closed = { code: 'UNAVAILABLE' }
    await expect(current().append(2, batch('late', ['x']))).rejects.toMatchObject(closed)
    await expect(current().head()).rejects.toMatchObject(closed)
    await expect(texts(current(), 0)).rejects.toMatchObject(closed)
    await expect(collectLater(() => current().follow(0, new AbortController().signal))).rejects.toMatchObject(closed)
    await expect(current().putSnapshot(snapshot(1, []))).rejects.toMatchObject(closed)
    await expect(current().latestSnapshot(1)).rejects.toMatchObject(closed)
    expect(current().health().state).toBe('closed')
  })

  test('close may be called again, and waits for the append under way', async () => {
    const append = current().append(0, batch('one', ['a']))
    await Promise.all([append, current().close(), current().close()])
    await current().close()
    expect(await texts(await reopen(), 0)).toEqual(['a'])
  })
}

/** A batch of texts by `writer`. */
export function batch(batchId: string, entries: readonly string[]): Batch {
  return { writerId: 'writer', batchId, entries: entries.map((entry) => Buffer.from(entry)) }
}

/** Appends `count` entries to a log of `size`, in batches of one to four. Returns their texts. */
export async function fill(journal: Journal, count: number, size = 0): Promise<string[]> {
  const all = Array.from({ length: count }, (_, position) => `entry ${size + position}`)
  for (let done = 0; done < count; ) {
    const part = all.slice(done, done + 1 + (done % 4))
    await journal.append(size + done, batch(`batch ${size + done}`, part))
    done += part.length
  }
  return all
}

export async function texts(journal: Journal, from: number): Promise<string[]> {
  return (await bytesOf(journal, from)).map((bytes) => bytes.toString())
}

export function snapshot(size: number, pieces: readonly string[]): Snapshot {
  return { size, version: 7, chunks: chunksOf(pieces) }
}

export async function found(journal: Journal, maxSize: number) {
  const latest = await journal.latestSnapshot(maxSize)
  if (latest === undefined) return undefined
  const pieces: Uint8Array[] = []
  for await (const chunk of latest.chunks) pieces.push(chunk)
  return { size: latest.size, version: latest.version, content: Buffer.concat(pieces).toString() }
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex')
}

async function bytesOf(journal: Journal, from: number): Promise<Buffer[]> {
  return collectLater(() => journal.read(from))
}

async function collectLater(start: () => AsyncIterable<Chunk>): Promise<Buffer[]> {
  return collect(start())
}

async function collect(chunks: AsyncIterable<Chunk>): Promise<Buffer[]> {
  const all: Buffer[] = []
  for await (const chunk of chunks) for (const entry of chunk) all.push(Buffer.from(entry.bytes))
  return all
}

async function followUntil(journal: Journal, from: number, size: number, signal: AbortSignal): Promise<string[]> {
  const seen: string[] = []
  for await (const chunk of journal.follow(from, signal)) {
    expect(chunk[0]?.index).toBe(from + seen.length)
    for (const entry of chunk) seen.push(Buffer.from(entry.bytes).toString())
    if (from + seen.length >= size) break
  }
  return seen
}

async function* chunksOf(pieces: readonly string[]): AsyncGenerator<Uint8Array, void> {
  for (const piece of pieces) yield Buffer.from(piece)
}

async function* failingChunks(): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from('half')
  throw new Error('the fold broke')
}
