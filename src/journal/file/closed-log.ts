import type { Chunk } from '../journal.js'
import { storageFailed } from './disk.js'
import { readLog } from './reader.js'
import { examineLog } from './recovery.js'

/** The log of a directory that no process writes, read without owning it and without changing anything. */
export interface ClosedLog {
  /** Number of entries in the log. */
  readonly entries: number
  /** Bytes of an interrupted write behind the last entry; the next owner cuts them off. */
  readonly tornBytes: number
  /** Entries from index `from` on, in order, in chunks of bounded size. Throws DATA_CORRUPT. */
  read(from: number): AsyncIterable<Chunk>
}

/**
 * Checks every record of the log in `directory`, which holds the segments. Throws DATA_CORRUPT when one is damaged,
 * DATA_TOO_NEW when a later release wrote it, STORAGE_FAILED when it cannot be read.
 */
export async function readClosedLog(directory: string): Promise<ClosedLog> {
  const { segments, tornBytes } = await examineLog(directory).catch((error) => {
    throw storageFailed('Reading', directory, error)
  })
  const entries = segments.at(-1)?.endIndex ?? 0
  return { entries, tornBytes, read: (from) => readLog(segments, from, entries) }
}
