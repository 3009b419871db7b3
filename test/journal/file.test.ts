import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { blockingDisk, chooseDisk, pooledDisk } from '../../src/journal/file/disk.js'
import { FileJournal } from '../../src/journal/file/file-journal.js'
import { batch, fill, found, journalConformance, snapshot, texts } from '../conformance/journal.js'
import { type FilePlace, filePlace } from './place.js'

journalConformance('FileJournal', () => filePlace())
journalConformance('FileJournal on a slow disk', () => filePlace({ disk: pooledDisk }))

describe('FileJournal', () => {
  let place: FilePlace
  let journal: FileJournal

  beforeEach(async () => {
    place = await filePlace()
    journal = place.journal()
    await journal.open()
  })

  afterEach(async () => {
    await journal.close()
    await place.dispose()
  })

  const logFiles = async () => (await readdir(join(place.directory, 'log'))).filter((name) => name.endsWith('.log'))

  test('health tells the durability, the measured flush and the place', () => {
    expect(journal.health()).toMatchObject({
      driver: 'file',
      state: 'open',
      durability: 'power',
      location: place.directory,
    })
    expect(journal.health().flushMs).toBeGreaterThan(0)
  })

  test('the time of each flush is counted, across openings too', async () => {
    expect(journal.flushes.count).toBe(0)
    await journal.append(0, batch('first', ['a', 'b']))
    await journal.close()
    await journal.open()
    await journal.append(2, batch('second', ['c']))
    expect(journal.flushes.count).toBe(2)
    expect(journal.flushes.sum).toBeGreaterThan(0)
  })

  test('segments are named by their first entry and joined without a gap', async () => {
    const expected = await fill(journal, 400)
    const names = (await logFiles()).sort()
    expect(names.length).toBeGreaterThan(2)
    expect(names[0]).toBe('00000000000000000000.log')
    for (const name of names) {
      const index = Number.parseInt(name, 10)
      expect((await texts(journal, index))[0]).toBe(expected[index])
    }
  })

  test('a batch larger than a segment gets a file of its own size, also as the very first', async () => {
    const large = Array.from({ length: 20 }, (_, position) => String(position % 10).repeat(1_000))
    const small = 'x'.repeat(3_000)
    await journal.append(0, batch('large', large))
    await journal.append(20, batch('more than half of a segment', [small]))
    await journal.append(21, batch('large', large))
    const { bytes } = journal.health()
    await journal.close()
    await journal.open()
    expect(await texts(journal, 0)).toEqual([...large, small, ...large])
    expect((await logFiles()).length).toBe(3)
    expect(journal.health().bytes).toBe(bytes)
  })

  test('the size of segments may change between openings', async () => {
    const expected = await fill(journal, 100)
    await journal.close()
    journal = new FileJournal({ directory: place.directory, segmentBytes: 65_536 })
    await journal.open()
    expected.push(...(await fill(journal, 300, 100)))
    expect(await texts(journal, 0)).toEqual(expected)
  })

  test.each([0, 4_095, 4_097, 2 ** 40])('segmentBytes %d is refused', (segmentBytes) => {
    expect(() => new FileJournal({ directory: place.directory, segmentBytes })).toThrow(/multiple of 8/)
  })

  test('opening twice is refused without harm', async () => {
    await expect(journal.open()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await journal.append(0, batch('one', ['a']))
    expect(await texts(journal, 0)).toEqual(['a'])
  })

  test('readers far apart find their blocks', async () => {
    const entry = 'x'.repeat(1_000)
    for (let size = 0; size < 2_000; size += 100)
      await journal.append(size, batch(`at ${size}`, Array(100).fill(entry)))
    for (const from of [0, 999, 1_950, 1_999]) expect(await texts(journal, from)).toHaveLength(2_000 - from)
  })

  test('snapshots and entries of before are there after a change of owner', async () => {
    await fill(journal, 5)
    await journal.putSnapshot(snapshot(5, ['five']))
    const generation = journal.generation
    await journal.close()
    journal = place.journal()
    await journal.open()
    expect(journal.generation).toBe(generation + 1)
    expect(await found(journal, 5)).toMatchObject({ content: 'five' })
  })

  test('a flush that takes long moves writing out of the calling thread', () => {
    expect(chooseDisk(0.3)).toBe(blockingDisk)
    expect(chooseDisk(20)).toBe(pooledDisk)
  })
})
