import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './hash.js'

/**
 * Why a proof does not hold: an index or size that no tree has, fewer or more hashes than its place in the tree takes,
 * or hashes that lead to another root.
 */
export type ProofFault = 'out_of_range' | 'too_short' | 'too_long' | 'mismatch'

export interface InclusionClaim {
  /** Index of the entry. */
  readonly index: number
  /** Size of the tree it is said to be in. */
  readonly size: number
  /** Leaf hash of the entry. */
  readonly leaf: Uint8Array
  readonly root: Uint8Array
}

export interface ConsistencyClaim {
  readonly oldSize: number
  /** Root of the smaller tree; the root of a tree of size 0 is EMPTY_ROOT. */
  readonly oldRoot: Uint8Array
  readonly newSize: number
  readonly newRoot: Uint8Array
}

/** Checks that the leaf is in the tree (RFC 9162 section 2.1.3.2); undefined when it is. */
export function checkInclusion(claim: InclusionClaim, proof: readonly Uint8Array[]): ProofFault | undefined {
  const root = inclusionRoot(claim, proof)
  if (typeof root === 'string') return root
  return root.equals(claim.root) ? undefined : 'mismatch'
}

/** The root that a proof of inclusion leads to. */
export function inclusionRoot(claim: Omit<InclusionClaim, 'root'>, proof: readonly Uint8Array[]): Buffer | ProofFault {
  if (!isSize(claim.index) || !isSize(claim.size) || claim.index >= claim.size) return 'out_of_range'
  if (![claim.leaf, ...proof].every(isHash)) return 'mismatch'
  let place = claim.index
  let last = claim.size - 1
  let root: Buffer = Buffer.from(claim.leaf)
  for (const sibling of proof) {
    if (last === 0) return 'too_long'
    if (isOdd(place) || place === last) {
      root = nodeHash(sibling, root)
      // A node at the right edge without a sibling is its own parent.
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)]
    } else {
      root = nodeHash(root, sibling)
    }
    place = half(place)
    last = half(last)
  }
  return last === 0 ? root : 'too_short'
}

/**
 * Checks that the larger tree starts with all entries of the smaller one (RFC 9162 section 2.1.4.2); undefined when it
 * does. Between equal sizes, and from size 0, the proof has no hashes.
 */
export function checkConsistency(claim: ConsistencyClaim, proof: readonly Uint8Array[]): ProofFault | undefined {
  const { oldSize, oldRoot, newSize, newRoot } = claim
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) return 'out_of_range'
  if (![oldRoot, newRoot, ...proof].every(isHash)) return 'mismatch'
  if (oldSize === 0 && !EMPTY_ROOT.equals(oldRoot)) return 'mismatch'
  if (oldSize === 0 || oldSize === newSize) {
    if (proof.length > 0) return 'too_long'
    return oldSize === 0 && newSize > 0 ? undefined : sameHash(oldRoot, newRoot)
  }
  const roots = consistencyRoots(claim, proof)
  if (typeof roots === 'string') return roots
  return sameHash(roots.old, oldRoot) ?? sameHash(roots.new, newRoot)
}

function consistencyRoots(
  { oldSize, oldRoot, newSize }: ConsistencyClaim,
  proof: readonly Uint8Array[],
): { old: Uint8Array; new: Uint8Array } | ProofFault {
  let place = oldSize - 1
  let last = newSize - 1
  while (isOdd(place)) [place, last] = [half(place), half(last)]
  // When the smaller tree is a whole subtree of the larger one, its own root starts the proof and is left out of it.
  const path = place === 0 ? [oldRoot, ...proof] : proof
  const [start, ...siblings] = path
  if (start === undefined) return 'too_short'
  let older = start
  let newer = start
  for (const sibling of siblings) {
    if (last === 0) return 'too_long'
    if (isOdd(place) || place === last) {
      older = nodeHash(sibling, older)
      newer = nodeHash(sibling, newer)
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)]
    } else {
      newer = nodeHash(newer, sibling)
    }
    place = half(place)
    last = half(last)
  }
  return last === 0 ? { old: older, new: newer } : 'too_short'
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isHash(value: Uint8Array): boolean {
  return value.length === HASH_BYTES
}

function sameHash(left: Uint8Array, right: Uint8Array): ProofFault | undefined {
  return Buffer.compare(left, right) === 0 ? undefined : 'mismatch'
}

// Shifts would cut sizes off at 32 bits.
function isOdd(value: number): boolean {
  return value % 2 === 1
}

function half(value: number): number {
  return Math.floor(value / 2)
}
