import { assertInvariant } from '../../model/errors.js'
import { HASH_BYTES } from './hash.js'
import { TREE_LEVELS } from './tile.js'

/**
 * Where the hashes of a tree are kept: level 0 has the leaf hashes, hash i of level n + 1 stands for the full tile i of
 * level n. They are derived from the entries, so a store may lose the newest ones; it never makes one up.
 */
export interface HashStore {
  /** Number of hashes at each level, level 0 first. */
  counts(): number[]

  /** Adds whole hashes, which are copied, behind those of a level. Never throws and never waits: it is on the hot path. */
  append(level: number, hashes: Uint8Array): void

  /**
   * `count` hashes from index `first` on, which must be there. Throws STORAGE_FAILED when they cannot be read,
   * DATA_CORRUPT when they have vanished.
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

const FIRST_BYTES = 4 * 1024

/** Hashes in one buffer that doubles when it is full. */
export class HashList {
  #bytes = Buffer.alloc(0)
  #end = 0

  get count(): number {
    return this.#end / HASH_BYTES
  }

  /** Takes a copy of whole hashes. */
  append(hashes: Uint8Array): void {
    assertInvariant(hashes.length % HASH_BYTES === 0, 'only whole hashes are stored')
    const end = this.#end + hashes.length
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * this.#bytes.length, end))
      this.#bytes.copy(larger, 0, 0, this.#end)
      this.#bytes = larger
    }
    this.#bytes.set(hashes, this.#end)
    this.#end = end
  }

  /** A copy of `count` hashes from index `first` on. */
  copy(first: number, count: number): Buffer {
    assertInvariant(first >= 0 && first + count <= this.count, 'only stored hashes are read')
    return Buffer.from(this.#bytes.subarray(first * HASH_BYTES, (first + count) * HASH_BYTES))
  }

  truncate(count: number): void {
    this.#end = Math.min(this.#end, count * HASH_BYTES)
  }
}
