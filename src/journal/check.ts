import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { Batch, Snapshot } from './journal.js'

/** Throws INVALID_ARGUMENT for a batch that no journal stores: empty, or beyond the limits. */
export function checkBatch(batch: Batch): void {
  if (batch.entries.length === 0) throw new FabricError('INVALID_ARGUMENT', 'A batch needs at least one entry.')
  checkName(batch.writerId, 'writerId')
  checkName(batch.batchId, 'batchId')
  let bytes = 0
  for (const entry of batch.entries) {
    if (entry.length > LIMITS.entryBytes) throw tooLarge('An entry', entry.length, LIMITS.entryBytes)
    bytes += entry.length
  }
  if (bytes > LIMITS.journalRecordBytes) throw tooLarge('A batch', bytes, LIMITS.journalRecordBytes)
}

/** Throws INVALID_ARGUMENT unless `index` can be the position of an entry. */
export function checkIndex(index: number, name: string): void {
  if (Number.isSafeInteger(index) && index >= 0) return
  throw new FabricError('INVALID_ARGUMENT', `${name} must be an integer from 0 up.`, { field: name, value: index })
}

/** Throws INVALID_ARGUMENT for a snapshot of entries that are not durable yet, or with an impossible version. */
export function checkSnapshot(snapshot: Snapshot, durableSize: number): void {
  checkIndex(snapshot.size, 'size')
  checkIndex(snapshot.version, 'version')
  if (snapshot.size > durableSize) {
    const message = `A snapshot of ${snapshot.size} entries is ahead of the ${durableSize} durable ones. Take it later.`
    throw new FabricError('INVALID_ARGUMENT', message, { size: snapshot.size, durableSize })
  }
  if (snapshot.version > 0xffff_ffff) throw new FabricError('INVALID_ARGUMENT', 'version must fit into 32 bits.')
}

function checkName(value: string, field: string): void {
  const bytes = Buffer.byteLength(value)
  if (bytes >= 1 && bytes <= LIMITS.journalIdBytes) return
  throw new FabricError('INVALID_ARGUMENT', `${field} must have 1 to ${LIMITS.journalIdBytes} bytes.`, { field })
}

function tooLarge(what: string, bytes: number, limit: number): FabricError {
  const message = `${what} of ${bytes} bytes is beyond the limit of ${limit}. Put large payloads in as their SHA-256.`
  return new FabricError('INVALID_ARGUMENT', message, { bytes, limit })
}
