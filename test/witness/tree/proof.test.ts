import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EMPTY_ROOT } from '../../../src/witness/tree/hash.js'
import { checkConsistency, checkInclusion, inclusionRoot } from '../../../src/witness/tree/proof.js'
import { ReferenceTree, shortEntry } from './reference.js'

const LARGEST = 70
const reference = new ReferenceTree(shortEntry)

function inclusion(index: number, size: number) {
  const claim = { index, size, leaf: reference.root(index, index + 1), root: reference.root(0, size) }
  return { claim, proof: reference.path(index, 0, size) }
}

function consistency(oldSize: number, newSize: number) {
  const claim = { oldSize, oldRoot: reference.root(0, oldSize), newSize, newRoot: reference.root(0, newSize) }
  return { claim, proof: reference.proof(oldSize, newSize) }
}

/** The proof with one bit of each hash in turn flipped. */
function damaged(proof: readonly Buffer[]): Buffer[][] {
  return proof.map((hash, position) => proof.with(position, flipped(hash, position % 32)))
}

function flipped(hash: Uint8Array, byte: number): Buffer {
  const copy = Buffer.from(hash)
  copy[byte] = (copy[byte] ?? 0) ^ 0x10
  return copy
}

const SIZES = Array.from({ length: LARGEST + 1 }, (_, size) => size)
const ENTRIES = SIZES.flatMap((size) => SIZES.slice(0, size).map((index) => inclusion(index, size)))
const PAIRS = SIZES.flatMap((newSize) => SIZES.slice(0, newSize + 1).map((oldSize) => consistency(oldSize, newSize)))

describe('a proof of inclusion', () => {
  test('is accepted for every entry of every small tree', () => {
    expect(ENTRIES.filter(({ claim, proof }) => checkInclusion(claim, proof) !== undefined)).toEqual([])
  })

  test('with a hash left out, wherever, is too short', () => {
    const faults = ENTRIES.flatMap(({ claim, proof }) =>
      proof.map((_, position) => checkInclusion(claim, proof.toSpliced(position, 1))),
    )
    expect(new Set(faults)).toEqual(new Set(['too_short']))
  })

  test('with a hash more, wherever, is too long', () => {
    const faults = ENTRIES.flatMap(({ claim, proof }) =>
      [...proof, EMPTY_ROOT].map((_, position) => checkInclusion(claim, proof.toSpliced(position, 0, EMPTY_ROOT))),
    )
    expect(new Set(faults)).toEqual(new Set(['too_long']))
  })

  test('with any hash changed does not match', () => {
    const faults = ENTRIES.flatMap(({ claim, proof }) => damaged(proof).map((bad) => checkInclusion(claim, bad)))
    expect(new Set(faults)).toEqual(new Set(['mismatch']))
  })

  test('does not match another leaf or root, or hashes of another length', () => {
    const { claim, proof } = inclusion(5, 13)
    expect(checkInclusion({ ...claim, leaf: flipped(claim.leaf, 0) }, proof)).toBe('mismatch')
    expect(checkInclusion({ ...claim, root: flipped(claim.root, 31) }, proof)).toBe('mismatch')
    expect(checkInclusion({ ...claim, root: claim.root.subarray(0, 31) }, proof)).toBe('mismatch')
    expect(checkInclusion({ ...claim, leaf: claim.leaf.subarray(1) }, proof)).toBe('mismatch')
    expect(checkInclusion(claim, proof.with(0, Buffer.alloc(33)))).toBe('mismatch')
  })

  test('holds for no other index', () => {
    const wrong = ENTRIES.flatMap(({ claim, proof }) =>
      SIZES.slice(0, claim.size)
        .filter((index) => index !== claim.index)
        .filter((index) => checkInclusion({ ...claim, index }, proof) === undefined),
    )
    expect(wrong).toEqual([])
  })

  test.each([
    [5, 5],
    [6, 5],
    [0, 0],
    [-1, 5],
    [0.5, 5],
    [0, 5.5],
    [Number.NaN, 5],
    [0, 2 ** 53],
    [0, Number.POSITIVE_INFINITY],
  ])('of entry %d in a tree of %d is out of range', (index, size) => {
    const { claim, proof } = inclusion(0, 5)
    expect(checkInclusion({ ...claim, index, size }, proof)).toBe('out_of_range')
  })

  test('leads to the root, also where indices need more than 32 bits', () => {
    const { claim, proof } = inclusion(5, 13)
    expect(inclusionRoot(claim, proof)).toEqual(claim.root)
    // The last entry of a tree of 2^40 + 1 has one sibling: the root of all 2^40 before it.
    const leaf = reference.root(0, 1)
    const before = reference.root(0, 2)
    expect(inclusionRoot({ index: 2 ** 40, size: 2 ** 40 + 1, leaf }, [before])).toBeInstanceOf(Buffer)
    expect(inclusionRoot({ index: 0, size: 2 ** 40 + 1, leaf }, [before])).toBe('too_short')
    expect(inclusionRoot({ index: 0, size: 2 ** 40 + 1, leaf }, Array(41).fill(before))).toBeInstanceOf(Buffer)
    expect(inclusionRoot({ index: 0, size: 2 ** 40 + 1, leaf }, Array(42).fill(before))).toBe('too_long')
  })
})

describe('a proof of consistency', () => {
  const growing = PAIRS.filter(({ claim }) => claim.oldSize > 0 && claim.oldSize < claim.newSize)

  test('is accepted between all small trees', () => {
    expect(PAIRS.filter(({ claim, proof }) => checkConsistency(claim, proof) !== undefined)).toEqual([])
  })

  test('with a hash left out, wherever, is too short', () => {
    const faults = growing.flatMap(({ claim, proof }) =>
      proof.map((_, position) => checkConsistency(claim, proof.toSpliced(position, 1))),
    )
    expect(new Set(faults)).toEqual(new Set(['too_short']))
    expect(new Set(growing.map(({ claim }) => checkConsistency(claim, [])))).toEqual(new Set(['too_short']))
  })

  test('with a hash more, wherever, is too long, also where none is needed', () => {
    const faults = PAIRS.flatMap(({ claim, proof }) =>
      [...proof, EMPTY_ROOT].map((_, position) => checkConsistency(claim, proof.toSpliced(position, 0, EMPTY_ROOT))),
    )
    expect(new Set(faults)).toEqual(new Set(['too_long']))
  })

  test('with any hash changed does not match', () => {
    const faults = PAIRS.flatMap(({ claim, proof }) => damaged(proof).map((bad) => checkConsistency(claim, bad)))
    expect(new Set(faults)).toEqual(new Set(['mismatch']))
  })

  test('does not match another old or new root', () => {
    const old = PAIRS.map(({ claim, proof }) => {
      return checkConsistency({ ...claim, oldRoot: flipped(claim.oldRoot, 3) }, proof)
    })
    expect(new Set(old)).toEqual(new Set(['mismatch']))
    const grown = PAIRS.filter(({ claim }) => claim.oldSize > 0).map(({ claim, proof }) => {
      return checkConsistency({ ...claim, newRoot: flipped(claim.newRoot, 3) }, proof)
    })
    expect(new Set(grown)).toEqual(new Set(['mismatch']))
  })

  test('holds for no other old size', () => {
    const wrong = growing.filter(({ claim, proof }) =>
      SIZES.slice(1, claim.newSize + 1)
        .filter((oldSize) => oldSize !== claim.oldSize)
        .some((oldSize) => checkConsistency({ ...claim, oldSize }, proof) === undefined),
    )
    expect(wrong).toEqual([])
  })

  test.each([
    [6, 5],
    [-1, 5],
    [1.5, 5],
    [1, 5.5],
    [Number.NaN, 5],
    [1, 2 ** 53],
  ])('from size %d to %d is out of range', (oldSize, newSize) => {
    const { claim, proof } = consistency(3, 5)
    expect(checkConsistency({ ...claim, oldSize, newSize }, proof)).toBe('out_of_range')
  })

  test('takes hashes of 32 bytes only', () => {
    const { claim, proof } = consistency(3, 5)
    expect(checkConsistency({ ...claim, oldRoot: Buffer.alloc(0) }, proof)).toBe('mismatch')
    expect(checkConsistency(claim, proof.with(0, Buffer.alloc(31)))).toBe('mismatch')
  })
})

test('proofs of random larger trees hold, and only for their own root', () => {
  const sizes = fc.tuple(fc.nat(3_000), fc.nat(3_000), fc.nat(3_000)).map((all) => all.sort((a, b) => a - b))
  fc.assert(
    fc.property(sizes, ([first = 0, second = 0, third = 0]) => {
      const entry = inclusion(first, third + 1)
      const growth = consistency(second, third)
      expect(checkInclusion(entry.claim, entry.proof)).toBeUndefined()
      expect(checkConsistency(growth.claim, growth.proof)).toBeUndefined()
      expect(checkInclusion({ ...entry.claim, root: EMPTY_ROOT }, entry.proof)).toBe('mismatch')
    }),
  )
})
