import { checkBucket, findInBucket, HEADER_BYTES, type RunHeader, readHeader, stepOf } from './posting-format.js'
import { BUCKETS, bucketOf } from './posting-key.js'

/** Bytes of a run file, from memory or from where it is stored. */
export type ReadRun = (offset: number, length: number) => Promise<Buffer>

/** Throws DATA_CORRUPT unless every byte of the file of a run is as it was written. */
export function checkRun(first: number, bytes: Buffer): void {
  const { fences } = readHeader(first, bytes, bytes.length)
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    checkBucket(first, bucket, bytes.subarray(fences[bucket], fences[bucket + 1]))
  }
}

/** A full run: its header in memory, its postings wherever `read` finds them. */
export class StoredRun {
  readonly first: number
  readonly end: number
  readonly lastAt: number
  readonly #header: RunHeader
  readonly #read: ReadRun

  private constructor(header: RunHeader, read: ReadRun) {
    this.first = header.first
    this.end = header.first + header.count
    this.lastAt = header.lastAt
    this.#header = header
    this.#read = read
  }

  /** Throws DATA_CORRUPT when the header of a file of `size` bytes is damaged. */
  static async open(first: number, size: number, read: ReadRun): Promise<StoredRun> {
    return new StoredRun(readHeader(first, await read(0, HEADER_BYTES), size), read)
  }

  static inMemory(first: number, bytes: Buffer): StoredRun {
    const read = async (offset: number, length: number) => bytes.subarray(offset, offset + length)
    return new StoredRun(readHeader(first, bytes, bytes.length), read)
  }

  /** The same run, read from somewhere else from now on. */
  movedTo(read: ReadRun): StoredRun {
    return new StoredRun(this.#header, read)
  }

  /** Indexes of the entries under any of some keys, rising. Throws DATA_CORRUPT when what it reads is damaged. */
  async find(keys: readonly number[]): Promise<readonly number[]> {
    const buckets = new Set(keys.map(bucketOf))
    const lists = await Promise.all([...buckets].map((bucket) => this.#findIn(bucket, keys)))
    return union(lists.flat())
  }

  /** Some index such that all entries before it are older than `at`. */
  before(at: number): number {
    const { times } = this.#header
    const sample = times.findIndex((time) => time >= at)
    return sample < 0 ? this.#indexOf(times.length - 1) : this.#indexOf(Math.max(0, sample - 1))
  }

  /** Some index such that no entry from it on is older than `at`. */
  notBefore(at: number): number {
    const sample = this.#header.times.findIndex((time) => time >= at)
    return sample < 0 ? this.end : this.#indexOf(sample)
  }

  async #findIn(bucket: number, keys: readonly number[]): Promise<number[][]> {
    const { first, fences } = this.#header
    const start = fences[bucket] ?? 0
    const bytes = await this.#read(start, (fences[bucket + 1] ?? 0) - start)
    return findInBucket(first, keys, checkBucket(first, bucket, bytes))
  }

  #indexOf(sample: number): number {
    return Math.min(this.end, this.first + sample * stepOf(this.#header.count))
  }
}

function union(lists: readonly (readonly number[])[]): readonly number[] {
  if (lists.length < 2) return lists[0] ?? []
  return [...new Set(lists.flat())].sort((a, b) => a - b)
}
