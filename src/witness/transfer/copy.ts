import { randomUUID } from 'node:crypto'
import type { Batch, Journal } from '../../journal/journal.js'
import { FabricError, isFabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { EntryCursor } from '../verify/entry-cursor.js'
import type { LogEntries } from './log-entries.js'

/** An open journal that takes entries of another log. */
export interface CopyTarget {
  /** Directory or URL, for people. */
  readonly describe: string
  readonly journal: Journal
  /** Called before anything is written, when it is known that something will be. */
  begin(): Promise<void>
}

export interface CopiedLog {
  /** Entries that were there already, byte for byte. */
  readonly kept: number
  /** Entries that came now. */
  readonly copied: number
}

/**
 * Appends to `target` what it lacks of `source`, batch by batch, in the memory of one batch. What is there already, from a
 * copy that was interrupted, is compared and kept. Throws CONFLICT, with nothing written, when the target holds anything
 * else, DATA_LOCKED when another process writes to it meanwhile, and what stands in the way of reading and writing.
 */
export async function copyEntries(source: LogEntries, target: CopyTarget): Promise<CopiedLog> {
  const { size: kept } = await target.journal.head()
  await requirePrefix(source, target, kept)
  if (kept < source.size) await target.begin()
  const writer = new Writer(target, kept)
  for await (const chunk of source.read(kept)) for (const { bytes } of chunk) await writer.add(bytes)
  await writer.flush()
  return { kept, copied: writer.size - kept }
}

async function requirePrefix(source: LogEntries, target: CopyTarget, size: number): Promise<void> {
  if (size > source.size) {
    throw notPrefix(source, target, `holds ${size} entries, more than the ${source.size} of ${source.describe}`)
  }
  const cursor = new EntryCursor(source.read(0), 0)
  try {
    for await (const chunk of target.journal.read(0)) {
      const same = await cursor.take(chunk.length)
      const other = chunk.find(({ bytes }, at) => Buffer.compare(bytes, same[at] ?? Buffer.alloc(0)) !== 0)
      if (other === undefined) continue
      throw notPrefix(source, target, `holds something else as entry ${other.index} than ${source.describe}`)
    }
  } finally {
    await cursor.close()
  }
}

function notPrefix(source: LogEntries, target: CopyTarget, what: string): FabricError {
  const message = `${target.describe} ${what}. Nothing was changed. Copy into an empty place.`
  return new FabricError('CONFLICT', message, { source: source.describe, target: target.describe })
}

/** How often a batch whose acknowledgement was lost, and which is not there, is written again. */
const ATTEMPTS = 3

/** Gathers entries and appends them as batches. */
class Writer {
  readonly #target: CopyTarget
  readonly #writerId = `copy ${randomUUID()}`
  #entries: Uint8Array[] = []
  #bytes = 0
  /** Entries in the target. */
  size: number

  constructor(target: CopyTarget, size: number) {
    this.#target = target
    this.size = size
  }

  async add(entry: Uint8Array): Promise<void> {
    if (this.#bytes + entry.length > LIMITS.batchBytes) await this.flush()
    this.#entries.push(entry)
    this.#bytes += entry.length
  }

  async flush(): Promise<void> {
    if (this.#entries.length === 0) return
    const entries = this.#entries
    this.#entries = []
    this.#bytes = 0
    await this.#append(entries)
    this.size += entries.length
  }

  async #append(entries: readonly Uint8Array[]): Promise<void> {
    const { describe, journal } = this.#target
    for (let attempt = 1; ; attempt += 1) {
      const batch: Batch = { writerId: this.#writerId, batchId: `${this.size} ${attempt}`, entries }
      try {
        return await journal.append(this.size, batch)
      } catch (error) {
        if (isFabricError(error, 'FENCED')) throw interrupted(describe, error)
        if (!isFabricError(error, 'AMBIGUOUS')) throw error
        const { size, lastBatch } = await journal.head()
        if (lastBatch?.writerId === this.#writerId && lastBatch.batchId === batch.batchId) return
        if (size !== this.size) throw interrupted(describe, error)
        if (attempt === ATTEMPTS) throw error
      }
    }
  }
}

function interrupted(describe: string, cause: unknown): FabricError {
  const message = `Another process writes to ${describe}. Stop whatever runs on it, then try again.`
  return new FabricError('DATA_LOCKED', message, { target: describe }, { cause })
}
