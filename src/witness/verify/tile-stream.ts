import { EMPTY_ROOT, HASH_BYTES, nodeHash, writeLeafHash, writeNodeHash } from '../tree/hash.js'
import { TILE_WIDTH } from '../tree/tile.js'

/** Hashes of a tile as they follow from the entries below it. */
export interface ComputedTile {
  readonly level: number
  readonly index: number
  /** 1 to 256 hashes. */
  readonly hashes: Buffer
}

interface Edge {
  index: number
  count: number
  hashes: Buffer
}

const TILE_BYTES = TILE_WIDTH * HASH_BYTES

/** The Merkle tree over entries that come one after the other, in the memory of one tile for each level. */
export class TileStream {
  readonly #edges: Edge[] = []
  #completed: ComputedTile[] = []
  #size = 0

  /** Entries so far. */
  get size(): number {
    return this.#size
  }

  append(entry: Uint8Array): void {
    const edge = this.#edge(0)
    writeLeafHash(entry, edge.hashes, edge.count * HASH_BYTES)
    this.#size += 1
    this.#grow(0, edge)
  }

  /** Takes the next entries by the hashes of their leaves. */
  appendLeaves(leaves: Buffer): void {
    for (let offset = 0; offset < leaves.length; offset += HASH_BYTES) {
      this.#size += 1
      this.#put(0, leaves, offset)
    }
  }

  /** The full tiles that were completed since the last call, lower levels first where one completes another. */
  takeCompleted(): ComputedTile[] {
    const completed = this.#completed
    this.#completed = []
    return completed
  }

  /** The partial tiles at the right edge. */
  partial(): ComputedTile[] {
    return this.#edges.flatMap(({ index, count, hashes }, level) =>
      count === 0 ? [] : [{ level, index, hashes: hashes.subarray(0, count * HASH_BYTES) }],
    )
  }

  /** Root of the tree over the entries so far (RFC 9162 section 2.1.1). */
  root(): Buffer {
    let root: Buffer | undefined
    for (const { hashes, count } of this.#edges) {
      // Right to left: each power of two in the count is a whole subtree, the smallest one outermost.
      for (let end = count, width = 1; end > 0; width *= 2) {
        if (end % (2 * width) === 0) continue
        end -= width
        const subtree = subtreeRoot(hashes, end, width)
        root = root === undefined ? subtree : nodeHash(subtree, root)
      }
    }
    return root ?? EMPTY_ROOT
  }

  #put(level: number, source: Buffer, offset: number): void {
    const edge = this.#edge(level)
    source.copy(edge.hashes, edge.count * HASH_BYTES, offset, offset + HASH_BYTES)
    this.#grow(level, edge)
  }

  #grow(level: number, edge: Edge): void {
    edge.count += 1
    if (edge.count < TILE_WIDTH) return
    this.#completed.push({ level, index: edge.index, hashes: edge.hashes })
    this.#put(level + 1, subtreeRoot(edge.hashes, 0, TILE_WIDTH), 0)
    edge.hashes = Buffer.allocUnsafe(TILE_BYTES)
    edge.index += 1
    edge.count = 0
  }

  #edge(level: number): Edge {
    const known = this.#edges[level]
    if (known !== undefined) return known
    const edge = { index: 0, count: 0, hashes: Buffer.allocUnsafe(TILE_BYTES) }
    this.#edges[level] = edge
    return edge
  }
}

const scratch = Buffer.allocUnsafeSlow(TILE_BYTES)

/** Root over `width` hashes from index `first` on; `width` is a power of two up to 256. */
function subtreeRoot(hashes: Buffer, first: number, width: number): Buffer {
  hashes.copy(scratch, 0, first * HASH_BYTES, (first + width) * HASH_BYTES)
  for (let pairs = width / 2; pairs >= 1; pairs /= 2) {
    for (let pair = 0; pair < pairs; pair += 1)
      writeNodeHash(scratch, 2 * pair * HASH_BYTES, scratch, pair * HASH_BYTES)
  }
  return Buffer.from(scratch.subarray(0, HASH_BYTES))
}
