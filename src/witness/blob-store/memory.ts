import { LIMITS } from '../../model/limits.js'
import type { BlobStore, StoredBlob } from '../blob-store.js'
import { measure, requireDigest, requireRoom } from './content.js'

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
}
