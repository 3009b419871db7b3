import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { storageFailed } from '../../journal/file/disk.js'
import { FabricError } from '../../model/errors.js'
import { runCorrupt, runFirst, runName } from './posting-format.js'

/** Where full runs of postings lie, each under the index of its first entry. Nothing in it is precious. */
export interface PostingStorage {
  /** The runs there are, in rising order. */
  list(): Promise<number[]>
  /** Stores a run, whole or not at all, in place of an earlier one. Throws STORAGE_FAILED. */
  write(first: number, bytes: Uint8Array): Promise<void>
  /** Throws DATA_CORRUPT when the run ends earlier. */
  read(first: number, offset: number, length: number): Promise<Buffer>
  /** Bytes of a run. */
  size(first: number): Promise<number>
  remove(first: number): Promise<void>
}

export class MemoryPostingStorage implements PostingStorage {
  readonly #runs = new Map<number, Buffer>()

  async list(): Promise<number[]> {
    return [...this.#runs.keys()].sort((a, b) => a - b)
  }

  async write(first: number, bytes: Uint8Array): Promise<void> {
    this.#runs.set(first, Buffer.from(bytes))
  }

  async read(first: number, offset: number, length: number): Promise<Buffer> {
    const bytes = this.#run(first).subarray(offset, offset + length)
    if (bytes.length < length) throw runCorrupt(first, 'it is shorter than it was')
    return Buffer.from(bytes)
  }

  async size(first: number): Promise<number> {
    return this.#run(first).length
  }

  async remove(first: number): Promise<void> {
    this.#runs.delete(first)
  }

  #run(first: number): Buffer {
    const bytes = this.#runs.get(first)
    if (bytes === undefined) throw new FabricError('STORAGE_FAILED', `There is no ${runName(first)}.`)
    return bytes
  }
}

/**
 * One file per run in a directory. Files appear under their name when they are complete, but are not flushed: after a
 * power cut some may be damaged, and are derived from the log again.
 */
export class FilePostingStorage implements PostingStorage {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Opens or creates the directory. Throws STORAGE_FAILED. */
  static async open(directory: string): Promise<FilePostingStorage> {
    await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error) => {
      throw storageFailed('Creating', directory, error)
    })
    return new FilePostingStorage(directory)
  }

  async list(): Promise<number[]> {
    const names = await this.#try('Reading', this.#directory, () => readdir(this.#directory))
    return names
      .map(runFirst)
      .filter((first) => first !== undefined)
      .sort((a, b) => a - b)
  }

  async write(first: number, bytes: Uint8Array): Promise<void> {
    const path = this.#path(first)
    await this.#try('Writing', path, async () => {
      await writeFile(`${path}.tmp`, bytes, { mode: 0o600 })
      await rename(`${path}.tmp`, path)
    })
  }

  async read(first: number, offset: number, length: number): Promise<Buffer> {
    const path = this.#path(first)
    const bytes = Buffer.allocUnsafe(length)
    const read = await this.#try('Reading', path, async () => {
      await using file = await open(path, 'r')
      return (await file.read(bytes, 0, length, offset)).bytesRead
    })
    if (read < length) throw runCorrupt(first, 'it is shorter than it was')
    return bytes
  }

  async size(first: number): Promise<number> {
    const path = this.#path(first)
    return (await this.#try('Reading', path, () => stat(path))).size
  }

  async remove(first: number): Promise<void> {
    const path = this.#path(first)
    await this.#try('Removing', path, () => rm(path, { force: true }))
  }

  #path(first: number): string {
    return join(this.#directory, runName(first))
  }

  async #try<Result>(doing: string, path: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      throw storageFailed(doing, path, error)
    }
  }
}
