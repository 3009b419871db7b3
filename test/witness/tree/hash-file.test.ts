import { appendFile, cp, mkdir, mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { blockingDisk, type Disk } from '../../../src/journal/file/disk.js'
import type { FabricError } from '../../../src/model/errors.js'
import { LIMITS } from '../../../src/model/limits.js'
import { FileHashStore } from '../../../src/witness/tree/hash-file.js'
import { checkInclusion } from '../../../src/witness/tree/proof.js'
import { MerkleTree } from '../../../src/witness/tree/tree.js'
import { ReferenceTree, shortEntry } from './reference.js'

const reference = new ReferenceTree(shortEntry)

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ifab-hashes-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

function grow(tree: MerkleTree, size: number): void {
  while (tree.size < size) tree.append(shortEntry(tree.size))
}

/** A disk that can be told to refuse writes. */
class RefusingDisk implements Pick<Disk, 'write'> {
  refusing = false
  refused = 0

  async write(file: number, bytes: Uint8Array, position: number): Promise<void> {
    if (!this.refusing) return blockingDisk.write(file, bytes, position)
    this.refused += 1
    // As a disk that fills up does: some of it is written.
    blockingDisk.write(file, bytes.subarray(0, bytes.length / 2), position)
    throw Object.assign(new Error('No space left on device'), { code: 'ENOSPC', syscall: 'write' })
  }
}

describe('hashes in files', () => {
  test.each([0, 1, 255, 256, 257, 600])('are there again after %i entries and a restart', async (size) => {
    const first = await MerkleTree.open(await FileHashStore.open(directory))
    grow(first, size)
    await first.close()
    const second = await MerkleTree.open(await FileHashStore.open(directory))
    expect(second.size).toBe(size)
    expect(second.head()).toEqual(reference.root(0, size))
    grow(second, 700)
    for (const index of [0, 254, 256, 511, 512, 699]) {
      expect(await second.inclusionProof(index, 700)).toEqual(reference.path(index, 0, 700))
    }
    expect(await second.consistencyProof(size, 700)).toEqual(reference.proof(size, 700))
    await second.close()
  })

  test('lie one after the other in a file per level, for nobody but the owner', async () => {
    const tree = await MerkleTree.open(await FileHashStore.open(join(directory, 'deep', 'hashes')))
    grow(tree, 600)
    await tree.flush()
    const path = (name: string) => join(directory, 'deep', 'hashes', name)
    const leaves = Array.from({ length: 600 }, (_, index) => reference.root(index, index + 1))
    expect(await readFile(path('level-0'))).toEqual(Buffer.concat(leaves))
    expect(await readFile(path('level-1'))).toEqual(Buffer.concat([reference.root(0, 256), reference.root(256, 512)]))
    const middle = Array.from({ length: 32 }, (_, at) => reference.root(at * 16, at * 16 + 16))
    expect(await readFile(path('middle-0'))).toEqual(Buffer.concat(middle))
    expect((await stat(path('level-0'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(directory, 'deep', 'hashes'))).mode & 0o777).toBe(0o700)
    await tree.close()
  })

  test('are read partly from the file and partly from memory', async () => {
    const store = await FileHashStore.open(directory)
    const hashes = Buffer.concat(Array.from({ length: 9 }, (_, index) => reference.root(index, index + 1)))
    store.append(0, hashes.subarray(0, 160))
    await store.flush()
    store.append(0, hashes.subarray(160))
    expect((await stat(join(directory, 'level-0'))).size).toBe(160)
    for (let first = 0; first <= 9; first += 1) {
      for (let count = 0; first + count <= 9; count += 1) {
        expect(await store.read(0, first, count)).toEqual(hashes.subarray(first * 32, (first + count) * 32))
      }
    }
    await expect(store.read(0, 9, 1)).rejects.toMatchObject({ code: 'INTERNAL' })
    await store.truncate(0, 7)
    expect(await store.read(0, 3, 4)).toEqual(hashes.subarray(96, 224))
    await store.truncate(0, 3)
    store.append(0, hashes.subarray(96))
    expect(await store.read(0, 0, 9)).toEqual(hashes)
    await store.close()
    expect(await readFile(join(directory, 'level-0'))).toEqual(hashes)
  })

  test('are written in the background as soon as a tile is full', async () => {
    const written: number[] = []
    let onWrite = () => {}
    const firstWrite = new Promise<void>((resolve) => {
      onWrite = resolve
    })
    const disk: Pick<Disk, 'write'> = {
      write(file, bytes, position) {
        blockingDisk.write(file, bytes, position)
        written.push(bytes.length)
        onWrite()
      },
    }
    const tree = await MerkleTree.open(await FileHashStore.open(directory, { disk }))
    grow(tree, 255)
    expect(written).toEqual([])
    grow(tree, 256)
    await firstWrite
    expect(written).toEqual([8_192])
    await tree.close()
    await tree.close()
  })

  test('are cut behind the last whole one', async () => {
    const first = await MerkleTree.open(await FileHashStore.open(directory))
    grow(first, 300)
    await first.close()
    await appendFile(join(directory, 'level-0'), Buffer.alloc(31, 1))
    await truncate(join(directory, 'level-1'), 17)
    await truncate(join(directory, 'middle-0'), 500)
    const second = await MerkleTree.open(await FileHashStore.open(directory))
    expect((await stat(join(directory, 'level-0'))).size).toBe(300 * 32)
    expect(second.size).toBe(300)
    expect(second.head()).toEqual(reference.root(0, 300))
    expect(await second.inclusionProof(3, 300)).toEqual(reference.path(3, 0, 300))
    grow(second, 301)
    await second.close()
    expect((await stat(join(directory, 'level-0'))).size).toBe(301 * 32)
  })

  test('of levels that disagree follow from the leaves', async () => {
    const first = await MerkleTree.open(await FileHashStore.open(directory))
    grow(first, 1_000)
    await first.close()
    await truncate(join(directory, 'level-0'), 400 * 32)
    await appendFile(join(directory, 'level-2'), Buffer.alloc(32, 1))
    const second = await MerkleTree.open(await FileHashStore.open(directory))
    expect(second.size).toBe(400)
    expect(second.head()).toEqual(reference.root(0, 400))
    grow(second, 1_000)
    expect(second.head()).toEqual(reference.root(0, 1_000))
    expect(await second.inclusionProof(700, 1_000)).toEqual(reference.path(700, 0, 1_000))
    await second.close()
    expect((await stat(join(directory, 'level-2'))).size).toBe(0)
  })
})

describe('stored hashes that were changed', () => {
  const SIZE = 65_900
  let stored: string
  let tree: MerkleTree

  beforeAll(async () => {
    stored = await mkdtemp(join(tmpdir(), 'ifab-hashes-'))
    const written = await MerkleTree.open(await FileHashStore.open(stored))
    grow(written, SIZE)
    await written.close()
  })

  afterAll(() => rm(stored, { recursive: true, force: true }))

  beforeEach(() => cp(stored, directory, { recursive: true }))

  afterEach(() => tree.close())

  async function flip(name: string, position: number): Promise<void> {
    const file = await open(join(directory, name), 'r+')
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, position)
    await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, position)
    await file.close()
    tree = await MerkleTree.open(await FileHashStore.open(directory))
  }

  async function expectHolds(index: number): Promise<void> {
    const claim = { index, size: SIZE, leaf: reference.root(index, index + 1), root: reference.root(0, SIZE) }
    expect(checkInclusion(claim, await tree.inclusionProof(index, SIZE))).toBeUndefined()
  }

  test('prove everything as long as they were not', async () => {
    tree = await MerkleTree.open(await FileHashStore.open(directory))
    for (const index of [0, 5_000, 65_535, 65_536, SIZE - 1]) await expectHolds(index)
    expect(tree.head()).toEqual(reference.root(0, SIZE))
  })

  test('prove nothing that needs a changed leaf', async () => {
    await flip('level-0', 5_003 * 32 + 9)
    const corrupt = { code: 'DATA_CORRUPT', details: { tile: 'tile/0/019' } }
    await expect(tree.leaf(5_003)).rejects.toMatchObject(corrupt)
    await expect(tree.inclusionProof(5_000, SIZE)).rejects.toMatchObject(corrupt)
    await expect(tree.inclusionProof(5_000, SIZE)).rejects.toMatchObject(corrupt)
    await expect(tree.consistencyProof(5_003, SIZE)).rejects.toMatchObject(corrupt)
    await expect(tree.rootAt(5_005)).rejects.toMatchObject(corrupt)
    await expect(tree.tile(0, 19, 256)).rejects.toMatchObject(corrupt)
    await expect(tree.tile(0, 19, 1)).rejects.toMatchObject(corrupt)
    await expectHolds(0)
    await expectHolds(SIZE - 1)
    expect((await tree.tile(0, 18, 256)).length).toBe(8_192)
  })

  test('prove nothing that needs a changed middle row', async () => {
    await flip('middle-0', (19 * 16 + 3) * 32)
    const corrupt = { code: 'DATA_CORRUPT', details: { tile: 'tile/0/019' } }
    await expect(tree.inclusionProof(5_000, SIZE)).rejects.toMatchObject(corrupt)
    await expectHolds(0)
    expect((await tree.tile(0, 19, 256)).length).toBe(8_192)
  })

  test('prove nothing that needs a changed hash of a tile', async () => {
    await flip('level-1', 19 * 32 + 31)
    const corrupt = { code: 'DATA_CORRUPT', details: { tile: 'tile/1/000' } }
    await expect(tree.inclusionProof(5_000, SIZE)).rejects.toMatchObject(corrupt)
    await expect(tree.tile(0, 19, 256)).rejects.toMatchObject(corrupt)
    await expect(tree.tile(1, 0, 256)).rejects.toMatchObject(corrupt)
    await expectHolds(60_000)
  })

  test('do not fit a changed edge, which has another head, too', async () => {
    await flip('level-2', 0)
    expect(tree.head()).not.toEqual(reference.root(0, SIZE))
    await expect(tree.inclusionProof(5_000, SIZE)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    await expect(tree.tile(1, 0, 256)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
  })

  test('are missed when they vanish from an open file', async () => {
    tree = await MerkleTree.open(await FileHashStore.open(directory))
    await truncate(join(directory, 'level-0'), 1_000)
    await expect(tree.leaf(5_000)).rejects.toMatchObject({ code: 'DATA_CORRUPT', details: { offset: 159_744 } })
    await expectHolds(SIZE - 1)
  })
})

describe('storage that fails', () => {
  test('is told of once, keeps nobody from proving, and gets everything when it works again', async () => {
    const disk = new RefusingDisk()
    const faults: FabricError[] = []
    const options = { disk, onFault: (fault: FabricError) => faults.push(fault) }
    const tree = await MerkleTree.open(await FileHashStore.open(directory, options))
    grow(tree, 300)
    await tree.flush()
    disk.refusing = true
    grow(tree, 600)
    await expect(tree.flush()).rejects.toMatchObject({ code: 'STORAGE_FAILED', details: { code: 'ENOSPC' } })
    await expect(tree.flush()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    // One for each file that has something to write: level-0, level-1 and middle-0.
    expect(new Set(faults.map((fault) => fault.details.path)).size).toBe(faults.length)
    expect(faults.map((fault) => fault.code)).toEqual(Array(3).fill('STORAGE_FAILED'))
    expect(disk.refused).toBeGreaterThan(3)
    expect(await tree.inclusionProof(400, 600)).toEqual(reference.path(400, 0, 600))
    expect(await tree.inclusionProof(10, 600)).toEqual(reference.path(10, 0, 600))
    disk.refusing = false
    grow(tree, 1_100)
    await tree.flush()
    expect(await readFile(join(directory, 'level-0'))).toEqual(
      Buffer.concat(Array.from({ length: 1_100 }, (_, index) => reference.root(index, index + 1))),
    )
    disk.refusing = true
    grow(tree, 1_101)
    await expect(tree.close()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await tree.close()
    const reopened = await MerkleTree.open(await FileHashStore.open(directory))
    expect(reopened.size).toBe(1_100)
    expect(reopened.head()).toEqual(reference.root(0, 1_100))
    await reopened.close()
  })

  test('is tried again with the next hashes, few as they may be', async () => {
    const disk = new RefusingDisk()
    const store = await FileHashStore.open(directory, { disk })
    disk.refusing = true
    store.append(0, reference.root(0, 1))
    await expect(store.flush()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    disk.refusing = false
    store.append(0, reference.root(1, 2))
    await expect.poll(async () => (await stat(join(directory, 'level-0'))).size).toBe(64)
    expect(await readFile(join(directory, 'level-0'))).toEqual(
      Buffer.concat([reference.root(0, 1), reference.root(1, 2)]),
    )
    await store.close()
  })

  test('does not make what waits for it grow without end', async () => {
    const disk = new RefusingDisk()
    const faults: FabricError[] = []
    const store = await FileHashStore.open(directory, { disk, onFault: (fault) => faults.push(fault) })
    disk.refusing = true
    const tile = Buffer.alloc(8_192, 5)
    const fitting = LIMITS.waitingHashBytes / tile.length
    for (let count = 0; count < fitting + 10; count += 1) store.append(0, tile)
    expect(store.counts()[0]).toBe(fitting * 256)
    expect(await store.read(0, fitting * 256 - 1, 1)).toEqual(tile.subarray(0, 32))
    await expect(store.read(0, fitting * 256, 1)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(store.flush()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    disk.refusing = false
    await store.flush()
    // A later hash would lie in the place of one that was dropped.
    store.append(0, tile)
    await store.close()
    expect((await stat(join(directory, 'level-0'))).size).toBe(LIMITS.waitingHashBytes)
    expect(faults.filter((fault) => fault.message.includes('dropped')).length).toBe(1)
  })

  test('has a code wherever it shows', async () => {
    await writeFile(join(directory, 'file'), '')
    const failed = { code: 'STORAGE_FAILED', details: { code: 'ENOTDIR' } }
    await expect(FileHashStore.open(join(directory, 'file', 'hashes'))).rejects.toMatchObject(failed)
    const hashes = join(directory, 'hashes')
    const store = await FileHashStore.open(hashes)
    store.append(0, reference.root(0, 1))
    await store.close()
    store.append(0, reference.root(1, 2))
    expect(store.counts()[0]).toBe(1)
    await expect(store.read(0, 0, 1)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(store.truncate(0, 0)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect((await stat(join(hashes, 'level-0'))).size).toBe(32)
    await rm(join(hashes, 'level-3'))
    await mkdir(join(hashes, 'level-3'))
    await expect(FileHashStore.open(hashes)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })
})
