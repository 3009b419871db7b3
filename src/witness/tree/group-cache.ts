import type { Subtree } from './subtree.js'
import { GROUP_HEIGHT, GROUP_WIDTH } from './tile.js'
import { TileNodes } from './tile-nodes.js'

/**
 * The groups of hashes used last, by the root over them. The memory of the oldest is used again for the newest: thrown
 * away, it would make the garbage collector the slowest part of a proof.
 */
export class GroupCache {
  readonly #groups = new Map<number, TileNodes>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Look into it at once: the group is another one as soon as `take` has been called. */
  get(root: Subtree): TileNodes | undefined {
    const key = keyOf(root)
    const group = this.#groups.get(key)
    if (group === undefined) return undefined
    // A map keeps the order of insertion: what was used last goes to its end, what is at its start goes first.
    this.#groups.delete(key)
    this.#groups.set(key, group)
    return group
  }

  /** An empty group to fill and `put`. */
  take(): TileNodes {
    const oldest = this.#groups.size < this.#limit ? undefined : this.#groups.entries().next().value
    if (oldest === undefined) return new TileNodes(GROUP_WIDTH)
    const [key, group] = oldest
    this.#groups.delete(key)
    group.clear()
    return group
  }

  put(root: Subtree, group: TileNodes): void {
    this.#groups.set(keyOf(root), group)
  }
}

/** A number, since a string would be made for every look: roots of groups have 13 heights, so that 16 set them apart. */
function keyOf({ height, position }: Subtree): number {
  return position * 16 + height / GROUP_HEIGHT
}
