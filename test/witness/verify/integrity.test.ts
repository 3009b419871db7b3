import { readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LIMITS } from '../../../src/model/limits.js'
import { tilePath } from '../../../src/witness/tree/tile.js'
import { entriesOf, memoryLog, outcome, Place } from './logs.js'

let place: Place
beforeEach(async () => {
  place = await Place.open()
})
afterEach(() => place[Symbol.asyncDispose]())

const SOUND = { integrity: 'ok intact', signature: 'ok signed', completeness: 'not_asked not_asked' }

/** Changes one byte of an exported file. */
async function flip(path: string, offset: number): Promise<void> {
  const content = await readFile(join(place.path('log'), path))
  content[offset] = (content[offset] ?? 0) ^ 1
  await writeFile(join(place.path('log'), path), content)
}

test.each([0, 1, 255, 256, 257, 65_535, 65_536, 65_537])('a log of %i entries is intact', async (size) => {
  await place.export({ entries: entriesOf(size) })
  const found = await place.verify()
  expect(outcome(found)).toMatchObject(SOUND)
  expect(found.checkpoint?.size).toBe(size)
  expect(found.verdicts.integrity.details).toMatchObject({ entries: size })
})

test('a log with the largest entry is intact, and a changed byte in it is found', async () => {
  const large = Buffer.alloc(LIMITS.entryBytes, 'x')
  await place.export({ entries: [...entriesOf(3), large] })
  expect(outcome(await place.verify())).toMatchObject(SOUND)
  await flip(tilePath('entries', 0, 4), 2_000)
  const { integrity } = (await place.verify()).verdicts
  expect(integrity).toMatchObject({ status: 'failed', code: 'entry_mismatch', details: { first: 3, last: 3 } })
})

describe('a flipped byte', () => {
  beforeEach(async () => {
    await place.export({ entries: entriesOf(600) })
  })

  const integrity = async () => (await place.verify()).verdicts.integrity

  test('in an entry names the entry', async () => {
    const bundle = await readFile(join(place.path('log'), tilePath('entries', 1, 256)))
    await flip(tilePath('entries', 1, 256), bundle.indexOf('"300"') + 1)
    expect(await integrity()).toMatchObject({
      status: 'failed',
      code: 'entry_mismatch',
      details: { first: 300, last: 300, path: 'tile/0/001' },
    })
  })

  test('in the length of an entry says which bundle cannot be read', async () => {
    await flip(tilePath('entries', 1, 256), 0)
    expect(await integrity()).toMatchObject({ code: 'entries_damaged', details: { path: 'tile/entries/001' } })
  })

  test.each([
    ['a tile of leaves', tilePath(0, 1, 256), 5, 256],
    ['a partial tile of leaves', tilePath(0, 2, 88), 87, 599],
  ])('in %s names the tile and the entry whose hash it was', async (_, path, position, entry) => {
    await flip(path, position === 5 ? 31 : position * 32)
    const found = await integrity()
    expect(found).toMatchObject({ status: 'failed', code: 'tile_mismatch', details: { path, first: entry } })
    expect(found.message).toContain(path)
  })

  test('in an upper tile names the tile and the entries below it', async () => {
    await flip(tilePath(1, 0, 2), 32)
    expect(await integrity()).toMatchObject({
      status: 'failed',
      code: 'tile_mismatch',
      details: { path: 'tile/1/000.p/2', first: 256, last: 511 },
    })
  })

  test.each([
    ['size', '\n600\n', 3, 'failed entries_missing'],
    ['root', '=\n\n', -5, 'failed root_mismatch'],
    ['origin', 'log', 0, 'ok intact'],
  ])('in the %s of the checkpoint fails the signature too', async (_, part, offset, expected) => {
    const checkpoint = await readFile(join(place.path('log'), 'checkpoint'), 'utf8')
    await flip('checkpoint', checkpoint.indexOf(part) + offset)
    const { integrity, signature } = outcome(await place.verify())
    expect(integrity).toBe(expected)
    expect(signature).toMatch(/^failed /)
  })

  test('in a newline of the checkpoint leaves nothing to compare with', async () => {
    await flip('checkpoint', 11)
    expect(outcome(await place.verify())).toEqual({
      integrity: 'failed checkpoint_damaged',
      signature: 'failed checkpoint_damaged',
      freshness: 'unchecked log_unreadable',
      completeness: 'not_asked not_asked',
    })
  })
})

describe('an export that is not whole', () => {
  beforeEach(async () => {
    await place.export({ entries: entriesOf(600) })
  })

  const code = async () => (await place.verify()).verdicts.integrity.code

  test('a missing tile is named', async () => {
    await rm(join(place.path('log'), tilePath(0, 0, 256)))
    const { integrity } = (await place.verify()).verdicts
    expect(integrity).toMatchObject({ status: 'failed', code: 'tile_missing', details: { path: 'tile/0/000' } })
  })

  test('a missing upper tile is named', async () => {
    await rm(join(place.path('log'), tilePath(1, 0, 2)))
    expect((await place.verify()).verdicts.integrity.details).toMatchObject({ path: 'tile/1/000.p/2' })
  })

  test('a tail that was cut off is missed', async () => {
    await rm(join(place.path('log'), tilePath('entries', 2, 88)))
    const { integrity } = (await place.verify()).verdicts
    expect(integrity).toMatchObject({
      code: 'entries_missing',
      details: { entries: 512, size: 600, path: 'tile/entries/002.p/88' },
    })
  })

  test('a bundle that is too short or too long cannot be read', async () => {
    const path = join(place.path('log'), tilePath('entries', 1, 256))
    const content = await readFile(path)
    await truncate(path, content.length - 1)
    expect(await code()).toBe('entries_damaged')
    await writeFile(path, Buffer.concat([content, Buffer.from([0])]))
    expect(await code()).toBe('entries_damaged')
  })

  test('a tile that is too short or too long is not a tile', async () => {
    const path = join(place.path('log'), tilePath(0, 1, 256))
    const content = await readFile(path)
    await truncate(path, content.length - 32)
    expect(await code()).toBe('tile_damaged')
    await writeFile(path, Buffer.concat([content, Buffer.alloc(32)]))
    expect(await code()).toBe('tile_damaged')
  })

  test('a partial tile that is too long is not a tile', async () => {
    const path = join(place.path('log'), tilePath(0, 2, 88))
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(32)]))
    expect(await code()).toBe('tile_damaged')
  })

  test('without its checkpoint it is no log', async () => {
    await rm(place.path('log', 'checkpoint'))
    await expect(place.verify()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

test('the full tile serves where the partial one is gone', async () => {
  const log = await place.export({ entries: entriesOf(256) })
  const short = await memoryLog({ entries: entriesOf(200) })
  await writeFile(join(log, 'checkpoint'), await short.checkpoint())
  expect(outcome(await place.verify())).toMatchObject(SOUND)
})

test('entries and tiles that were changed together do not hash to the root', async () => {
  const log = await place.export({ entries: entriesOf(300) })
  const other = await place.export({ entries: entriesOf(300, 'other') }, 'other')
  await writeFile(join(other, 'checkpoint'), await readFile(join(log, 'checkpoint')))
  await rm(log, { recursive: true })
  await rename(other, log)
  expect((await place.verify()).verdicts.integrity).toMatchObject({ status: 'failed', code: 'root_mismatch' })
})
