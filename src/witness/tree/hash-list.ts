import { assertInvariant } from '../../model/errors.js'
import { HASH_BYTES } from './hash.js'

const FIRST_BYTES = 4 * 1024

/** Hashes in one buffer that doubles when it is full. */
export class HashList {
  #buffer = Buffer.alloc(0)
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  get count(): number {
    return this.#bytes / HASH_BYTES
  }

  /** Takes a copy of whole hashes. */
  append(hashes: Uint8Array): void {
    assertInvariant(hashes.length % HASH_BYTES === 0, 'only whole hashes are kept')
    const end = this.#bytes + hashes.length
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * this.#buffer.length, end))
      this.#buffer.copy(larger, 0, 0, this.#bytes)
      this.#buffer = larger
    }
    this.#buffer.set(hashes, this.#bytes)
    this.#bytes = end
  }

  /** A copy of `count` hashes from index `first` on. */
  copy(first: number, count: number): Buffer {
    assertInvariant(first >= 0 && first + count <= this.count, 'only hashes that are there are read')
    return Buffer.from(this.#buffer.subarray(first * HASH_BYTES, (first + count) * HASH_BYTES))
  }

  /** A view of the first hashes, at most `bytes` of them; it stays as it is until they are dropped. */
  start(bytes: number): Buffer {
    return this.#buffer.subarray(0, Math.min(bytes, this.#bytes))
  }

  /** Removes the first `count` hashes. */
  drop(count: number): void {
    this.#buffer.copyWithin(0, count * HASH_BYTES, this.#bytes)
    this.#bytes -= count * HASH_BYTES
  }

  /** Removes the hashes from index `count` on. */
  truncate(count: number): void {
    this.#bytes = Math.min(this.#bytes, count * HASH_BYTES)
  }
}
