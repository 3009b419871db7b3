import { assertInvariant, FabricError } from '../../model/errors.js'
import { CheckedHashes } from './checked-hashes.js'
import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './hash.js'
import type { HashStore } from './hash-store.js'
import { RightEdge } from './right-edge.js'
import { consistencyRanges, inclusionRanges, type Range, subtreesOf } from './subtree.js'
import { tileWidth } from './tile.js'

/**
 * The Merkle tree over the entries of the log (RFC 9162 section 2.1), which only grows. The right edge is in memory; the
 * rest is read from a store and believed only when it hashes to the level above, up to the edge: what leaves the tree
 * fits its head, or is refused with DATA_CORRUPT.
 */
export class MerkleTree {
  readonly #store: HashStore
  readonly #edge: RightEdge
  readonly #hashes: CheckedHashes

  private constructor(store: HashStore, edge: RightEdge) {
    this.#store = store
    this.#edge = edge
    this.#hashes = new CheckedHashes(store, edge)
  }

  /**
   * The tree over the leaf hashes in a store. Levels above that are too long for them are cut, those that are too short
   * are computed. The edge has nothing above it to be checked against: compare the head with the last one signed.
   */
  static async open(store: HashStore): Promise<MerkleTree> {
    return new MerkleTree(store, await RightEdge.open(store))
  }

  /** Number of entries. */
  get size(): number {
    return this.#edge.size
  }

  /** Adds an entry. Throws INVALID_ARGUMENT, and changes nothing, when it has more than 65,535 bytes. */
  append(entry: Uint8Array): void {
    this.#edge.append(entry)
  }

  /** The root of the tree as it is now. */
  head(): Buffer {
    const hashes = subtreesOf({ start: 0, end: this.size }).map((subtree) => {
      const hash = this.#edge.node(subtree)
      assertInvariant(hash !== undefined, 'the right edge of the tree is in memory')
      return hash
    })
    return join(hashes)
  }

  /** The root of the tree when it had `size` entries. Throws NOT_FOUND beyond the tree. */
  async rootAt(size: number): Promise<Buffer> {
    this.#checkSize(size)
    return size === this.size ? this.head() : this.#rangeHash({ start: 0, end: size })
  }

  /** The leaf hash of entry `index`. Throws NOT_FOUND beyond the tree. */
  async leaf(index: number): Promise<Buffer> {
    this.#checkEntry(index, this.size)
    return this.#hashes.node({ height: 0, position: index })
  }

  /** The hashes that prove entry `index` in the tree of `size` entries. Throws NOT_FOUND beyond the tree. */
  async inclusionProof(index: number, size: number): Promise<Buffer[]> {
    this.#checkSize(size)
    this.#checkEntry(index, size)
    return this.#rangeHashes(inclusionRanges(index, size))
  }

  /**
   * The hashes that prove that the tree of `newSize` extends that of `oldSize`. Throws NOT_FOUND beyond the tree,
   * INVALID_ARGUMENT when the sizes are the wrong way round.
   */
  async consistencyProof(oldSize: number, newSize: number): Promise<Buffer[]> {
    this.#checkSize(oldSize)
    this.#checkSize(newSize)
    if (oldSize > newSize) {
      const message = `A tree of ${newSize} entries cannot extend one of ${oldSize}. Give the smaller size first.`
      throw new FabricError('INVALID_ARGUMENT', message, { oldSize, newSize })
    }
    return this.#rangeHashes(consistencyRanges(oldSize, newSize))
  }

  /** The first `width` hashes of a tile. Throws NOT_FOUND when the tree has no such tile or not so many hashes in it. */
  async tile(level: number, index: number, width: number): Promise<Buffer> {
    const whole = [level, index, width].every((value) => Number.isSafeInteger(value) && value >= 0)
    if (!whole || width === 0 || tileWidth(this.size, level, index) < width) {
      const message = `The tree of ${this.size} entries has no tile of level ${level} with ${width} hashes at index ${index}. Ask for the tiles of a signed checkpoint.`
      throw new FabricError('NOT_FOUND', message, { level, index, width, size: this.size })
    }
    const growing = this.#edge.tile(level, index, width)
    return growing ?? (await this.#hashes.tile(level, index)).subarray(0, width * HASH_BYTES)
  }

  /** Hands every hash to the store and the store's to the operating system. Throws STORAGE_FAILED. */
  async flush(): Promise<void> {
    this.#edge.store()
    await this.#store.flush()
  }

  /** Flushes and closes the store. Throws STORAGE_FAILED, after everything is released. */
  async close(): Promise<void> {
    this.#edge.store()
    await this.#store.close()
  }

  async #rangeHashes(ranges: readonly Range[]): Promise<Buffer[]> {
    const hashes: Buffer[] = []
    for (const range of ranges) hashes.push(await this.#rangeHash(range))
    return hashes
  }

  async #rangeHash(range: Range): Promise<Buffer> {
    const hashes: Buffer[] = []
    for (const subtree of subtreesOf(range)) {
      // Most are known: a step that has to wait for nothing costs more than the node.
      hashes.push(this.#hashes.known(subtree) ?? (await this.#hashes.node(subtree)))
    }
    return join(hashes)
  }

  #checkSize(size: number): void {
    if (Number.isSafeInteger(size) && size >= 0 && size <= this.size) return
    const message = `The tree has ${this.size} entries: there is no tree of size ${size}. Ask for a size up to that.`
    throw new FabricError('NOT_FOUND', message, { size, entries: this.size })
  }

  #checkEntry(index: number, size: number): void {
    if (Number.isSafeInteger(index) && index >= 0 && index < size) return
    const message = `A tree of ${size} entries has no entry ${index}. Ask for an index below its size.`
    throw new FabricError('NOT_FOUND', message, { index, size })
  }
}

/** The hash over neighbouring subtrees, each smaller than the one to its left. */
function join(hashes: readonly Buffer[]): Buffer {
  return hashes.length === 0 ? Buffer.from(EMPTY_ROOT) : hashes.reduceRight((right, left) => nodeHash(left, right))
}
