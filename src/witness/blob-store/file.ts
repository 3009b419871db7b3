import { mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { flushDirectory, storageFailed } from '../../journal/file/disk.js'
import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { BlobStore, StoredBlob } from '../blob-store.js'
import { digestOf, measure, requireDigest, requireRoom } from './content.js'

/** Changes come one after the other, so one name will do. */
const TEMPORARY = 'incoming.tmp'

/** One file for each blob, `<first two digits>/<the other 62>`, readable by nobody but the owner. */
export class FileBlobStore implements BlobStore {
  readonly #directory: string
  readonly #maxBytes: number
  /** Content of all blobs; undefined until the first one is stored, so that a start need not look at every file. */
  #bytes: number | undefined
  /** Changes happen one after the other: what is counted and what is removed must not overtake a write. */
  #changes: Promise<unknown> = Promise.resolve()

  private constructor(directory: string, maxBytes: number) {
    this.#directory = directory
    this.#maxBytes = maxBytes
  }

  /** Creates the directory and removes what an interrupted write left behind. The caller must own the directory. */
  static async open(directory: string, maxBytes: number = LIMITS.blobStoreBytes): Promise<FileBlobStore> {
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await rm(join(directory, TEMPORARY), { force: true })
    } catch (error) {
      throw storageFailed('Opening', directory, error)
    }
    return new FileBlobStore(directory, maxBytes)
  }

  /** For reading the blobs of a directory that another process may own, without changing anything. */
  static reading(directory: string): Pick<BlobStore, 'get' | 'has'> {
    return new FileBlobStore(directory, 0)
  }

  put(content: Uint8Array): Promise<StoredBlob & { readonly isNew: boolean }> {
    return this.#change(async () => {
      const blob = measure(content)
      const path = this.#path(blob.sha256)
      if (await this.#keepExisting(path, blob)) return { ...blob, isNew: false }
      this.#bytes ??= await this.#countBytes()
      requireRoom(this.#bytes, blob.bytes, this.#maxBytes)
      await this.#write(path, content)
      this.#bytes += blob.bytes
      return { ...blob, isNew: true }
    })
  }

  async get(sha256: string): Promise<Buffer | undefined> {
    const path = this.#path(sha256)
    const file = await unlessMissing('Opening', path, open(path, 'r'))
    if (file === undefined) return undefined
    try {
      // A file that is larger than any blob is not worth reading.
      if ((await file.stat()).size <= LIMITS.blobBytes) {
        const content = await file.readFile()
        if (digestOf(content) === sha256) return content
      }
    } catch (error) {
      throw storageFailed('Reading', path, error)
    } finally {
      await file.close()
    }
    const message = `The blob ${path} is not what was stored. Restore it from a backup, or store the same content again.`
    throw new FabricError('DATA_CORRUPT', message, { path, sha256 })
  }

  async has(sha256: string): Promise<boolean> {
    const path = this.#path(sha256)
    return (await unlessMissing('Reading', path, stat(path))) !== undefined
  }

  delete(sha256: string): Promise<boolean> {
    return this.#change(async () => {
      const path = this.#path(sha256)
      const found = await unlessMissing('Reading', path, stat(path))
      if (found === undefined) return false
      const remove = unlink(path).then(() => flushDirectory(dirname(path)))
      await remove.catch((error) => {
        throw storageFailed('Deleting', path, error)
      })
      if (this.#bytes !== undefined) this.#bytes -= found.size
      return true
    })
  }

  async #countBytes(): Promise<number> {
    let bytes = 0
    for (const start of await namesIn(this.#directory, /^[0-9a-f]{2}$/)) {
      const directory = join(this.#directory, start)
      for (const rest of await namesIn(directory, /^[0-9a-f]{62}$/)) {
        const path = join(directory, rest)
        bytes += (await unlessMissing('Reading', path, stat(path)))?.size ?? 0
      }
    }
    return bytes
  }

  /** Whether the content is there already; then it is made durable, which its writer may not have lived to do. */
  async #keepExisting(path: string, { sha256, bytes }: StoredBlob): Promise<boolean> {
    const file = await unlessMissing('Opening', path, open(path, 'r+'))
    if (file === undefined) return false
    try {
      if ((await file.stat()).size !== bytes || digestOf(await file.readFile()) !== sha256) {
        // It was damaged; what is stored now takes its place.
        await unlink(path)
        this.#bytes = undefined
        return false
      }
      await file.datasync()
      await this.#flushNames(path)
      return true
    } catch (error) {
      throw storageFailed('Reading', path, error)
    } finally {
      await file.close()
    }
  }

  /** Readers see the whole content or none. */
  async #write(path: string, content: Uint8Array): Promise<void> {
    const temporary = join(this.#directory, TEMPORARY)
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await rm(temporary, { force: true })
      const file = await open(temporary, 'wx', 0o600)
      try {
        await file.writeFile(content)
        await file.datasync()
      } finally {
        await file.close()
      }
      await rename(temporary, path)
      await this.#flushNames(path)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined)
      throw storageFailed('Writing', path, error)
    }
  }

  async #flushNames(path: string): Promise<void> {
    await flushDirectory(dirname(path))
    await flushDirectory(this.#directory)
  }

  #path(sha256: string): string {
    requireDigest(sha256)
    return join(this.#directory, sha256.slice(0, 2), sha256.slice(2))
  }

  #change<Result>(work: () => Promise<Result>): Promise<Result> {
    const changed = this.#changes.then(work)
    this.#changes = changed.catch(() => undefined)
    return changed
  }
}

/** Files of others may lie beside the blobs. */
async function namesIn(directory: string, pattern: RegExp): Promise<string[]> {
  const names = await unlessMissing('Reading', directory, readdir(directory))
  return (names ?? []).filter((name) => pattern.test(name))
}

async function unlessMissing<Result>(doing: string, path: string, work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw storageFailed(doing, path, error)
  }
}
