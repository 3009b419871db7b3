import { type FileHandle, open } from 'node:fs/promises'
import { assertInvariant } from '../../model/errors.js'
import type { Histogram } from '../../model/histogram.js'
import { SECOND_MS } from '../../model/time.js'
import type { Batch } from '../journal.js'
import { chooseDisk, type Disk, measureFlush, pooledDisk, storageFailed } from './disk.js'
import { RecordEncoder } from './record.js'
import {
  type PreparedSegment,
  placeSegment,
  prepareSegment,
  SEGMENT_HEADER_BYTES,
  type Segment,
  segmentHeader,
} from './segment.js'

/** Writes records at the end of the log, one write and one flush each, and keeps the next segment ready. */
export class LogWriter {
  readonly segments: Segment[]
  /** Median time of one flush when the log was opened, milliseconds. */
  readonly flushMs: number
  readonly #directory: string
  readonly #segmentBytes: number
  readonly #disk: Disk
  /** Preparing a segment writes megabytes; that never happens in the calling thread. */
  readonly #background: Disk
  readonly #encoder = new RecordEncoder()
  #handle: FileHandle
  #next: Promise<PreparedSegment | undefined> | undefined

  readonly #flushes: Histogram

  private constructor(log: OpenLog, directory: string, { segmentBytes, flushes, disk, background }: Settings) {
    this.segments = log.segments
    this.flushMs = log.flushMs
    this.#handle = log.handle
    this.#directory = directory
    this.#flushes = flushes
    this.#segmentBytes = segmentBytes
    this.#disk = disk
    this.#background = background
  }

  /** Takes over recovered segments, or starts the first. Without `disk`, chooses one that fits the measured flush. */
  static async open(directory: string, segments: Segment[], options: WriterOptions): Promise<LogWriter> {
    const { segmentBytes, disk } = options
    const background = disk ?? pooledDisk
    if (segments.length === 0) {
      const prepared = await prepareSegment(directory, segmentBytes, background)
      segments.push(await placeSegment(prepared, 0))
      await prepared.handle.close()
    }
    const last = segments.at(-1)
    assertInvariant(last !== undefined, 'a log has a segment')
    const handle = await open(last.path, 'r+')
    // Overwriting the header with itself costs what an append costs, and changes nothing.
    const flushMs = await measureFlush(background, handle.fd, segmentHeader(last.capacity), 0)
    const settings = { ...options, disk: disk ?? chooseDisk(flushMs), background }
    return new LogWriter({ segments, flushMs, handle }, directory, settings)
  }

  /** Bytes of the log that are in use. */
  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.end, 0)
  }

  /** Resolves when the batch is durable. After a rejection the writer must not be used again. */
  async append(firstIndex: number, batch: Batch): Promise<void> {
    const record = this.#encoder.encode(firstIndex, batch)
    let segment = this.#current
    if (segment.end + record.length > segment.capacity) segment = await this.#roll(firstIndex, record.length)
    await this.#disk.write(this.#handle.fd, record, segment.end)
    await this.#flush(segment.path)
    segment.extend(segment.end + record.length, batch.entries.length)
    if (2 * segment.end > segment.capacity) this.#prepareNext()
  }

  async close(): Promise<void> {
    await (await this.#next)?.handle.close()
    await this.#handle.close()
  }

  /** After a failed flush it is unknown what the disk holds, and the next flush may succeed all the same: say so. */
  async #flush(path: string): Promise<void> {
    try {
      const begun = performance.now()
      await this.#disk.flush(this.#handle.fd)
      this.#flushes.observe((performance.now() - begun) / SECOND_MS)
    } catch (error) {
      throw storageFailed('Flushing', path, error, { stage: 'flush' })
    }
  }

  get #current(): Segment {
    const segment = this.segments.at(-1)
    assertInvariant(segment !== undefined, 'an open log has a segment')
    return segment
  }

  #prepareNext(): void {
    // A failure here loses nothing: the roll tries again and reports it if it persists.
    this.#next ??= prepareSegment(this.#directory, this.#segmentBytes, this.#background).catch(() => undefined)
  }

  async #roll(firstIndex: number, recordLength: number): Promise<Segment> {
    const prepared = await this.#takePrepared(SEGMENT_HEADER_BYTES + recordLength)
    await this.#handle.close()
    this.#handle = prepared.handle
    // A batch too large for a segment without entries replaces that file, which bears the same name.
    if (this.#current.endIndex === this.#current.firstIndex) this.segments.pop()
    const segment = await placeSegment(prepared, firstIndex)
    this.segments.push(segment)
    return segment
  }

  async #takePrepared(bytes: number): Promise<PreparedSegment> {
    const ready = await this.#next
    this.#next = undefined
    if (ready !== undefined && ready.capacity >= bytes) return ready
    await ready?.handle.close()
    return prepareSegment(this.#directory, Math.max(bytes, this.#segmentBytes), this.#background)
  }
}

interface WriterOptions {
  readonly segmentBytes: number
  /** Told how long each flush took, seconds. */
  readonly flushes: Histogram
  readonly disk?: Disk | undefined
}

interface Settings extends WriterOptions {
  readonly disk: Disk
  readonly background: Disk
}

interface OpenLog {
  readonly segments: Segment[]
  readonly flushMs: number
  readonly handle: FileHandle
}
