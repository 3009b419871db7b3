import { assertInvariant } from '../../model/errors.js'
import { HASH_BYTES, writeLeafHash, writeNodeHash } from './hash.js'

/**
 * Neighbouring hashes, 2^n when they are all there, with every node over complete pairs of them, so that a proof looks its
 * siblings up. Growing costs one hash more for each on average, evenly spread.
 */
export class TileNodes {
  readonly #capacity: number
  readonly #nodes: Buffer
  #width = 0

  constructor(capacity: number) {
    this.#capacity = capacity
    this.#nodes = Buffer.allocUnsafeSlow((2 * capacity - 1) * HASH_BYTES)
  }

  /** From all 2^n hashes. */
  static of(hashes: Buffer): TileNodes {
    const nodes = new TileNodes(hashes.length / HASH_BYTES)
    nodes.addHashes(hashes)
    return nodes
  }

  get width(): number {
    return this.#width
  }

  get full(): boolean {
    return this.#width === this.#capacity
  }

  /** Adds the leaf hash of an entry; changes nothing when the entry is too large for one. */
  addEntry(entry: Uint8Array): void {
    writeLeafHash(entry, this.#nodes, this.#width * HASH_BYTES)
    this.#joinPairs()
  }

  addHashes(hashes: Buffer): void {
    for (let offset = 0; offset < hashes.length; offset += HASH_BYTES) {
      hashes.copy(this.#nodes, this.#width * HASH_BYTES, offset, offset + HASH_BYTES)
      this.#joinPairs()
    }
  }

  /** Empties it; what was copied from it stays. */
  clear(): void {
    this.#width = 0
  }

  /** Hashes `start` to `end` (exclusive). A view: copy what is kept while more are added. */
  hashes(start: number, end: number): Buffer {
    return this.#nodes.subarray(start * HASH_BYTES, end * HASH_BYTES)
  }

  /** All nodes over 2^height hashes each; a view, too. */
  row(height: number): Buffer {
    return this.#nodes.subarray(this.#offset(height, 0), this.#offset(height, this.#width >> height))
  }

  /** A copy of the node over 2^height hashes, the `position`-th of that height. */
  node(height: number, position: number): Buffer {
    assertInvariant((position + 1) << height <= this.#width, 'a node is read when all hashes below it are there')
    const offset = this.#offset(height, position)
    return Buffer.from(this.#nodes.subarray(offset, offset + HASH_BYTES))
  }

  /** The node over all hashes. */
  root(): Buffer {
    return this.node(Math.log2(this.#capacity), 0)
  }

  /** Hashes every pair that the newest hash completes. */
  #joinPairs(): void {
    let position = this.#width
    for (let height = 0; position % 2 === 1; height += 1) {
      const pair = this.#offset(height, position - 1)
      position >>= 1
      writeNodeHash(this.#nodes, pair, this.#nodes, this.#offset(height + 1, position))
    }
    this.#width += 1
  }

  #offset(height: number, position: number): number {
    const row = 2 * this.#capacity
    return (row - (row >> height) + position) * HASH_BYTES
  }
}
