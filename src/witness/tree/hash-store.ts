import { assertInvariant } from '../../model/errors.js'
import { HashList } from './hash-list.js'
import { TREE_LEVELS } from './tile.js'

/**
 * Where the hashes of a tree are kept: level 0 has the leaf hashes, hash i of level n + 1 stands for the full tile i of
 * level n. They are derived from the entries, so a store may lose the newest ones; it never makes one up.
 */
export interface HashStore {
  /** Number of hashes at each level, level 0 first. */
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

/** Hashes in memory, for a fabric without a disk and for checking somebody else's log. */
export class MemoryHashStore implements HashStore {
  readonly #levels = Array.from({ length: TREE_LEVELS }, () => new HashList())

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
    assertInvariant(list !== undefined, `a tree has levels 0 to ${TREE_LEVELS - 1}`)
    return list
  }
}
