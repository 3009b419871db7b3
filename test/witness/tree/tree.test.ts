import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { leafHash } from '../../../src/witness/tree/hash.js'
import { MemoryHashStore } from '../../../src/witness/tree/hash-store.js'
import { checkInclusion } from '../../../src/witness/tree/proof.js'
import { tileWidth } from '../../../src/witness/tree/tile.js'
import { MerkleTree } from '../../../src/witness/tree/tree.js'
import { ReferenceTree, shortEntry } from './reference.js'

const reference = new ReferenceTree(shortEntry)

/** Sizes around one full tile, and around a full tile of full tiles. */
const EDGES = [0, 1, 2, 255, 256, 257, 4_095, 4_096, 4_097, 65_535, 65_536, 65_537]

async function treeOf(size: number): Promise<MerkleTree> {
  const tree = await MerkleTree.open(new MemoryHashStore())
  grow(tree, size)
  return tree
}

function grow(tree: MerkleTree, size: number): void {
  while (tree.size < size) tree.append(shortEntry(tree.size))
}

/** Quicker to compare, and to read when they differ. */
function text(proof: readonly Buffer[]): string {
  return proof.map((hash) => hash.toString('hex')).join(' ')
}

describe('the known answers of RFC 6962', () => {
  const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
  const ROOTS = [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ]

  test('are the roots of sizes 0 to 8, as heads and looked back at', async () => {
    const tree = await MerkleTree.open(new MemoryHashStore())
    const heads = [tree.head().toString('hex')]
    for (const leaf of LEAVES) {
      tree.append(Buffer.from(leaf, 'hex'))
      heads.push(tree.head().toString('hex'))
    }
    expect(heads).toEqual(ROOTS)
    const past = await Promise.all(ROOTS.map((_, size) => tree.rootAt(size)))
    expect(past.map((root) => root.toString('hex'))).toEqual(ROOTS)
  })
})

describe('every tree of up to 70 entries', () => {
  const SIZES = Array.from({ length: 71 }, (_, size) => size)

  test('has the head and the proofs of the reference, while it grows and after', async () => {
    const grown = await treeOf(70)
    const growing = await treeOf(0)
    for (const size of SIZES) {
      grow(growing, size)
      expect(growing.head()).toEqual(reference.root(0, size))
      const expected = [
        ...SIZES.slice(0, size).map((index) => reference.path(index, 0, size)),
        ...SIZES.slice(0, size + 1).map((oldSize) => reference.proof(oldSize, size)),
      ]
      for (const tree of [growing, grown]) {
        const proofs = await Promise.all([
          ...SIZES.slice(0, size).map((index) => tree.inclusionProof(index, size)),
          ...SIZES.slice(0, size + 1).map((oldSize) => tree.consistencyProof(oldSize, size)),
        ])
        expect(proofs.map(text)).toEqual(expected.map(text))
      }
    }
  })
})

describe('a tree of more than one tile', () => {
  let tree: MerkleTree
  const heads = new Map<number, Buffer>()

  beforeAll(async () => {
    tree = await treeOf(0)
    for (const size of EDGES) {
      grow(tree, size)
      heads.set(size, tree.head())
    }
  })

  test.each(EDGES)('has the head of the reference at size %i, then and later', async (size) => {
    expect(heads.get(size)).toEqual(reference.root(0, size))
    expect(await tree.rootAt(size)).toEqual(reference.root(0, size))
  })

  test('proves entries at the edges of tiles in trees of every such size', async () => {
    for (const size of EDGES) {
      const indices = EDGES.flatMap((edge) => [edge - 1, edge]).filter((index) => index >= 0 && index < size)
      for (const index of indices) {
        expect(await tree.inclusionProof(index, size)).toEqual(reference.path(index, 0, size))
        expect(await tree.leaf(index)).toEqual(reference.root(index, index + 1))
      }
    }
  })

  test('proves that it extends itself between all such sizes', async () => {
    for (const newSize of EDGES) {
      for (const oldSize of EDGES.filter((size) => size <= newSize)) {
        expect(await tree.consistencyProof(oldSize, newSize)).toEqual(reference.proof(oldSize, newSize))
      }
    }
  })

  test('proves whatever is asked for', async () => {
    const sizes = fc.tuple(fc.nat(65_536), fc.nat(65_536)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
    await fc.assert(
      fc.asyncProperty(sizes, async ([smaller, larger]) => {
        expect(await tree.inclusionProof(smaller, larger + 1)).toEqual(reference.path(smaller, 0, larger + 1))
        expect(await tree.consistencyProof(smaller, larger)).toEqual(reference.proof(smaller, larger))
        expect(await tree.rootAt(larger)).toEqual(reference.root(0, larger))
      }),
      { numRuns: 60 },
    )
  })

  test('serves the tiles of its size, and of each smaller one', async () => {
    for (const size of EDGES) {
      for (const level of [0, 1, 2]) {
        const span = 256 ** level
        for (
          let index = Math.max(0, Math.floor(size / span / 256) - 1);
          tileWidth(size, level, index) > 0;
          index += 1
        ) {
          const width = tileWidth(size, level, index)
          const first = index * 256
          const hashes = Array.from({ length: width }, (_, at) =>
            reference.root((first + at) * span, (first + at + 1) * span),
          )
          expect(await tree.tile(level, index, width)).toEqual(Buffer.concat(hashes))
        }
      }
    }
  })

  test.each([
    [0, 256, 2],
    [0, 257, 1],
    [1, 0, 257],
    [1, 1, 1],
    [2, 0, 2],
    [3, 0, 1],
    [63, 0, 1],
    [64, 0, 1],
    [0, 0, 0],
    [0, 0, 257],
    [0, -1, 1],
    [-1, 0, 1],
    [0.5, 0, 1],
    [0, Number.NaN, 1],
  ])('has no tile of level %d at index %d with %d hashes', async (level, index, width) => {
    await expect(tree.tile(level, index, width)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('knows nothing beyond its end', async () => {
    const missing = { code: 'NOT_FOUND' }
    await expect(tree.rootAt(65_538)).rejects.toMatchObject(missing)
    await expect(tree.rootAt(-1)).rejects.toMatchObject(missing)
    await expect(tree.leaf(65_537)).rejects.toMatchObject(missing)
    await expect(tree.leaf(1.5)).rejects.toMatchObject(missing)
    await expect(tree.inclusionProof(0, 65_538)).rejects.toMatchObject(missing)
    await expect(tree.inclusionProof(0, 0)).rejects.toMatchObject(missing)
    await expect(tree.inclusionProof(256, 256)).rejects.toMatchObject(missing)
    await expect(tree.inclusionProof(-1, 256)).rejects.toMatchObject(missing)
    await expect(tree.consistencyProof(0, 65_538)).rejects.toMatchObject(missing)
    await expect(tree.consistencyProof(Number.NaN, 5)).rejects.toMatchObject(missing)
    await expect(tree.consistencyProof(2, 1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('answers with copies: writing to them changes nothing', async () => {
    for (const size of [257, 65_537]) {
      const answers = [
        await tree.leaf(size - 1),
        await tree.leaf(0),
        tree.head(),
        await tree.tile(0, 0, 256),
        await tree.tile(0, 256, 1),
      ]
      for (const answer of [...answers, ...(await tree.inclusionProof(1, size))]) answer.fill(0)
      expect(await tree.inclusionProof(1, size)).toEqual(reference.path(1, 0, size))
      expect(tree.head()).toEqual(reference.root(0, 65_537))
      expect(await tree.leaf(0)).toEqual(reference.root(0, 1))
      expect(await tree.tile(0, 256, 1)).toEqual(reference.root(65_536, 65_537))
    }
    expect((await treeOf(0)).head().fill(0)).not.toEqual((await treeOf(0)).head())
  })
})

describe('a tree that grows meanwhile', () => {
  test('gives the proofs it was asked for', async () => {
    const tree = await treeOf(250)
    const proofs: Promise<Buffer[]>[] = []
    for (let size = 250; size < 1_100; size += 50) {
      grow(tree, size)
      proofs.push(tree.inclusionProof(size - 2, size), tree.consistencyProof(200, size), tree.inclusionProof(17, size))
    }
    grow(tree, 5_000)
    const expected = []
    for (let size = 250; size < 1_100; size += 50) {
      expected.push(reference.path(size - 2, 0, size), reference.proof(200, size), reference.path(17, 0, size))
    }
    expect(await Promise.all(proofs)).toEqual(expected)
  })

  test('is as it was after an entry that is too large', async () => {
    const tree = await treeOf(255)
    expect(() => tree.append(Buffer.alloc(65_536))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(tree.size).toBe(255)
    expect(tree.head()).toEqual(reference.root(0, 255))
    grow(tree, 258)
    expect(tree.head()).toEqual(reference.root(0, 258))
    tree.append(Buffer.alloc(65_535))
    expect(tree.size).toBe(259)
  })

  test('reads far more groups of hashes than it keeps', async () => {
    const size = 140_000
    const tree = await treeOf(size)
    for (let index = 0; index < size; index += 16) await tree.leaf(index)
    for (const index of [0, 1, 16, 100_000, 139_999]) {
      const claim = { index, size, leaf: leafHash(shortEntry(index)), root: tree.head() }
      expect(checkInclusion(claim, await tree.inclusionProof(index, size))).toBeUndefined()
    }
  })
})

describe('a tree over stored hashes', () => {
  test('goes on where it was flushed, at every edge', async () => {
    for (const size of EDGES) {
      const store = new MemoryHashStore()
      const first = await MerkleTree.open(store)
      grow(first, size)
      await first.flush()
      const second = await MerkleTree.open(store)
      expect(second.size).toBe(size)
      expect(second.head()).toEqual(first.head())
      grow(second, size + 2)
      expect(second.head()).toEqual(reference.root(0, size + 2))
    }
  })

  test('stores every hash once, however often it is flushed', async () => {
    const store = new MemoryHashStore()
    const tree = await MerkleTree.open(store)
    for (const size of [10, 10, 200, 256, 300, 700]) {
      grow(tree, size)
      await tree.flush()
      expect(store.counts().slice(0, 2)).toEqual([size, Math.floor(size / 256)])
    }
    const stored = await store.read(0, 0, 700)
    expect(stored).toEqual(Buffer.concat(Array.from({ length: 700 }, (_, index) => reference.root(index, index + 1))))
  })

  test.each([
    [
      'levels above that are too short',
      [
        [1, 100],
        [2, 0],
        [7, 1_616],
        [8, 3],
      ],
    ],
    [
      'levels above that are missing',
      [
        [1, 0],
        [2, 0],
        [7, 0],
        [8, 0],
      ],
    ],
    ['leaves that are too short for what is above', [[0, 40_000]]],
    ['leaves that are gone', [[0, 0]]],
    ['only the middle rows cut, within a tile', [[7, 37]]],
    ['only the tiles above cut', [[1, 255]]],
  ] as const)('is made consistent from %s', async (_, cuts) => {
    const store = new MemoryHashStore()
    const tree = await MerkleTree.open(store)
    grow(tree, 65_537)
    await tree.flush()
    for (const [level, count] of cuts) await store.truncate(level, count)
    const size = store.counts()[0] ?? 0
    const reopened = await MerkleTree.open(store)
    expect(reopened.size).toBe(size)
    expect(reopened.head()).toEqual(reference.root(0, size))
    grow(reopened, 65_540)
    expect(reopened.head()).toEqual(reference.root(0, 65_540))
    for (const index of [0, 255, 9_000, 39_999, 40_001, 65_539]) {
      expect(await reopened.inclusionProof(index, 65_540)).toEqual(reference.path(index, 0, 65_540))
    }
  })
})
