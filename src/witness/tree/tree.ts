import { assertInvariant, FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { EMPTY_ROOT, nodeHash } from './hash.js'
import type { HashStore } from './hash-store.js'
import { consistencyRanges, inclusionRanges, type Range, type Subtree, subtreesOf } from './subtree.js'
import { TILE_WIDTH, tilePath, tileWidth } from './tile.js'
import { TileCache } from './tile-cache.js'
import { TILE_HEIGHT, TileNodes } from './tile-nodes.js'

/** The tile at the right end of a level, which is never full. */
interface Edge {
  readonly tile: TileNodes
  /** Index of the tile within its level. */
  index: number
  /** Hashes of it that the store has. */
  stored: number
}

/**
 * The Merkle tree over the entries of the log (RFC 9162 section 2.1), which only grows. The right edge is in memory; the
 * rest is read from a store and believed only when it hashes to the level above, up to the edge: what leaves the tree
 * fits its head, or is refused with DATA_CORRUPT.
 */
export class MerkleTree {
  readonly #store: HashStore
  readonly #edges: Edge[]
  readonly #checked = new TileCache(LIMITS.checkedTiles)
  #size: number

  private constructor(store: HashStore, edges: Edge[], size: number) {
    this.#store = store
    this.#edges = edges
    this.#size = size
  }

  /**
   * The tree over the leaf hashes in a store. Levels above that are too long for them are cut, those that are too short
   * are computed. The edge has nothing above it to be checked against: compare the head with the last one signed.
   */
  static async open(store: HashStore): Promise<MerkleTree> {
    const counts = store.counts()
    const size = counts[0] ?? 0
    const edges: Edge[] = []
    for (
      let level = 0, hashes = size;
      level === 0 || hashes > 0;
      level += 1, hashes = Math.floor(hashes / TILE_WIDTH)
    ) {
      await completeLevel(store, level, hashes, counts[level] ?? 0)
      edges.push(await readEdge(store, level, hashes))
    }
    for (let level = edges.length; level < counts.length; level += 1) await store.truncate(level, 0)
    return new MerkleTree(store, edges, size)
  }

  /** Number of entries. */
  get size(): number {
    return this.#size
  }

  /** Adds an entry. Throws INVALID_ARGUMENT, and changes nothing, when it has more than 65,535 bytes. */
  append(entry: Uint8Array): void {
    const tile = this.#edge(0).tile
    tile.addEntry(entry)
    this.#size += 1
    if (tile.width === TILE_WIDTH) this.#promote(0)
  }

  /** The root of the tree as it is now. */
  head(): Buffer {
    const hashes = subtreesOf({ start: 0, end: this.#size }).map((subtree) => {
      const hash = this.#edgeNode(subtree)
      assertInvariant(hash !== undefined, 'the right edge of the tree is in memory')
      return hash
    })
    return join(hashes)
  }

  /** The root of the tree when it had `size` entries. Throws NOT_FOUND beyond the tree. */
  async rootAt(size: number): Promise<Buffer> {
    this.#checkSize(size)
    return size === this.#size ? this.head() : this.#rangeHash({ start: 0, end: size })
  }

  /** The leaf hash of entry `index`. Throws NOT_FOUND beyond the tree. */
  async leaf(index: number): Promise<Buffer> {
    this.#checkEntry(index, this.#size)
    return this.#node({ height: 0, position: index })
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
    if (!whole || width === 0 || tileWidth(this.#size, level, index) < width) {
      const message = `The tree of ${this.#size} entries has no tile of level ${level} with ${width} hashes at index ${index}. Ask for the tiles of a signed checkpoint.`
      throw new FabricError('NOT_FOUND', message, { level, index, width, size: this.#size })
    }
    const edge = this.#edges[level]
    const tile = edge?.index === index ? edge.tile : await this.#checkedTile(level, index)
    return Buffer.from(tile.hashes(0, width))
  }

  /** Hands every hash to the store and the store's to the operating system. Throws STORAGE_FAILED. */
  async flush(): Promise<void> {
    this.#storeEdges()
    await this.#store.flush()
  }

  /** Flushes and closes the store. Throws STORAGE_FAILED, after everything is released. */
  async close(): Promise<void> {
    this.#storeEdges()
    await this.#store.close()
  }

  /** Stores the full tile at the end of a level, adds its hash one level up, and goes on there when that is full too. */
  #promote(level: number): void {
    const edge = this.#edge(level)
    this.#storeEdge(edge, level)
    const above = this.#edge(level + 1)
    above.tile.addHash(edge.tile.root(), 0)
    edge.tile.clear()
    edge.index += 1
    edge.stored = 0
    if (above.tile.width === TILE_WIDTH) this.#promote(level + 1)
  }

  #edge(level: number): Edge {
    const edge = this.#edges[level]
    if (edge !== undefined) return edge
    const first: Edge = { tile: new TileNodes(), index: 0, stored: 0 }
    this.#edges.push(first)
    return first
  }

  #storeEdges(): void {
    for (const [level, edge] of this.#edges.entries()) this.#storeEdge(edge, level)
  }

  #storeEdge(edge: Edge, level: number): void {
    if (edge.stored === edge.tile.width) return
    this.#store.append(level, edge.tile.hashes(edge.stored, edge.tile.width))
    edge.stored = edge.tile.width
  }

  async #rangeHashes(ranges: readonly Range[]): Promise<Buffer[]> {
    const hashes: Buffer[] = []
    for (const range of ranges) hashes.push(await this.#rangeHash(range))
    return hashes
  }

  async #rangeHash(range: Range): Promise<Buffer> {
    const hashes: Buffer[] = []
    for (const subtree of subtreesOf(range)) hashes.push(await this.#node(subtree))
    return join(hashes)
  }

  async #node(subtree: Subtree): Promise<Buffer> {
    const hash = this.#edgeNode(subtree)
    if (hash !== undefined) return hash
    const { level, index, height, position } = placeOf(subtree)
    return (await this.#checkedTile(level, index)).node(height, position)
  }

  #edgeNode(subtree: Subtree): Buffer | undefined {
    const { level, index, height, position } = placeOf(subtree)
    const edge = this.#edges[level]
    return edge?.index === index ? edge.tile.node(height, position) : undefined
  }

  #checkedTile(level: number, index: number): Promise<TileNodes> {
    return this.#checked.get(level, index, async () => {
      const expected = await this.#node({ height: (level + 1) * TILE_HEIGHT, position: index })
      const tile = TileNodes.of(await this.#store.read(level, index * TILE_WIDTH, TILE_WIDTH))
      if (tile.root().equals(expected)) return tile
      const path = tilePath(level, index, TILE_WIDTH)
      const message = `The hashes of ${path} do not fit the level above them. Remove the stored hashes of the tree, so that they are derived from the journal again.`
      throw new FabricError('DATA_CORRUPT', message, { tile: path })
    })
  }

  #checkSize(size: number): void {
    if (Number.isSafeInteger(size) && size >= 0 && size <= this.#size) return
    const message = `The tree has ${this.#size} entries: there is no tree of size ${size}. Ask for a size up to that.`
    throw new FabricError('NOT_FOUND', message, { size, entries: this.#size })
  }

  #checkEntry(index: number, size: number): void {
    if (Number.isSafeInteger(index) && index >= 0 && index < size) return
    const message = `A tree of ${size} entries has no entry ${index}. Ask for an index below its size.`
    throw new FabricError('NOT_FOUND', message, { index, size })
  }
}

/** Where the node of a subtree lies: in which tile, and where within it. */
function placeOf({ height, position }: Subtree): Subtree & { level: number; index: number } {
  const within = height % TILE_HEIGHT
  const nodes = TILE_WIDTH >> within
  const index = Math.floor(position / nodes)
  return { level: Math.floor(height / TILE_HEIGHT), index, height: within, position: position - index * nodes }
}

/** The hash over neighbouring subtrees, each smaller than the one to its left. */
function join(hashes: readonly Buffer[]): Buffer {
  return hashes.length === 0 ? Buffer.from(EMPTY_ROOT) : hashes.reduceRight((right, left) => nodeHash(left, right))
}

/** Gives a level as many hashes as the full tiles below it are. */
async function completeLevel(store: HashStore, level: number, hashes: number, stored: number): Promise<void> {
  if (stored > hashes) await store.truncate(level, hashes)
  for (let index = stored; index < hashes; index += 1) {
    store.append(level, TileNodes.of(await store.read(level - 1, index * TILE_WIDTH, TILE_WIDTH)).root())
  }
}

async function readEdge(store: HashStore, level: number, hashes: number): Promise<Edge> {
  const index = Math.floor(hashes / TILE_WIDTH)
  const width = hashes - index * TILE_WIDTH
  const tile = TileNodes.of(await store.read(level, index * TILE_WIDTH, width))
  return { tile, index, stored: width }
}
