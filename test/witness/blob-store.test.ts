import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/model/limits.js'
import { type BlobStore, FileBlobStore, MemoryBlobStore } from '../../src/witness/blob-store.js'

let directory: string
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'ifab-blobs-')), 'blobs')
})
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }))

const LOG = Buffer.from('ok 1 - offers parse\n')

function digest(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

function pathOf(content: Uint8Array): string {
  return join(directory, digest(content).slice(0, 2), digest(content).slice(2))
}

const STORES: [name: string, open: (maxBytes?: number) => Promise<BlobStore>][] = [
  ['in memory', async (maxBytes) => new MemoryBlobStore(maxBytes)],
  ['in files', (maxBytes) => FileBlobStore.open(directory, maxBytes)],
]

describe.each(STORES)('blobs %s', (_, open) => {
  test('are found by their digest, and kept once', async () => {
    const store = await open()
    const sha256 = digest(LOG)
    expect(await store.has(sha256)).toBe(false)
    expect(await store.get(sha256)).toBeUndefined()
    expect(await store.put(LOG)).toEqual({ sha256, bytes: LOG.length, isNew: true })
    expect(await store.put(Buffer.from(LOG))).toEqual({ sha256, bytes: LOG.length, isNew: false })
    expect(await store.has(sha256)).toBe(true)
    expect(await store.get(sha256)).toEqual(LOG)
  })

  test('may be empty, and as large as the bound', async () => {
    const store = await open()
    for (const content of [Buffer.alloc(0), Buffer.alloc(LIMITS.blobBytes, 1)]) {
      const { sha256 } = await store.put(content)
      expect((await store.get(sha256))?.equals(content)).toBe(true)
    }
    const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    await expect(store.put(Buffer.alloc(LIMITS.blobBytes + 1))).rejects.toEqual(refused)
  })

  test('do not change with what was given or got', async () => {
    const store = await open()
    const given = Buffer.from(LOG)
    const { sha256 } = await store.put(given)
    given.fill(0)
    const got = await store.get(sha256)
    got?.fill(0)
    expect(await store.get(sha256)).toEqual(LOG)
  })

  test('are deleted once, and can be stored again', async () => {
    const store = await open()
    const { sha256 } = await store.put(LOG)
    expect(await store.delete(sha256)).toBe(true)
    expect(await store.delete(sha256)).toBe(false)
    expect(await store.get(sha256)).toBeUndefined()
    expect(await store.has(sha256)).toBe(false)
    expect((await store.put(LOG)).isNew).toBe(true)
    expect(await store.get(sha256)).toEqual(LOG)
  })

  test('are new once when many store the same at the same time', async () => {
    const store = await open()
    const results = await Promise.all(Array.from({ length: 20 }, () => store.put(LOG)))
    expect(results.filter(({ isNew }) => isNew)).toHaveLength(1)
  })

  test('together stay within the bound; a deleted one makes room', async () => {
    const store = await open(100)
    const first = await store.put(Buffer.alloc(60, 1))
    await expect(store.put(Buffer.alloc(41, 2))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await store.put(Buffer.alloc(60, 1))
    await store.put(Buffer.alloc(40, 3))
    await expect(store.put(Buffer.alloc(1, 4))).rejects.toMatchObject({
      details: { storedBytes: 100, bytes: 1, maxBytes: 100 },
    })
    await store.delete(first.sha256)
    expect((await store.put(Buffer.alloc(41, 2))).isNew).toBe(true)
  })

  test.each([
    ['nothing', ''],
    ['a way out of the directory', '../../../../../../../../../../../../../../../../../../../etc/passwd'],
    ['the same, as long as a digest', '../'.repeat(20).padEnd(64, 'a')],
    ['capitals', digest(LOG).toUpperCase()],
    ['a digit too few', digest(LOG).slice(1)],
    ['a digit too many', `${digest(LOG)}0`],
    ['another line', `${digest(LOG)}\n`],
  ])('with %s for a digest are refused', async (_case, sha256) => {
    const store = await open()
    await store.put(LOG)
    const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    await expect(store.get(sha256)).rejects.toEqual(refused)
    await expect(store.has(sha256)).rejects.toEqual(refused)
    await expect(store.delete(sha256)).rejects.toEqual(refused)
    expect(await store.get(digest(LOG))).toEqual(LOG)
  })
})

describe('blobs in files', () => {
  test('are where they belong, readable by nobody else', async () => {
    const store = await FileBlobStore.open(directory)
    await store.put(LOG)
    expect(await readFile(pathOf(LOG))).toEqual(LOG)
    const mode = async (path: string) => (await stat(path)).mode & 0o777
    expect(await mode(directory)).toBe(0o700)
    expect(await mode(join(pathOf(LOG), '..'))).toBe(0o700)
    expect(await mode(pathOf(LOG))).toBe(0o600)
    expect(await readdir(directory)).toEqual([digest(LOG).slice(0, 2)])
  })

  test('are there after a restart, and count against the bound', async () => {
    const { sha256 } = await (await FileBlobStore.open(directory)).put(LOG)
    const again = await FileBlobStore.open(directory, LOG.length + 1)
    expect(await again.get(sha256)).toEqual(LOG)
    await expect(again.put(Buffer.from('ab'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect((await again.put(Buffer.from('a'))).isNew).toBe(true)
  })

  test('that were changed, cut or stretched are never given out, and mend when they are stored again', async () => {
    const store = await FileBlobStore.open(directory, LOG.length)
    const { sha256 } = await store.put(LOG)
    const damages = [
      () => writeFile(pathOf(LOG), Buffer.from(LOG).fill(0x6f, 0, 1).fill(0x4f, 1, 2)),
      () => truncate(pathOf(LOG), LOG.length - 1),
      () => truncate(pathOf(LOG), 0),
      () => truncate(pathOf(LOG), LIMITS.blobBytes + 1),
    ]
    for (const damage of damages) {
      await damage()
      await expect(store.get(sha256)).rejects.toMatchObject({ code: 'DATA_CORRUPT', details: { sha256 } })
      // Nothing of the damaged one counts any more, so there is room.
      expect(await store.put(LOG)).toMatchObject({ sha256, isNew: true })
      expect(await store.get(sha256)).toEqual(LOG)
    }
  })

  test('leave nothing behind when a write was interrupted', async () => {
    await mkdir(directory)
    await writeFile(join(directory, 'incoming.tmp'), 'half of')
    await FileBlobStore.open(directory)
    expect(await readdir(directory)).toEqual([])
  })

  test('beside files of others are told apart: those take none of the room', async () => {
    const { sha256 } = await (await FileBlobStore.open(directory)).put(LOG)
    await writeFile(join(directory, 'README'), 'not a blob')
    await mkdir(join(directory, 'more'))
    await writeFile(join(directory, 'more', sha256.slice(2)), 'not a blob')
    await writeFile(join(pathOf(LOG), '..', 'notes.txt'), 'not a blob')
    const again = await FileBlobStore.open(directory, LOG.length + 1)
    expect((await again.put(Buffer.from('a'))).isNew).toBe(true)
  })

  test('that cannot be written are refused, and leave the others readable', async () => {
    const store = await FileBlobStore.open(directory)
    await store.put(LOG)
    const other = Buffer.from('other')
    // A file where its directory should be stands for any disk that refuses, whoever runs the test.
    await writeFile(join(pathOf(other), '..'), '')
    await expect(store.put(other)).rejects.toMatchObject({ code: 'STORAGE_FAILED', details: { code: 'ENOTDIR' } })
    expect(await readdir(directory)).not.toContain('incoming.tmp')
    expect(await store.get(digest(LOG))).toEqual(LOG)
    await rm(join(pathOf(other), '..'))
    expect((await store.put(other)).isNew).toBe(true)
  })

  test('that cannot be written first where they are not seen are refused', async () => {
    const store = await FileBlobStore.open(directory, LOG.length)
    await mkdir(join(directory, 'incoming.tmp'))
    await expect(store.put(LOG)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await store.has(digest(LOG))).toBe(false)
    await rm(join(directory, 'incoming.tmp'), { recursive: true })
    // What was refused takes no room.
    expect((await store.put(LOG)).isNew).toBe(true)
  })

  test('need a directory', async () => {
    await writeFile(directory, 'a file')
    await expect(FileBlobStore.open(directory)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })
})
