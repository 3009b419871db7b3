import { FabricError } from '../model/errors.js'
import { SnapshotStore } from './file/snapshot-store.js'
import type { Snapshot } from './journal.js'

/** The batch that holds the last entry a snapshot covers; none for a snapshot of nothing. */
export type BatchOf = (index: number) => Promise<string | undefined>

/**
 * Snapshots in a directory of this process, while the log is elsewhere. Each names the batch it ends in, and counts
 * only while the log has that batch in that place: one of another log, or of entries that the server has lost, is
 * passed over.
 */
export class BoundSnapshots {
  readonly #store: SnapshotStore
  readonly #batchOf: BatchOf

  constructor(directory: string, batchOf: BatchOf) {
    this.#store = new SnapshotStore(directory)
    this.#batchOf = batchOf
  }

  open(): Promise<void> {
    return this.#store.open()
  }

  async put({ size, version, chunks }: Snapshot): Promise<void> {
    const batch = size === 0 ? '' : await this.#batchOf(size - 1)
    if (batch === undefined) throw new FabricError('STORAGE_FAILED', 'The log does not hold what the snapshot covers.')
    await this.#store.put({ size, version, chunks: behind(encodeBatch(batch), chunks) })
  }

  async latest(maxSize: number): Promise<Snapshot | undefined> {
    for (let size = maxSize; size >= 0; ) {
      const found = await this.#store.latest(size)
      if (found === undefined) return undefined
      const bound = await this.#bound(found)
      if (bound !== undefined) return bound
      size = found.size - 1
    }
    return undefined
  }

  /** The snapshot as it was put, or undefined when the log holds something else. */
  async #bound({ size, version, chunks }: Snapshot): Promise<Snapshot | undefined> {
    const batch = size === 0 ? '' : await this.#batchOf(size - 1)
    if (batch === undefined) return undefined
    const name = encodeBatch(batch)
    const begun = await take(chunks, name.length)
    return begun.equals(name) ? { size, version, chunks: this.#content(size, name.length) } : undefined
  }

  /** Opened when it is read, so that nothing stays open when it is not. */
  async *#content(size: number, from: number): AsyncGenerator<Uint8Array, void> {
    const found = await this.#store.latest(size)
    let left = from
    for await (const chunk of found?.chunks ?? []) {
      if (chunk.length > left) yield chunk.subarray(left)
      left = Math.max(0, left - chunk.length)
    }
  }
}

function encodeBatch(batch: string): Buffer {
  const name = Buffer.from(batch)
  const length = Buffer.alloc(2)
  length.writeUInt16LE(name.length)
  return Buffer.concat([length, name])
}

/** The first bytes of some content; fewer when there are no more. */
async function take(chunks: AsyncIterable<Uint8Array>, bytes: number): Promise<Buffer> {
  let taken: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    taken = Buffer.concat([taken, chunk])
    if (taken.length >= bytes) break
  }
  return taken.subarray(0, bytes)
}

async function* behind(name: Uint8Array, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield name
  yield* chunks
}
