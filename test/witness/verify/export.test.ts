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

async function verified(): Promise<void> {
  await rm(place.path('marks.json'), { force: true })
  expect(outcome(await place.verify())).toMatchObject({ integrity: 'ok intact', signature: 'ok signed' })
}

function flipped(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes)
  changed[10] = (changed[10] ?? 0) ^ 1
  return changed
}

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

  test('that was interrupted leaves an older one as it was, and is taken up again', async () => {
    await exportLog((await countingLog(600)).source, directory)
    const files = await filesOf(directory)
    await expect(exportLog((await countingLog(2_000, 5)).source, directory)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    expect((await filesOf(directory)).filter((name) => !name.startsWith('.unfinished'))).toEqual(files)
    await verified()
    const { asked, source } = await countingLog(2_000)
    await exportLog(source, directory)
    expect(asked).toEqual([5, 6, 7])
    await verified()
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

  test.each([
    ['a tile above the lowest', tilePath(1, 0, 2), () => Buffer.alloc(64), 88],
    ['a tile over entries', tilePath(0, 1, 256), () => Buffer.alloc(8_192), 256 + 88],
    ['a bundle', tilePath('entries', 1, 256), flipped, 256 + 88],
    ['a bundle that ends early', tilePath('entries', 0, 256), () => Buffer.from('{'), 256 + 88],
  ])('mends %s that was changed in the directory', async (_, path, content, fetched) => {
    const { source } = await countingLog(600)
    await exportLog(source, directory)
    const place = join(directory, path)
    const right = await readFile(place)
    await writeFile(place, content(right))
    const longer = await countingLog(700)
    expect(await exportLog(longer.source, directory)).toMatchObject({ fetched: fetched + 100 })
    expect((await readFile(place)).equals(right)).toBe(true)
    await verified()
  })

  test('fetches again what was removed from the directory, and nothing else', async () => {
    const { asked, source } = await countingLog(1_300)
    await exportLog(source, directory)
    await rm(join(directory, tilePath(0, 0, 256)))
    await rm(join(directory, tilePath('entries', 3, 256)))
    asked.length = 0
    await exportLog(source, directory)
    expect(asked).toEqual([0, 3, 5])
    await verified()
  })

  test('reads eight bundles ahead and no more', async () => {
    const log = await memoryLog({ entries: entriesOf(40 * 256) })
    let waiting: (() => void)[] = []
    const bundle: LogSource['bundle'] = async (index, width) => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
        expect(waiting.length).toBeLessThanOrEqual(8)
        if (waiting.length < 8) return
        for (const go of waiting) go()
        waiting = []
      })
      return log.bundle(index, width)
    }
    expect(await exportLog({ ...log, bundle }, directory)).toMatchObject({ fetched: 40 * 256 })
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

describe('what does not belong together changes nothing', () => {
  async function contentOf(path: string): Promise<Record<string, string>> {
    const names = await filesOf(path)
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, (await readFile(join(path, name))).toString('base64')])),
    )
  }

  /** Refused with this code, the directory as it was and clean, and another export of the true log goes on. */
  async function refusedCleanly(source: LogSource, code: string): Promise<void> {
    const before = await contentOf(directory)
    await expect(exportLog(source, directory)).rejects.toMatchObject({ code })
    expect(await contentOf(directory)).toEqual(before)
    expect(await readdir(directory)).not.toContain('.unfinished')
    await verified()
    await exportLog(await memoryLog({ entries: entriesOf(2_000) }), directory)
    await verified()
  }
  const forkAt = (index: number, size: number) => [...entriesOf(index), ...entriesOf(size, 'other').slice(index)]

  test.each([
    ['in the last partial tile', 599, 900],
    ['right behind the last full tile', 512, 900],
    ['in a tile that the fork does not fill', 550, 601],
    ['in the first tile', 0, 900],
  ])('a longer log that forked %s', async (_, index, size) => {
    await exportLog(await memoryLog({ entries: entriesOf(600) }), directory)
    await refusedCleanly(await memoryLog({ entries: forkAt(index, size) }), 'LOG_DIVERGED')
  })

  test('a longer log that forked at the edge of a tile', async () => {
    await exportLog(await memoryLog({ entries: entriesOf(512) }), directory)
    const fork = await memoryLog({ entries: [...entriesOf(512), ...entriesOf(900, 'other').slice(512)] })
    // Behind what was seen there is nothing that it could be at odds with.
    expect(await exportLog(fork, directory)).toMatchObject({ size: 900 })
    const other = await memoryLog({ entries: forkAt(899, 1_000) })
    await expect(exportLog(other, directory)).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
  })

  test.each([600, 512, 0])('a log whose entries do not give its root, over an export of %i', async (size) => {
    await exportLog(await memoryLog({ entries: entriesOf(size) }), directory)
    const liar = await memoryLog({ entries: forkAt(size, 1_500) })
    const other = await memoryLog({ entries: entriesOf(1_500, 'third') })
    await refusedCleanly({ ...liar, checkpoint: other.checkpoint }, 'DATA_CORRUPT')
  })

  test('a log that lacks entries', async () => {
    await exportLog(await memoryLog({ entries: entriesOf(600) }), directory)
    const log = await memoryLog({ entries: entriesOf(1_500) })
    const bundle: LogSource['bundle'] = async (index, width) => (index === 4 ? undefined : log.bundle(index, width))
    await refusedCleanly({ ...log, bundle }, 'DATA_CORRUPT')
  })

  test('entries and their tile that were both changed in the directory', async () => {
    await exportLog(await memoryLog({ entries: entriesOf(600) }), directory)
    await exportLog(await memoryLog({ entries: entriesOf(256, 'other') }), place.path('second'))
    for (const level of ['entries', 0] as const) {
      await writeFile(
        join(directory, tilePath(level, 0, 256)),
        await readFile(place.path('second', tilePath(level, 0, 256))),
      )
    }
    const before = await contentOf(directory)
    const longer = await memoryLog({ entries: entriesOf(900) })
    await expect(exportLog(longer, directory)).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    expect(await contentOf(directory)).toEqual(before)
  })

  test('what an interrupted export of another log left', async () => {
    await exportLog(await memoryLog({ entries: entriesOf(600) }), directory)
    const fork = await memoryLog({ entries: forkAt(600, 2_000) })
    const bundle: LogSource['bundle'] = async (index, width) => {
      if (index < 6) return fork.bundle(index, width)
      throw new FabricError('UNAVAILABLE', 'The line is cut.')
    }
    await expect(exportLog({ ...fork, bundle }, directory)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await verified()
    expect(await exportLog(await memoryLog({ entries: entriesOf(2_000) }), directory)).toMatchObject({ size: 2_000 })
    expect(await readdir(directory)).not.toContain('.unfinished')
    await verified()
  })

  test('a log without an older export leaves nothing', async () => {
    const log = await memoryLog({ entries: entriesOf(600) })
    const foreign: LogSource = { ...log, bundle: async (_, width) => entriesOf(width, 'other') }
    await expect(exportLog(foreign, directory)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    expect(await readdir(directory)).toEqual([])
    const gap: LogSource = { ...log, bundle: async (index, width) => (index ? undefined : log.bundle(index, width)) }
    await expect(exportLog(gap, directory)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      details: { path: 'tile/entries/001' },
    })
    expect(await readdir(directory)).toEqual([])
  })
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
