import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { GroupCache } from './group-cache.js'
import { type HashStore, middleOf } from './hash-store.js'
import type { RightEdge } from './right-edge.js'
import { placeOf, type Subtree } from './subtree.js'
import { GROUP_HEIGHT, GROUP_WIDTH, TILE_HEIGHT, TILE_WIDTH, tilePath } from './tile.js'
import { TileNodes } from './tile-nodes.js'

/**
 * The stored part of a tree, believed only where it hashes to what is above it, and so on up to the right edge. Checking a
 * full tile for one sibling would cost 255 hashes; its middle row makes that two groups of 16 hashes, 15 each.
 */
export class CheckedHashes {
  readonly #store: HashStore
  readonly #edge: RightEdge
  readonly #groups = new GroupCache(LIMITS.checkedHashGroups)

  constructor(store: HashStore, edge: RightEdge) {
    this.#store = store
    this.#edge = edge
  }

  /** The node of a subtree, when nothing has to be read for it. */
  known(subtree: Subtree): Buffer | undefined {
    const growing = this.#edge.node(subtree)
    if (growing !== undefined) return growing
    const { root, height, position } = groupOf(subtree)
    return this.#groups.get(root)?.node(height, position)
  }

  /** The node of a subtree of the tree. Throws DATA_CORRUPT, and what the store throws. */
  async node(subtree: Subtree): Promise<Buffer> {
    const known = this.known(subtree)
    if (known !== undefined) return known
    const { root, height, position } = groupOf(subtree)
    const first = root.position * GROUP_WIDTH
    const place = placeOf({ height: root.height - GROUP_HEIGHT, position: first })
    const [hashes, expected] = await Promise.all([
      this.#store.read(place.height === 0 ? place.level : middleOf(place.level), first, GROUP_WIDTH),
      this.node(root),
    ])
    const group = this.#groups.take()
    group.addHashes(hashes)
    if (!group.root().equals(expected)) throw corrupt(place.level, place.index)
    this.#groups.put(root, group)
    return group.node(height, position)
  }

  /** The hashes of a full tile. Throws DATA_CORRUPT, and what the store throws. */
  async tile(level: number, index: number): Promise<Buffer> {
    const [hashes, expected] = await Promise.all([
      this.#store.read(level, index * TILE_WIDTH, TILE_WIDTH),
      this.node({ height: (level + 1) * TILE_HEIGHT, position: index }),
    ])
    if (!TileNodes.of(hashes).root().equals(expected)) throw corrupt(level, index)
    return hashes
  }
}

/** Where a node lies in which group of 16 hashes, named by the root over them. */
function groupOf({ height, position }: Subtree): Subtree & { readonly root: Subtree } {
  const within = height % GROUP_HEIGHT
  const nodes = GROUP_WIDTH >> within
  const index = Math.floor(position / nodes)
  const root = { height: height - within + GROUP_HEIGHT, position: index }
  return { root, height: within, position: position - index * nodes }
}

function corrupt(level: number, index: number): FabricError {
  const tile = tilePath(level, index, TILE_WIDTH)
  const message = `The stored hashes of ${tile} do not fit the level above them. Remove the stored hashes of the tree, so that they are derived from the journal again.`
  return new FabricError('DATA_CORRUPT', message, { tile })
}
