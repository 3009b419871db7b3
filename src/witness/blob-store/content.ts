import { createHash } from 'node:crypto'
import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { StoredBlob } from '../blob-store.js'

export const SHA256_PATTERN = /^[0-9a-f]{64}$/

/** A digest becomes a path, so it must be nothing else. */
export function requireDigest(sha256: string): string {
  if (SHA256_PATTERN.test(sha256)) return sha256
  const message = 'sha256 is not a SHA-256 digest: give 64 lower-case hexadecimal digits.'
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'sha256', pattern: SHA256_PATTERN.source })
}

export function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

export function measure(content: Uint8Array): StoredBlob {
  const bytes = content.length
  if (bytes <= LIMITS.blobBytes) return { sha256: digestOf(content), bytes }
  const message = `A blob has at most ${LIMITS.blobBytes} bytes, not ${bytes}. Compress it, or store it in parts.`
  throw new FabricError('INVALID_ARGUMENT', message, { bytes, maxBytes: LIMITS.blobBytes })
}

export function requireRoom(storedBytes: number, bytes: number, maxBytes: number): void {
  if (storedBytes + bytes <= maxBytes) return
  const message = `The blobs take ${storedBytes} bytes and may take ${maxBytes}. Delete some, then try again.`
  throw new FabricError('STORAGE_FAILED', message, { storedBytes, bytes, maxBytes })
}
