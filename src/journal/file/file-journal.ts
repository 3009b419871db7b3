import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { FabricError } from '../../model/errors.js'
import { Histogram } from '../../model/histogram.js'
import { LIMITS } from '../../model/limits.js'
import { checkBatch, checkIndex, checkSnapshot } from '../check.js'
import { followGrowth, Growth } from '../growth.js'
import type { Batch, Chunk, Head, Journal, JournalHealth, Snapshot } from '../journal.js'
import { closed, fenced } from '../refusal.js'
import { type Disk, storageFailed } from './disk.js'
import { OwnerLock } from './lock.js'
import { readLog } from './reader.js'
import { recoverLog } from './recovery.js'
import { SnapshotStore } from './snapshot-store.js'
import { LogWriter } from './writer.js'

export interface FileJournalOptions {
  /** Holds the lock, `log/` and `snapshots/`; created when missing. */
  readonly directory: string
  /** Size of one log file; 16 MiB unless said otherwise. A larger batch gets a file of its own size. */
  readonly segmentBytes?: number
  /** What the owner says of itself to others, for example the URL it listens on. */
  readonly note?: string
  /** Replaces the file system's write path; for tests. */
  readonly disk?: Disk
}

const DEFAULT_SEGMENT_BYTES = 16 * 1024 * 1024
const MIN_SEGMENT_BYTES = 4_096

interface Opened {
  readonly lock: OwnerLock
  readonly writer: LogWriter
  readonly snapshots: SnapshotStore
  readonly growth: Growth
}

/** The embedded journal: a segmented log in one directory, owned by one process. An append survives a power cut. */
export class FileJournal implements Journal {
  readonly #directory: string
  readonly #segmentBytes: number
  readonly #disk: Disk | undefined
  readonly #note: string
  readonly flushes = new Histogram()
  #opened: Opened | undefined
  #opening = false
  #size = 0
  #lastBatch: Head['lastBatch']
  #failure: FabricError | undefined
  #cutBytes = 0
  /** Appends and snapshots each wait for the one before. */
  #appends: Promise<void> = Promise.resolve()
  #puts: Promise<void> = Promise.resolve()

  constructor(options: FileJournalOptions) {
    const segmentBytes = options.segmentBytes ?? DEFAULT_SEGMENT_BYTES
    const sane =
      segmentBytes >= MIN_SEGMENT_BYTES && segmentBytes <= LIMITS.journalSegmentBytes && segmentBytes % 8 === 0
    if (!sane) {
      const message = `segmentBytes must be a multiple of 8 from ${MIN_SEGMENT_BYTES} to ${LIMITS.journalSegmentBytes}.`
      throw new FabricError('INVALID_ARGUMENT', message, { field: 'segmentBytes', value: segmentBytes })
    }
    this.#directory = resolve(options.directory)
    this.#segmentBytes = segmentBytes
    this.#disk = options.disk
    this.#note = options.note ?? ''
  }

  /**
   * Throws DATA_LOCKED, DATA_CORRUPT, DATA_TOO_NEW or STORAGE_FAILED; the directory is then not held. After a failed
   * append it recovers without giving the directory up, and needs no free space.
   */
  async open(): Promise<Head> {
    if (this.#opened !== undefined && this.#failure !== undefined) return this.#reopen(this.#opened)
    if (this.#opened !== undefined || this.#opening) {
      throw new FabricError('UNAVAILABLE', 'The journal is open already. Close it before opening it again.')
    }
    this.#opening = true
    try {
      await mkdir(join(this.#directory, 'log'), { recursive: true, mode: 0o700 })
      const lock = await OwnerLock.acquire(this.#directory, this.#note)
      try {
        this.#opened = await this.#recover(lock)
      } catch (error) {
        await lock.release()
        throw error
      }
    } catch (error) {
      throw storageFailed('Opening', this.#directory, error)
    } finally {
      this.#opening = false
    }
    this.#failure = undefined
    return this.#head()
  }

  async #reopen({ lock, writer, growth }: Opened): Promise<Head> {
    await this.#appends
    try {
      await writer.close()
      this.#opened = { ...(await this.#recover(lock)), growth }
    } catch (error) {
      throw storageFailed('Opening', this.#directory, error)
    }
    this.#failure = undefined
    return this.#head()
  }

  append(expectedSize: number, batch: Batch): Promise<void> {
    const result = this.#appends.then(() => this.#append(expectedSize, batch))
    this.#appends = result.catch(() => undefined)
    return result
  }

  async head(): Promise<Head> {
    this.#require()
    // After a failed write only the disk knows where the log ends: opening again tells.
    if (this.#failure !== undefined) throw this.#failure
    return this.#head()
  }

  read(from: number): AsyncIterable<Chunk> {
    checkIndex(from, 'from')
    return readLog(this.#require().writer.segments, from, this.#size)
  }

  follow(from: number, signal: AbortSignal): AsyncIterable<Chunk> {
    checkIndex(from, 'from')
    return followGrowth(this, this.#require().growth, () => this.#size, from, signal)
  }

  putSnapshot(snapshot: Snapshot): Promise<void> {
    const result = this.#puts.then(() => {
      const { snapshots } = this.#require()
      checkSnapshot(snapshot, this.#size)
      return snapshots.put(snapshot)
    })
    this.#puts = result.catch(() => undefined)
    return result
  }

  async latestSnapshot(maxSize: number): Promise<Snapshot | undefined> {
    return this.#require().snapshots.latest(maxSize)
  }

  health(): JournalHealth {
    const open = this.#opened !== undefined
    return {
      driver: 'file',
      state: !open ? 'closed' : this.#failure === undefined ? 'open' : 'failed',
      durability: 'power',
      entries: this.#size,
      bytes: this.#opened?.writer.bytes ?? 0,
      location: this.#directory,
      ...(this.#opened && { flushMs: this.#opened.writer.flushMs }),
    }
  }

  /** Number of owners the data directory has had, this one included. */
  get generation(): number {
    return this.#require().lock.generation
  }

  /** Bytes of an interrupted write that the last `open` cut from the end of the log. */
  get cutBytes(): number {
    return this.#cutBytes
  }

  /** Changes the note that others see while this process owns the directory. */
  async annotate(note: string): Promise<void> {
    await this.#require().lock.annotate(note)
  }

  async close(): Promise<void> {
    await this.#appends
    const opened = this.#opened
    if (opened === undefined) return
    this.#opened = undefined
    opened.growth.end(closed())
    try {
      await opened.writer.close()
    } finally {
      await opened.lock.release()
    }
  }

  async #recover(lock: OwnerLock): Promise<Opened> {
    const log = join(this.#directory, 'log')
    const snapshots = new SnapshotStore(join(this.#directory, 'snapshots'))
    await snapshots.open()
    const recovered = await recoverLog(log, this.#disk)
    const size = recovered.segments.at(-1)?.endIndex ?? 0
    const newest = (await snapshots.sizes())[0] ?? 0
    // Snapshots are taken of durable entries only, so the log cannot be shorter than one unless a file was lost.
    if (newest > size) {
      const message = `The log in ${log} ends after ${size} entries, but a snapshot covers ${newest}: log files are missing. Restore the data directory from a backup.`
      throw new FabricError('DATA_CORRUPT', message, { path: log, entries: size, snapshotEntries: newest })
    }
    const writer = await LogWriter.open(log, recovered.segments, {
      segmentBytes: this.#segmentBytes,
      flushes: this.flushes,
      disk: this.#disk,
    })
    this.#size = size
    this.#lastBatch = recovered.lastBatch
    this.#cutBytes = recovered.cutBytes
    return { lock, writer, snapshots, growth: new Growth() }
  }

  async #append(expectedSize: number, batch: Batch): Promise<void> {
    const { writer, growth } = this.#require()
    if (this.#failure !== undefined) throw this.#failure
    checkIndex(expectedSize, 'expectedSize')
    checkBatch(batch)
    if (expectedSize !== this.#size) throw fenced(expectedSize, this.#size)
    try {
      await writer.append(this.#size, batch)
    } catch (error) {
      // A failed flush is never repeated: the kernel may have dropped the pages and would then report success.
      this.#failure = storageFailed('Writing', join(this.#directory, 'log'), error)
      throw this.#failure
    }
    this.#size += batch.entries.length
    this.#lastBatch = { writerId: batch.writerId, batchId: batch.batchId }
    growth.announce()
  }

  #head(): Head {
    return this.#lastBatch === undefined ? { size: this.#size } : { size: this.#size, lastBatch: this.#lastBatch }
  }

  #require(): Opened {
    if (this.#opened === undefined) throw closed()
    return this.#opened
  }
}
