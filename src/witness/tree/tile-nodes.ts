import { assertInvariant } from '../../model/errors.js'
import { HASH_BYTES, writeLeafHash, writeNodeHash } from './hash.js'
import { TILE_WIDTH } from './tile.js'

/** Height of the subtree that a full tile spans: 256 = 2^8. */
export const TILE_HEIGHT = 8

/** Bytes of all nodes: 256 hashes, 128 over pairs of them, and so on up to one. */
const NODE_BYTES = (2 * TILE_WIDTH - 1) * HASH_BYTES

/**
 * The hashes of a tile, full or still growing, with every node over complete pairs of them, so that a proof looks its
 * siblings up. Growing costs two hashes an entry, spread evenly.
 */
export class TileNodes {
  readonly #nodes = Buffer.allocUnsafeSlow(NODE_BYTES)
  #width = 0

  /** From the hashes of a tile, at most 256. */
  static of(hashes: Buffer): TileNodes {
    const tile = new TileNodes()
    for (let offset = 0; offset < hashes.length; offset += HASH_BYTES) tile.addHash(hashes, offset)
    return tile
  }

  get width(): number {
    return this.#width
  }

  /** Adds the leaf hash of an entry. */
  addEntry(entry: Uint8Array): void {
    writeLeafHash(entry, this.#nodes, this.#width * HASH_BYTES)
    this.#joinPairs()
  }

  /** Adds the hash at `offset` of `source`. */
  addHash(source: Buffer, offset: number): void {
    source.copy(this.#nodes, this.#width * HASH_BYTES, offset, offset + HASH_BYTES)
    this.#joinPairs()
  }

  /** Hashes every pair that the newest hash completes. */
  #joinPairs(): void {
    let position = this.#width
    for (let height = 0; position % 2 === 1; height += 1) {
      const parent = position >> 1
      writeNodeHash(this.#nodes, offsetOf(height, position - 1), this.#nodes, offsetOf(height + 1, parent))
      position = parent
    }
    this.#width += 1
  }

  /** Empties it; what was copied from it stays. */
  clear(): void {
    this.#width = 0
  }

  /** Hashes `start` to `end` (exclusive). A view: copy what is kept while the tile may change. */
  hashes(start: number, end: number): Buffer {
    return this.#nodes.subarray(start * HASH_BYTES, end * HASH_BYTES)
  }

  /** A copy of the node over 2^height hashes, the `position`-th of that height. */
  node(height: number, position: number): Buffer {
    assertInvariant((position + 1) << height <= this.#width, 'a node is read when all hashes below it are there')
    const offset = offsetOf(height, position)
    return Buffer.from(this.#nodes.subarray(offset, offset + HASH_BYTES))
  }

  /** The hash of the full tile. */
  root(): Buffer {
    return this.node(TILE_HEIGHT, 0)
  }
}

function offsetOf(height: number, position: number): number {
  return (2 * TILE_WIDTH - ((2 * TILE_WIDTH) >> height) + position) * HASH_BYTES
}
