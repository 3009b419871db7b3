import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { TILE_WIDTH } from './tile.js'

const LENGTH_BYTES = 2

/**
 * Entries as they are served (C2SP tlog-tiles): a big-endian 16-bit length before each. Throws INVALID_ARGUMENT for more
 * than 256 entries and for one of more than 65,535 bytes.
 */
export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  if (entries.length > TILE_WIDTH) {
    const message = `A bundle holds at most ${TILE_WIDTH} entries, not ${entries.length}. Split them at the tile's edge.`
    throw new FabricError('INVALID_ARGUMENT', message, { entries: entries.length, limit: TILE_WIDTH })
  }
  const bundle = Buffer.allocUnsafe(entries.reduce((bytes, entry) => bytes + LENGTH_BYTES + entry.length, 0))
  let offset = 0
  for (const entry of entries) {
    if (entry.length > LIMITS.entryBytes) throw oversized(entry.length)
    offset = bundle.writeUInt16BE(entry.length, offset)
    bundle.set(entry, offset)
    offset += entry.length
  }
  return bundle
}

/**
 * The entries of a bundle of `width` entries, as views into `bytes`. Throws DATA_CORRUPT when the bundle ends early or
 * goes on behind its last entry.
 */
export function decodeBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  const entries: Uint8Array[] = []
  let offset = 0
  while (entries.length < width) {
    const start = offset + LENGTH_BYTES
    offset = start + (((bytes[start - 2] ?? 0) << 8) | (bytes[start - 1] ?? 0))
    if (offset > bytes.length) throw corrupt(`it ends at entry ${entries.length} of ${width}`, bytes.length)
    entries.push(bytes.subarray(start, offset))
  }
  if (offset < bytes.length) throw corrupt(`${bytes.length - offset} bytes follow its ${width} entries`, offset)
  return entries
}

function oversized(bytes: number): FabricError {
  const message = `An entry of ${bytes} bytes does not fit into a bundle: the limit is ${LIMITS.entryBytes}. Store the content as a blob and log its digest.`
  return new FabricError('INVALID_ARGUMENT', message, { bytes, limit: LIMITS.entryBytes })
}

function corrupt(what: string, offset: number): FabricError {
  const message = `An entry bundle is corrupt: ${what}. Fetch it again, or restore it from a backup.`
  return new FabricError('DATA_CORRUPT', message, { offset })
}
