import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FabricError } from '../../../src/model/errors.js'
import { decodeBundle } from '../../../src/witness/tree/bundle.js'
import { parseTilePath, tilePath } from '../../../src/witness/tree/tile.js'
import { directorySource } from '../../../src/witness/verify/directory-source.js'
import { exportLog } from '../../../src/witness/verify/export.js'
import type { LogSource } from '../../../src/witness/verify/source.js'
import { entriesOf, memoryLog, outcome, Place, signer } from './logs.js'

let place: Place
let directory: string
beforeEach(async () => {
  place = await Place.open()
  directory = place.path('log')
})
afterEach(() => place[Symbol.asyncDispose]())

async function filesOf(path: string): Promise<string[]> {
  const found = await readdir(path, { recursive: true, withFileTypes: true })
  return found
    .flatMap((file) => (file.isFile() ? [join(file.parentPath, file.name).slice(path.length + 1)] : []))
    .sort()
}

/** A log that counts which bundles are asked for, and may end before one. */
async function countingLog(size: number, failAt = Number.POSITIVE_INFINITY) {
  const log = await memoryLog({ entries: entriesOf(size) })
  const asked: number[] = []
  const bundle: LogSource['bundle'] = async (index, width) => {
    if (index >= failAt) throw new FabricError('UNAVAILABLE', 'The line is cut.')
    asked.push(index)
    return log.bundle(index, width)
  }
  return { asked, source: { ...log, bundle } }
}

describe('an export', () => {
  test('has the files that C2SP tlog-tiles names for its size, and no others', async () => {
    const entries = entriesOf(70_000)
    await exportLog(await memoryLog({ entries }), directory)
    const files = await filesOf(directory)
    const [checkpoint, ...tiles] = files.filter((name) => name !== 'vkey.txt')
    expect(checkpoint).toBe('checkpoint')
    expect(tiles.every((path) => parseTilePath(path) !== undefined)).toBe(true)
    const count = (prefix: RegExp) => tiles.filter((path) => prefix.test(path)).length
    expect(count(/^tile\/entries\/\d{3}$/)).toBe(273)
    expect(count(/^tile\/0\/\d{3}$/)).toBe(273)
    expect(tiles.filter((path) => !/^tile\/(entries|0)\/\d{3}$/.test(path))).toEqual([
      'tile/0/273.p/112',
      'tile/1/000',
      'tile/1/001.p/17',
      'tile/2/000.p/1',
      'tile/entries/273.p/112',
    ])
    const bundle = await readFile(join(directory, 'tile/entries/273.p/112'))
    expect(decodeBundle(bundle, 112).map(String)).toEqual(entries.slice(-112).map(String))
    expect(await readFile(join(directory, 'vkey.txt'), 'utf8')).toBe(`${signer.vkey}\n`)
  })

  test('of an empty log is a checkpoint', async () => {
    await exportLog(await memoryLog({ entries: [] }), directory)
    expect(await filesOf(directory)).toEqual(['checkpoint', 'vkey.txt'])
  })

  test('goes on where an older one ended and leaves no partial tile behind a full one', async () => {
    expect(await exportLog((await countingLog(600)).source, directory)).toMatchObject({ fetched: 600 })
    const { asked, source } = await countingLog(1_100)
    expect(await exportLog(source, directory)).toMatchObject({ size: 1_100, fetched: 1_100 - 512 })
    expect(asked).toEqual([2, 3, 4])
    expect((await filesOf(directory)).filter((path) => path.includes('.p/'))).toEqual([
      'tile/0/004.p/76',
      'tile/1/000.p/2',
      'tile/1/000.p/4',
      'tile/entries/004.p/76',
    ])
    expect(outcome(await place.verify())).toMatchObject({ integrity: 'ok intact', signature: 'ok signed' })
    expect(await exportLog(source, directory)).toMatchObject({ fetched: 76 })
  })

  test('that was interrupted shows no checkpoint, and is taken up again', async () => {
    await expect(exportLog((await countingLog(2_000, 5)).source, directory)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    expect(await filesOf(directory)).not.toContain('checkpoint')
    await expect(place.verify()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const { asked, source } = await countingLog(2_000)
    await exportLog(source, directory)
    expect(asked).toEqual([5, 6, 7])
    expect(outcome(await place.verify())).toMatchObject({ integrity: 'ok intact' })
  })

  test('mends a tile that was changed in the directory, except where it is the only word on the entries', async () => {
    const { source } = await countingLog(600)
    await exportLog(source, directory)
    await writeFile(join(directory, tilePath(1, 0, 2)), Buffer.alloc(64))
    await exportLog(source, directory)
    expect(outcome(await place.verify())).toMatchObject({ integrity: 'ok intact' })
    await writeFile(join(directory, tilePath(0, 0, 256)), Buffer.alloc(8_192))
    await expect(exportLog(source, directory)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    await rm(join(directory, tilePath(0, 0, 256)))
    await exportLog(source, directory)
    expect(outcome(await place.verify())).toMatchObject({ integrity: 'ok intact' })
  })

  test('reads some bundles ahead and no more', async () => {
    const log = await memoryLog({ entries: entriesOf(10_000) })
    let open = 0
    let most = 0
    const bundle: LogSource['bundle'] = async (index, width) => {
      open += 1
      most = Math.max(most, open)
      await new Promise(setImmediate)
      open -= 1
      return log.bundle(index, width)
    }
    await exportLog({ ...log, bundle }, directory)
    expect(most).toBe(8)
  })
})

describe('an export is refused', () => {
  const refusal = async (source: LogSource) => {
    const before = await filesOf(directory).catch(() => [])
    const thrown = await exportLog(source, directory).catch((error: FabricError) => error)
    expect(await filesOf(directory).catch(() => [])).toEqual(before)
    return thrown instanceof FabricError ? thrown.code : thrown
  }

  test('into the export of another log', async () => {
    await exportLog(await memoryLog({ entries: entriesOf(5), origin: 'other.example' }), directory)
    expect(await refusal(await memoryLog({ entries: entriesOf(9) }))).toBe('CONFLICT')
  })

  test('when the log is shorter than before, or another one of equal size', async () => {
    await exportLog(await memoryLog({ entries: entriesOf(300) }), directory)
    expect(await refusal(await memoryLog({ entries: entriesOf(299) }))).toBe('LOG_DIVERGED')
    expect(await refusal(await memoryLog({ entries: entriesOf(300, 'other') }))).toBe('LOG_DIVERGED')
  })

  test('into a directory of something else, a file, or a damaged export', async () => {
    await mkdir(directory)
    await writeFile(join(directory, 'thesis.txt'), 'mine')
    const source = await memoryLog({ entries: entriesOf(3) })
    expect(await refusal(source)).toBe('CONFLICT')
    await expect(exportLog(source, join(directory, 'thesis.txt'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await writeFile(join(directory, 'checkpoint'), 'no checkpoint')
    expect(await refusal(source)).toBe('DATA_CORRUPT')
  })

  test('of a log whose checkpoint is no signed note', async () => {
    const log = await memoryLog({ entries: entriesOf(3), sign: () => [] })
    expect(await refusal(log)).toBe('DATA_CORRUPT')
  })
})

test('a longer log that forked from the exported one gets no checkpoint', async () => {
  await exportLog(await memoryLog({ entries: entriesOf(600) }), directory)
  const checkpoint = await readFile(join(directory, 'checkpoint'), 'utf8')
  const fork = await memoryLog({ entries: entriesOf(900, 'other') })
  await expect(exportLog(fork, directory)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
  expect(await readFile(join(directory, 'checkpoint'), 'utf8')).toBe(checkpoint)
})

test('a log that lacks entries, or whose entries are not those of its checkpoint, gets none', async () => {
  const log = await memoryLog({ entries: entriesOf(600) })
  const gap: LogSource = {
    ...log,
    bundle: async (index, width) => (index === 1 ? undefined : log.bundle(index, width)),
  }
  await expect(exportLog(gap, directory)).rejects.toMatchObject({
    code: 'DATA_CORRUPT',
    details: { path: 'tile/entries/001' },
  })
  const foreign: LogSource = { ...log, bundle: async (_, width) => entriesOf(width, 'other') }
  await expect(exportLog(foreign, place.path('second'))).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
  expect(await filesOf(place.path('second'))).not.toContain('checkpoint')
})

test('a directory that cannot be written is a coded error', async () => {
  await mkdir(directory)
  await writeFile(join(directory, 'tile'), 'where a directory belongs')
  const source = await memoryLog({ entries: entriesOf(3) })
  await expect(exportLog(source, directory)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
})

test('an exported log can be exported again', async () => {
  await exportLog(await memoryLog({ entries: entriesOf(600) }), directory)
  await exportLog(directorySource(directory), place.path('copy'))
  const files = await filesOf(directory)
  expect(await filesOf(place.path('copy'))).toEqual(files)
  for (const name of files) {
    expect((await readFile(place.path('copy', name))).equals(await readFile(join(directory, name)))).toBe(true)
  }
})
