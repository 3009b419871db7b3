import { SHA256_PATTERN } from '../blob-store.js'
import { parseEntry } from '../query/facts.js'

const NEEDLES = ['.blob_stored.v', '.blob_deleted.v'].map((text) => Buffer.from(text))

/** Gathers which blobs a log names, so that what should be there follows from the log alone. */
export class NamedBlobs {
  /** Length by SHA-256, of those that were not deleted. */
  readonly present = new Map<string, number>()
  /** SHA-256 of those that were deleted. */
  readonly deleted = new Set<string>()

  see(index: number, entry: Uint8Array): void {
    // Few of the entries are worth the time of reading them as JSON.
    const bytes = Buffer.isBuffer(entry) ? entry : Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength)
    if (!NEEDLES.some((needle) => bytes.includes(needle))) return
    const { type, subject, data } = parseEntry(index, bytes)
    if (!SHA256_PATTERN.test(subject)) return
    if (type === 'blob_stored') {
      this.present.set(subject, lengthIn(data))
      this.deleted.delete(subject)
    }
    if (type === 'blob_deleted') {
      this.present.delete(subject)
      this.deleted.add(subject)
    }
  }
}

function lengthIn(data: unknown): number {
  const { bytes } = data as { readonly bytes?: unknown }
  return typeof bytes === 'number' ? bytes : 0
}
