import { hash } from 'node:crypto'
import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'

/** SHA-256. */
export const HASH_BYTES = 32

/** Prefixes that keep a leaf from passing for a node (RFC 9162 section 2.1.1). */
const LEAF_PREFIX = 0
const NODE_PREFIX = 1

// A digest as a string that is written into its place costs a third of one that comes as a Buffer of its own, and plain
// Uint8Array views of these inputs, used by every hash of the process in turn, less than views of a Buffer.
const leafInput = new Uint8Array(1 + LIMITS.entryBytes).fill(LEAF_PREFIX, 0, 1)
const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES).fill(NODE_PREFIX, 0, 1)

/** Hash of the tree without entries: SHA-256 of nothing. Never write to it. */
export const EMPTY_ROOT: Buffer = digest(new Uint8Array(0))

/** Writes the hash of a leaf at `offset`. Throws INVALID_ARGUMENT for an entry beyond the limit. */
export function writeLeafHash(entry: Uint8Array, target: Buffer, offset: number): void {
  if (entry.length > LIMITS.entryBytes) throw oversized(entry.length)
  leafInput.set(entry, 1)
  target.write(hash('sha256', leafInput.subarray(0, entry.length + 1), 'binary'), offset, HASH_BYTES, 'latin1')
}

/** Writes the hash of the node over the two hashes that follow each other in `pair` from `start` on. */
export function writeNodeHash(pair: Buffer, start: number, target: Buffer, offset: number): void {
  pair.copy(nodeInput, 1, start, start + 2 * HASH_BYTES)
  target.write(hash('sha256', nodeInput, 'binary'), offset, HASH_BYTES, 'latin1')
}

/** SHA-256(00 | entry). Throws INVALID_ARGUMENT for an entry of more than 65,535 bytes. */
export function leafHash(entry: Uint8Array): Buffer {
  const result = Buffer.allocUnsafe(HASH_BYTES)
  writeLeafHash(entry, result, 0)
  return result
}

/** SHA-256(01 | left | right), both 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  nodeInput.set(left, 1)
  nodeInput.set(right, 1 + HASH_BYTES)
  return digest(nodeInput)
}

function digest(input: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', input, 'binary'), 'latin1')
}

function oversized(bytes: number): FabricError {
  const message = `An entry of ${bytes} bytes does not fit into the log: the limit is ${LIMITS.entryBytes}. Store the content as a blob and log its digest.`
  return new FabricError('INVALID_ARGUMENT', message, { bytes, limit: LIMITS.entryBytes })
}
