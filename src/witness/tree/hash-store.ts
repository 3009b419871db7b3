import { assertInvariant } from '../../model/errors.js'
import { HashList } from './hash-list.js'
import { TREE_LEVELS } from './tile.js'

/**
 * Where the hashes of a tree are kept: level 0 has the leaf hashes, hash i of level n + 1 stands for the full tile i of
 * level n. `middleOf(n)` is a level of its own: 16 nodes for each full tile of level n. All hashes are derived from the
 * entries, so a store may lose the newest ones; it never makes one up.
 */
export interface HashStore {
  /** Number of hashes at each level, level 0 first, the middles last. */
  counts(): number[]

  /**
   * Adds whole hashes, which are copied, behind those of a level. It is on the hot path: it does not wait, and storage
   * that fails does not make it throw.
   */
  append(level: number, hashes: Uint8Array): void

  /**
   * `count` hashes from index `first` on, of those appended. Throws STORAGE_FAILED when they cannot be read or were
   * dropped, DATA_CORRUPT when they have vanished.
   */
  read(level: number, first: number, count: number): Promise<Buffer>

  /** Forgets the hashes of a level from index `count` on. For a tree that is being opened: nothing may be under way. */
  truncate(level: number, count: number): Promise<void>

  /** Hands everything appended to the operating system. Throws STORAGE_FAILED. */
  flush(): Promise<void>

  /** Flushes and releases everything, also when the flush throws; idempotent. */
  close(): Promise<void>
}

/** Levels of a store: those of the tree, and the middle of each. */
export const STORE_LEVELS = 2 * TREE_LEVELS

/** The level of a store that keeps the nodes at half the height of the tiles of a level. */
export function middleOf(level: number): number {
  return TREE_LEVELS + level
}

/** Hashes in memory, for a fabric without a disk and for checking somebody else's log. */
export class MemoryHashStore implements HashStore {
  readonly #levels = Array.from({ length: STORE_LEVELS }, () => new HashList())

  counts(): number[] {
    return this.#levels.map((level) => level.count)
  }

  append(level: number, hashes: Uint8Array): void {
    this.#level(level).append(hashes)
  }

  async read(level: number, first: number, count: number): Promise<Buffer> {
    return this.#level(level).copy(first, count)
  }

  async truncate(level: number, count: number): Promise<void> {
    this.#level(level).truncate(count)
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {}

  #level(level: number): HashList {
    const list = this.#levels[level]
    assertInvariant(list !== undefined, `a store has levels 0 to ${STORE_LEVELS - 1}`)
    return list
  }
}
