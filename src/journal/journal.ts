/**
 * The contract of a journal: an append-only sequence of entries with a conditional append. Every engine (memory, file,
 * and servers later) is one folder beside this file plus a ten-line test that runs the conformance suite.
 */
export interface Journal {
  /** Opens or creates the log and recovers from a torn write. Must be called once, before anything else. */
  open(): Promise<Head>

  /**
   * Appends a batch, whole or not at all, when the log still has `expectedSize` entries, and resolves when it is
   * durable. The first entry of the batch gets index `expectedSize`.
   *
   * Throws `FENCED` when the log has another size, `AMBIGUOUS` when it is unknown whether the batch was written (read
   * `head()` back and compare `batchId`), `STORAGE_FAILED` when it was not written and the journal must be reopened.
   */
  append(expectedSize: number, batch: Batch): Promise<void>

  /** The durable end of the log, read from where the truth is (the server, for a remote engine). */
  head(): Promise<Head>

  /** Durable entries from index `from`, in order, up to the end at the time of the call. */
  read(from: number): AsyncIterable<StoredEntry>

  /** Durable entries from index `from`, in order and without a gap, until `signal` aborts. */
  follow(from: number, signal: AbortSignal): AsyncIterable<StoredEntry>

  /** Stores a snapshot of the state after the first `size` entries; keeps the newest two. */
  putSnapshot(snapshot: Snapshot): Promise<void>

  /** The newest snapshot that passes its checks and has at most `maxSize` entries behind it, if any. */
  latestSnapshot(maxSize: number): Promise<Snapshot | undefined>

  health(): JournalHealth

  /** Flushes and releases everything; idempotent. */
  close(): Promise<void>
}

/** Entries that become durable together. An entry is the exact bytes that are stored, served and hashed. */
export interface Batch {
  /** Process that writes it, for telling one's own lost acknowledgement from a foreign write. */
  readonly writerId: string
  /** Unique per append attempt. */
  readonly batchId: string
  readonly entries: readonly Uint8Array[]
}

export interface Head {
  /** Number of entries in the log; the index of the next one. */
  readonly size: number
  /** The batch that ends the log; absent in an empty log. */
  readonly lastBatch?: { readonly writerId: string; readonly batchId: string }
}

export interface StoredEntry {
  readonly index: number
  readonly bytes: Uint8Array
}

export interface Snapshot {
  /** Number of entries folded into it. */
  readonly size: number
  /** Format version of the content, chosen by whoever folds. */
  readonly version: number
  /** Content in pieces of any length; read once. */
  readonly chunks: AsyncIterable<Uint8Array>
}

export interface JournalHealth {
  readonly driver: string
  readonly state: 'closed' | 'open' | 'failed'
  /** What an acknowledged append survives: nothing, the death of the process, or a power cut. */
  readonly durability: 'none' | 'process' | 'power'
  readonly entries: number
  readonly bytes: number
  /** Median time of one durable flush measured at open, milliseconds; absent where it does not apply. */
  readonly flushMs?: number
  /** Where the data lies, for people. */
  readonly location?: string
}
