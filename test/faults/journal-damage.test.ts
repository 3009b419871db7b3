import { open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { blockingDisk } from '../../src/journal/file/disk.js'
import { inspectOwner } from '../../src/journal/file/lock.js'
import { batch, fill, found, snapshot, texts } from '../conformance/journal.js'
import { type FilePlace, filePlace } from '../journal/place.js'

/** These tests open a journal hundreds of times and cut no power: flushing would only take time. */
const disk = { write: blockingDisk.write, flush: () => undefined }

describe('a journal with damaged files', () => {
  let place: FilePlace
  let log: string

  beforeEach(async () => {
    place = await filePlace({ disk })
    log = join(place.directory, 'log')
  })

  afterEach(() => place.dispose())

  async function write(batches: readonly (readonly string[])[]): Promise<void> {
    const journal = place.journal()
    let { size } = await journal.open()
    for (const entries of batches) {
      await journal.append(size, batch(`batch ${size}`, entries))
      size += entries.length
    }
    await journal.close()
  }

  async function segments(): Promise<string[]> {
    const names = (await readdir(log)).filter((name) => name.endsWith('.log')).sort()
    return names.map((name) => join(log, name))
  }

  async function firstSegment(): Promise<string> {
    return (await segments())[0] ?? ''
  }

  async function expectCorrupt(path: string): Promise<void> {
    const before = await readFile(path)
    const opening = place.journal().open()
    await expect(opening).rejects.toMatchObject({ code: 'DATA_CORRUPT', details: { path } })
    await expect(opening).rejects.toThrow(/corrupt at offset \d+: .*backup/)
    expect((await readFile(path)).equals(before)).toBe(true)
    expect(await inspectOwner(place.directory)).toMatchObject({ state: 'released' })
  }

  /** Opens, expects the first two entries only, appends a short one, and expects that to hold as well. */
  async function expectCut(): Promise<void> {
    const journal = place.journal()
    expect(await journal.open()).toEqual({ size: 2, lastBatch: { writerId: 'writer', batchId: 'batch 1' } })
    await journal.append(2, batch('next', ['!']))
    await journal.close()
    expect(await journal.open()).toMatchObject({ size: 3 })
    expect(await texts(journal, 0)).toEqual(['one', 'two', '!'])
    await journal.close()
  }

  /** A log of two records, and the bytes of a third one behind them. */
  async function tornLog() {
    await write([['one'], ['two']])
    const path = await firstSegment()
    const before = await readFile(path)
    await write([['the record that is torn', 'in every way there is']])
    const after = await readFile(path)
    return { path, before, after, start: usedBytes(before), end: usedBytes(after) }
  }

  test('a last record torn at any byte is cut and never comes back', async () => {
    const { path, after, start, end } = await tornLog()
    for (let cut = start; cut < end; cut += 1) {
      const torn = Buffer.from(after)
      torn.fill(0, cut)
      await writeFile(path, torn)
      await expectCut()
    }
  })

  test('a file that ends at any byte is corrupt: it was made whole, so no torn write shortens it', async () => {
    const { path, after, start, end } = await tornLog()
    for (let cut = start; cut <= end; cut += 7) {
      for (const later of (await segments()).slice(1)) await rm(later)
      await writeFile(path, after.subarray(0, cut))
      await expect(place.journal().open()).rejects.toMatchObject({
        code: 'DATA_CORRUPT',
        message: expect.stringContaining(`the file has ${cut} of the `),
      })
    }
  })

  test('a last record of which only some parts arrived, in any order, is cut', async () => {
    const { path, before, after, start, end } = await tornLog()
    const parts = fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }).filter((arrived) => arrived.includes(false))
    await fc.assert(
      fc.asyncProperty(parts, async (arrived) => {
        const torn = Buffer.from(before)
        const size = Math.ceil((end - start) / arrived.length)
        for (const [part, here] of arrived.entries()) {
          if (here) after.copy(torn, start + part * size, start + part * size, Math.min(end, start + (part + 1) * size))
        }
        await writeFile(path, torn)
        await expectCut()
      }),
      { numRuns: 60, seed: 7 },
    )
  })

  test('any flipped byte of a record that others follow is refused, and nothing is changed', async () => {
    await write([['one']])
    const path = await firstSegment()
    const start = usedBytes(await readFile(path))
    await write([['two']])
    const end = usedBytes(await readFile(path))
    await write([['three']])
    const good = await readFile(path)
    for (let position = alignUp(start); position < end; position += 1) {
      const bad = Buffer.from(good)
      bad[position] = ~(bad[position] ?? 0) & 0xff
      await writeFile(path, bad)
      await expectCorrupt(path)
    }
  })

  test('a record that vanished between two others is refused', async () => {
    await write([['one'], ['two'], ['three']])
    const path = await firstSegment()
    const content = await readFile(path)
    const [, second, third] = recordStarts(content)
    await writeFile(path, Buffer.from(content).fill(0, second, third))
    await expectCorrupt(path)
  })

  test('damage that appears while the journal is open is reported by the reader', async () => {
    await write([['one'], ['two']])
    const journal = place.journal()
    await journal.open()
    const file = await open(await firstSegment(), 'r+')
    await file.write(Buffer.from('X'), 0, 1, 60)
    await file.close()
    await expect(texts(journal, 0)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    await journal.close()
  })

  describe('with several segments', () => {
    let paths: string[]

    beforeEach(async () => {
      const journal = place.journal()
      await journal.open()
      await fill(journal, 400)
      await journal.close()
      paths = await segments()
      expect(paths.length).toBeGreaterThan(2)
    })

    test.each([0, 10, 1_000, 2_048])('an early one that ends after %i bytes is refused', async (bytes) => {
      await truncate(paths[1] ?? '', bytes)
      await expect(place.journal().open()).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    })

    test('an early one whose last record is damaged is refused', async () => {
      const path = paths[0] ?? ''
      const content = await readFile(path)
      content[usedBytes(content) - 1] = 0xee
      await writeFile(path, content)
      await expectCorrupt(path)
    })

    test.each([0, 1])('a missing one (number %i) is refused', async (position) => {
      await rm(paths[position] ?? '')
      await expectCorrupt(paths[position + 1] ?? '')
    })

    test('a last one that is missing is noticed when a snapshot covers its entries', async () => {
      const journal = place.journal()
      await journal.open()
      await journal.putSnapshot(snapshot(400, ['state']))
      await journal.close()
      await rm(paths.at(-1) ?? '')
      await expect(journal.open()).rejects.toMatchObject({ code: 'DATA_CORRUPT', details: { snapshotEntries: 400 } })
    })

    test('a next one that a crash left unfinished is removed', async () => {
      await writeFile(join(log, 'prepared.tmp'), Buffer.alloc(100))
      const journal = place.journal()
      expect(await journal.open()).toMatchObject({ size: 400 })
      expect(await readdir(log)).not.toContain('prepared.tmp')
      await journal.close()
    })
  })

  test('a segment of a newer version is refused with the version and the way out', async () => {
    await write([['one']])
    const path = await firstSegment()
    const content = await readFile(path)
    content.writeUInt32LE(9, 8)
    content.writeUInt32LE(crc32(content.subarray(0, 12)), 12)
    await writeFile(path, content)
    const opening = place.journal().open()
    await expect(opening).rejects.toMatchObject({ code: 'DATA_TOO_NEW', details: { version: 9, supported: 1 } })
    await expect(opening).rejects.toThrow(/format version 9.*Install/)
  })

  test('any flipped byte of the newest snapshot makes the older one count', async () => {
    await write([['one', 'two']])
    const journal = place.journal()
    await journal.open()
    await journal.putSnapshot(snapshot(1, ['older']))
    await journal.putSnapshot(snapshot(2, ['newer']))
    const path = join(place.directory, 'snapshots', '00000000000000000002.snapshot')
    const good = await readFile(path)
    for (let position = 0; position < good.length; position += 1) {
      const bad = Buffer.from(good)
      bad[position] = ~(bad[position] ?? 0) & 0xff
      await writeFile(path, bad)
      expect(await found(journal, 2)).toMatchObject({ size: 1, content: 'older' })
    }
    for (const bytes of [0, 10, good.length - 1]) {
      await writeFile(path, good.subarray(0, bytes))
      expect(await found(journal, 2)).toMatchObject({ size: 1 })
    }
    await journal.close()
  })

  test('a snapshot that a crash left unfinished is removed', async () => {
    await write([['one']])
    await writeFile(join(place.directory, 'snapshots', '00000000000000000001.snapshot.tmp'), 'half')
    await write([])
    expect(await readdir(join(place.directory, 'snapshots'))).toEqual([])
  })
})

/** Offset behind the last byte that is not zero. */
function usedBytes(content: Buffer): number {
  return content.findLastIndex((byte) => byte !== 0) + 1
}

function alignUp(offset: number): number {
  return Math.ceil(offset / 8) * 8
}

function recordStarts(content: Buffer): number[] {
  const magic = Buffer.from([0xff, 0x49, 0x46, 0x52])
  const starts: number[] = []
  for (let start = content.indexOf(magic); start !== -1; start = content.indexOf(magic, start + 1)) starts.push(start)
  return starts
}
