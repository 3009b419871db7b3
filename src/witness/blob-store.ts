import { createHash } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { flushDirectory, storageFailed } from '../journal/file/disk.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'

export interface StoredBlob {
  /** SHA-256 of the content, 64 lower-case hexadecimal digits. */
  readonly sha256: string
  readonly bytes: number
}

/** Content that is too large for an entry, found by its digest. A `sha256` that is none is INVALID_ARGUMENT. */
export interface BlobStore {
  /**
   * Resolves when the content is durable; the same content is kept once. Throws INVALID_ARGUMENT for a blob that is too
   * large, STORAGE_FAILED when the disk or the bound of the store refuses it.
   */
  put(content: Uint8Array): Promise<StoredBlob & { readonly isNew: boolean }>

  /** Throws DATA_CORRUPT when what is kept is not what was stored. */
  get(sha256: string): Promise<Buffer | undefined>

  has(sha256: string): Promise<boolean>

  /** Whether it was there. */
  delete(sha256: string): Promise<boolean>

  /** What is kept, in no order. */
  list(): AsyncIterable<StoredBlob>
}

export const SHA256_PATTERN = /^[0-9a-f]{64}$/

export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<string, Buffer>()
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number = LIMITS.memoryBlobStoreBytes) {
    this.#maxBytes = maxBytes
  }

  async put(content: Uint8Array): Promise<StoredBlob & { readonly isNew: boolean }> {
    const blob = measure(content)
    if (this.#blobs.has(blob.sha256)) return { ...blob, isNew: false }
    requireRoom(this.#bytes, blob.bytes, this.#maxBytes)
    this.#blobs.set(blob.sha256, Buffer.from(content))
    this.#bytes += blob.bytes
    return { ...blob, isNew: true }
  }

  async get(sha256: string): Promise<Buffer | undefined> {
    const content = this.#blobs.get(requireDigest(sha256))
    return content && Buffer.from(content)
  }

  async has(sha256: string): Promise<boolean> {
    return this.#blobs.has(requireDigest(sha256))
  }

  async delete(sha256: string): Promise<boolean> {
    this.#bytes -= this.#blobs.get(requireDigest(sha256))?.length ?? 0
    return this.#blobs.delete(sha256)
  }

  async *list(): AsyncGenerator<StoredBlob, void> {
    for (const [sha256, { length: bytes }] of this.#blobs) yield { sha256, bytes }
  }
}

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

  async *list(): AsyncGenerator<StoredBlob, void> {
    for await (const start of this.#names(this.#directory, /^[0-9a-f]{2}$/)) {
      const directory = join(this.#directory, start)
      for await (const rest of this.#names(directory, /^[0-9a-f]{62}$/)) {
        const path = join(directory, rest)
        const found = await unlessMissing('Reading', path, stat(path))
        if (found !== undefined) yield { sha256: start + rest, bytes: found.size }
      }
    }
  }

  async *#names(directory: string, pattern: RegExp): AsyncGenerator<string, void> {
    const names = await unlessMissing('Reading', directory, readdir(directory))
    for (const name of names ?? []) if (pattern.test(name)) yield name
  }

  async #countBytes(): Promise<number> {
    let bytes = 0
    for await (const blob of this.list()) bytes += blob.bytes
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

/** A digest becomes a path, so it must be nothing else. */
function requireDigest(sha256: string): string {
  if (SHA256_PATTERN.test(sha256)) return sha256
  const message = 'sha256 is not a SHA-256 digest: give 64 lower-case hexadecimal digits.'
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'sha256', pattern: SHA256_PATTERN.source })
}

function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

function measure(content: Uint8Array): StoredBlob {
  const bytes = content.length
  if (bytes <= LIMITS.blobBytes) return { sha256: digestOf(content), bytes }
  const message = `A blob has at most ${LIMITS.blobBytes} bytes, not ${bytes}. Compress it, or store it in parts.`
  throw new FabricError('INVALID_ARGUMENT', message, { bytes, maxBytes: LIMITS.blobBytes })
}

function requireRoom(storedBytes: number, bytes: number, maxBytes: number): void {
  if (storedBytes + bytes <= maxBytes) return
  const message = `The blobs take ${storedBytes} bytes and may take ${maxBytes}. Delete some, then try again.`
  throw new FabricError('STORAGE_FAILED', message, { storedBytes, bytes, maxBytes })
}

async function unlessMissing<Result>(doing: string, path: string, work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw storageFailed(doing, path, error)
  }
}
