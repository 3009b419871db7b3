export { SHA256_PATTERN } from './blob-store/content.js'
export { FileBlobStore } from './blob-store/file.js'
export { MemoryBlobStore } from './blob-store/memory.js'

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
}
