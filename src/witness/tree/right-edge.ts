import { type HashStore, middleOf } from './hash-store.js'
import { placeOf, type Subtree } from './subtree.js'
import { GROUP_HEIGHT, GROUP_WIDTH, TILE_WIDTH } from './tile.js'
import { TileNodes } from './tile-nodes.js'

/** The tile at the end of a level, which is never full. */
interface GrowingTile {
  readonly nodes: TileNodes
  /** Index of the tile within its level. */
  index: number
  /** Hashes of it that the store has. */
  stored: number
}

/** The tiles that still grow, one per level: where a tree takes entries, and all that its head depends on. */
export class RightEdge {
  readonly #store: HashStore
  readonly #tiles: GrowingTile[]
  #size: number

  private constructor(store: HashStore, tiles: GrowingTile[], size: number) {
    this.#store = store
    this.#tiles = tiles
    this.#size = size
  }

  /** Continues from the leaf hashes of a store, whose other levels are cut or completed to fit them. */
  static async open(store: HashStore): Promise<RightEdge> {
    const size = store.counts()[0] ?? 0
    const tiles: GrowingTile[] = []
    let hashes = size
    for (let level = 0; level === 0 || hashes > 0; level += 1) {
      const tile = await readGrowingTile(store, level, hashes)
      tiles.push(tile)
      await fitToFullTiles(store, level, tile.index)
      hashes = tile.index
    }
    return new RightEdge(store, tiles, size)
  }

  /** Number of entries in the tree. */
  get size(): number {
    return this.#size
  }

  append(entry: Uint8Array): void {
    const { nodes } = this.#tile(0)
    nodes.addEntry(entry)
    this.#size += 1
    if (nodes.full) this.#promote(0)
  }

  /** The node of a subtree that lies here. */
  node(subtree: Subtree): Buffer | undefined {
    const { level, index, height, position } = placeOf(subtree)
    const tile = this.#tiles[level]
    return tile?.index === index ? tile.nodes.node(height, position) : undefined
  }

  /** A copy of the first `width` hashes of a tile that lies here. */
  tile(level: number, index: number, width: number): Buffer | undefined {
    const tile = this.#tiles[level]
    return tile?.index === index ? Buffer.from(tile.nodes.hashes(0, width)) : undefined
  }

  /** Gives the store what it does not have yet. */
  store(): void {
    for (const [level, tile] of this.#tiles.entries()) this.#storeTile(level, tile)
  }

  /** Stores the full tile at the end of a level, adds its hash one level up, and goes on there when that is full too. */
  #promote(level: number): void {
    const tile = this.#tile(level)
    this.#storeTile(level, tile)
    this.#store.append(middleOf(level), tile.nodes.row(GROUP_HEIGHT))
    const above = this.#tile(level + 1)
    above.nodes.addHashes(tile.nodes.root())
    tile.nodes.clear()
    tile.index += 1
    tile.stored = 0
    if (above.nodes.full) this.#promote(level + 1)
  }

  #tile(level: number): GrowingTile {
    const tile = this.#tiles[level]
    if (tile !== undefined) return tile
    const first = { nodes: new TileNodes(TILE_WIDTH), index: 0, stored: 0 }
    this.#tiles.push(first)
    return first
  }

  #storeTile(level: number, tile: GrowingTile): void {
    const { width } = tile.nodes
    if (tile.stored < width) this.#store.append(level, tile.nodes.hashes(tile.stored, width))
    tile.stored = width
  }
}

async function readGrowingTile(store: HashStore, level: number, hashes: number): Promise<GrowingTile> {
  const index = Math.floor(hashes / TILE_WIDTH)
  const width = hashes - index * TILE_WIDTH
  const nodes = new TileNodes(TILE_WIDTH)
  nodes.addHashes(await store.read(level, index * TILE_WIDTH, width))
  return { nodes, index, stored: width }
}

/** Cuts or completes what is derived from the full tiles of a level: their middles, and their hashes one level up. */
async function fitToFullTiles(store: HashStore, level: number, tiles: number): Promise<void> {
  const groups = TILE_WIDTH / GROUP_WIDTH
  const counts = store.counts()
  const roots = Math.min(tiles, counts[level + 1] ?? 0)
  const middles = Math.min(tiles, Math.floor((counts[middleOf(level)] ?? 0) / groups))
  await store.truncate(level + 1, roots)
  await store.truncate(middleOf(level), middles * groups)
  for (let index = Math.min(roots, middles); index < tiles; index += 1) {
    const nodes = TileNodes.of(await store.read(level, index * TILE_WIDTH, TILE_WIDTH))
    if (index >= roots) store.append(level + 1, nodes.root())
    if (index >= middles) store.append(middleOf(level), nodes.row(GROUP_HEIGHT))
  }
}
