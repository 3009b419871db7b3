import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readClosedLog } from '../../src/journal/file/closed-log.js'
import { fill } from '../conformance/journal.js'
import { type FilePlace, filePlace } from './place.js'

let place: FilePlace
let log: string
beforeEach(async () => {
  place = await filePlace()
  log = join(place.directory, 'log')
})
afterEach(() => place.dispose())

async function write(count: number): Promise<string[]> {
  const journal = place.journal()
  await journal.open()
  const texts = await fill(journal, count)
  await journal.close()
  return texts
}

async function readFrom(from: number): Promise<string[]> {
  const found: string[] = []
  for await (const chunk of (await readClosedLog(log)).read(from)) {
    for (const { bytes } of chunk) found.push(Buffer.from(bytes).toString())
  }
  return found
}

describe('readClosedLog', () => {
  test('reads what a journal wrote, from any entry on, across segments', async () => {
    const texts = await write(400)
    expect((await readdir(log)).length).toBeGreaterThan(2)
    expect(await readClosedLog(log)).toMatchObject({ entries: 400, tornBytes: 0 })
    expect(await readFrom(0)).toEqual(texts)
    expect(await readFrom(250)).toEqual(texts.slice(250))
    expect(await readFrom(400)).toEqual([])
  })

  test('an empty log has no entries', async () => {
    await write(0)
    expect(await readClosedLog(log)).toMatchObject({ entries: 0, tornBytes: 0 })
    expect(await readFrom(0)).toEqual([])
  })

  test('passes over an interrupted write at the end and leaves it where it is', async () => {
    await write(3)
    const [name = ''] = (await readdir(log)).filter((other) => other.endsWith('.log'))
    const path = join(log, name)
    const file = await open(path, 'r+')
    const content = await readFile(path)
    const end = content.findLastIndex((byte) => byte !== 0) + 1
    await file.write(Buffer.from([0xff, 0x49, 0x46, 0x52, 1]), 0, 5, Math.ceil(end / 8) * 8)
    await file.close()
    const before = await readFile(path)
    const { mtimeMs } = await stat(path)
    expect(await readClosedLog(log)).toMatchObject({ entries: 3, tornBytes: 5 })
    expect((await readFile(path)).equals(before)).toBe(true)
    expect((await stat(path)).mtimeMs).toBe(mtimeMs)
  })

  test('throws DATA_CORRUPT for a damaged record, and STORAGE_FAILED where there is no log', async () => {
    await write(400)
    const [name = ''] = (await readdir(log)).sort()
    const file = await open(join(log, name), 'r+')
    await file.write(Buffer.from('!'), 0, 1, 120)
    await file.close()
    await expect(readClosedLog(log)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    await expect(readClosedLog(join(log, 'none'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })
})
