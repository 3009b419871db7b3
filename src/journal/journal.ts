import type { Histogram } from '../model/histogram.js'

/**
 * The contract of a journal: an append-only sequence of entries with a conditional append. Every engine (memory, file,
 * NATS) is one folder beside this file plus a ten-line test that runs the conformance suite. Several processes may have
 * a journal open that servers keep: of those that append at the same size one wins.
 */
export interface Journal {
  /**
   * Opens or creates the log and recovers from a torn write. Must be called before anything else, again after
   * `STORAGE_FAILED` to go on (it keeps what this process owns), and again after `close` to use the same journal once
   * more; everything else throws `UNAVAILABLE` while the journal is not open.
   */
  open(): Promise<Head>

  /**
   * Appends a batch, whole or not at all, when the log still has `expectedSize` entries, and resolves when it is
   * durable. The first entry of the batch gets index `expectedSize`.
   *
   * Throws `INVALID_ARGUMENT` for a batch without entries or beyond the limits, `FENCED` when the log has another size,
   * `AMBIGUOUS` when it is unknown whether the batch was written (read `head()` back and compare `batchId`),
   * `UNAVAILABLE` when a server cannot be reached and nothing was written, `LOG_DIVERGED` when the server has lost
   * entries that were acknowledged, and `STORAGE_FAILED` when the storage refused it: the journal must be opened again,
   * and the head that `open` returns tells whether the batch is in the log after all (a failed flush leaves that open).
   */
  append(expectedSize: number, batch: Batch): Promise<void>

  /** The durable end of the log, read from where the truth is (the server, for a remote engine). */
  head(): Promise<Head>

  /**
   * Durable entries from index `from`, in order, up to the end at the time of the call, in chunks of bounded size (one
   * asynchronous step per entry would cost ten times as much). A chunk is never empty; beyond the end there is none.
   * What other processes wrote counts from when this one knows of it: a moment later by itself, and after `head()` for
   * certain. Throws `DATA_CORRUPT` when stored data fails its checks.
   */
  read(from: number): AsyncIterable<Chunk>

  /**
   * Durable entries from index `from`, in order and without a gap, in chunks as they become durable. Ends when `signal`
   * aborts; throws `UNAVAILABLE` when the journal is closed. Waits while a server cannot be reached.
   */
  follow(from: number, signal: AbortSignal): AsyncIterable<Chunk>

  /**
   * Stores a snapshot of the state after the first `size` entries, which must be durable; keeps the newest two. Throws
   * `STORAGE_FAILED` when it could not be stored; the log is not touched by that.
   */
  putSnapshot(snapshot: Snapshot): Promise<void>

  /** The newest snapshot that passes its checks and covers at most `maxSize` entries, if any. */
  latestSnapshot(maxSize: number): Promise<Snapshot | undefined>

  health(): JournalHealth

  /** How long each flush took since the journal was made, seconds; absent where the driver does not flush itself. */
  readonly flushes?: Histogram

  /** Waits for the append under way and releases everything; idempotent. */
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
  /** May be a view into a larger buffer: copy what is kept for long. Never write to it. */
  readonly bytes: Uint8Array
}

/** Consecutive entries, at least one. */
export type Chunk = readonly StoredEntry[]

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
  /** What can be lost, and what to change; absent when the journal gives all that its driver can. */
  readonly warning?: string
}
