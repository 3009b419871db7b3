import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { FabricError } from '../../model/errors.js'
import { type Disk, flushDirectory } from './disk.js'

/** Version of the segment and record format that this release writes; it reads this one and older ones. */
const FORMAT_VERSION = 1

/**
 * 8 bytes magic, u32 format version, u32 CRC-32 of both; so much stays the same in every version. Then the size of the
 * file as u64, u32 CRC-32 of that, 4 bytes zero: a file that was cut short shows itself, whatever it ends with.
 */
export const SEGMENT_HEADER_BYTES = 32
const VERSION_BYTES = 16
const MAGIC = Buffer.from('IFABSEGM', 'latin1')

const SUFFIX = '.log'
const PREPARED_NAME = 'prepared.tmp'

/** Entries are read back in blocks of about this size. */
const BLOCK_BYTES = 256 * 1024

/** A stretch of a segment that starts and ends at a record, and the index of its first entry. */
export interface Block {
  readonly firstIndex: number
  readonly start: number
  readonly end: number
}

/** One file of the log: which entries it holds and where. Only what is durable is noted here. */
export class Segment {
  readonly path: string
  readonly firstIndex: number
  /** Size of the file; it is all there from the start, so that an append changes no metadata. */
  readonly capacity: number
  /** Offset and index behind the last record. */
  end = SEGMENT_HEADER_BYTES
  endIndex: number
  readonly #blocks: { firstIndex: number; start: number }[] = []

  constructor(path: string, firstIndex: number, capacity: number) {
    this.path = path
    this.firstIndex = firstIndex
    this.capacity = capacity
    this.endIndex = firstIndex
  }

  /** Notes that the record which ends at offset `end` holds the next `count` entries. */
  extend(end: number, count: number): void {
    const block = this.#blocks.at(-1)
    if (block === undefined || this.end - block.start >= BLOCK_BYTES) {
      this.#blocks.push({ firstIndex: this.endIndex, start: this.end })
    }
    this.end = end
    this.endIndex += count
  }

  /** The blocks that hold the entries in `from` to `until` (exclusive). */
  blocks(from: number, until: number): Block[] {
    const found: Block[] = []
    for (let position = this.#positionOf(from); position < this.#blocks.length; position += 1) {
      const block = this.#blocks[position]
      if (block === undefined || block.firstIndex >= until) break
      found.push({ ...block, end: this.#blocks[position + 1]?.start ?? this.end })
    }
    return found
  }

  /** Position of the last block that starts at or before `index`, found by halving. */
  #positionOf(index: number): number {
    let low = 0
    let high = this.#blocks.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((this.#blocks[middle]?.firstIndex ?? 0) <= index) low = middle
      else high = middle
    }
    return low
  }
}

export function segmentPath(directory: string, firstIndex: number): string {
  return join(directory, String(firstIndex).padStart(20, '0') + SUFFIX)
}

/** Index of the first entry in the file of that name, or undefined when it is not a segment. */
export function segmentIndex(name: string): number | undefined {
  return /^\d{20}\.log$/.test(name) ? Number(name.slice(0, -SUFFIX.length)) : undefined
}

export function segmentHeader(capacity: number): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
  MAGIC.copy(header)
  header.writeUInt32LE(FORMAT_VERSION, 8)
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12)
  header.writeBigUInt64LE(BigInt(capacity), VERSION_BYTES)
  header.writeUInt32LE(crc32(header.subarray(VERSION_BYTES, VERSION_BYTES + 8)), VERSION_BYTES + 8)
  return header
}

/** Throws DATA_CORRUPT when `content` does not start like a segment, DATA_TOO_NEW when a later release wrote it. */
export function checkSegmentHeader(path: string, content: Buffer): void {
  const whole = content.length >= SEGMENT_HEADER_BYTES && content.subarray(0, 8).equals(MAGIC)
  if (!whole || crc32(content.subarray(0, 12)) !== content.readUInt32LE(12))
    throw corrupt(path, 0, 'its header is damaged')
  const version = content.readUInt32LE(8)
  if (version <= FORMAT_VERSION) {
    checkSize(path, content)
    return
  }
  const message = `${path} has format version ${version}; this release reads up to ${FORMAT_VERSION}. Install the release that wrote it, or a later one.`
  throw new FabricError('DATA_TOO_NEW', message, { path, version, supported: FORMAT_VERSION })
}

function checkSize(path: string, content: Buffer): void {
  const crc = crc32(content.subarray(VERSION_BYTES, VERSION_BYTES + 8))
  if (crc !== content.readUInt32LE(VERSION_BYTES + 8)) throw corrupt(path, VERSION_BYTES, 'its header is damaged')
  const capacity = Number(content.readBigUInt64LE(VERSION_BYTES))
  if (content.length === capacity) return
  throw corrupt(path, content.length, `the file has ${content.length} of the ${capacity} bytes it was made with`)
}

/** A segment that is damaged in a way no torn write leaves behind. */
export function corrupt(path: string, offset: number, what: string): FabricError {
  const message = `${path} is corrupt at offset ${offset}: ${what}. Nothing was changed. Restore the data directory from a backup.`
  return new FabricError('DATA_CORRUPT', message, { path, offset })
}

/** A segment file that is written and flushed already and waits for its name. */
export interface PreparedSegment {
  readonly handle: FileHandle
  readonly path: string
  readonly capacity: number
}

const ZEROS = Buffer.alloc(1024 * 1024)

/** Fills a file with zeros and a header, so that later appends overwrite blocks that exist and are flushed quickly. */
export async function prepareSegment(directory: string, capacity: number, disk: Disk): Promise<PreparedSegment> {
  const path = join(directory, PREPARED_NAME)
  const handle = await open(path, 'w', 0o600)
  try {
    await disk.write(handle.fd, segmentHeader(capacity), 0)
    await writeZeros(disk, handle.fd, SEGMENT_HEADER_BYTES, capacity)
  } catch (error) {
    await handle.close()
    await rm(path, { force: true })
    throw error
  }
  return { handle, path, capacity }
}

/** Gives a prepared segment its place in the log. */
export async function placeSegment(prepared: PreparedSegment, firstIndex: number): Promise<Segment> {
  const directory = dirname(prepared.path)
  const path = segmentPath(directory, firstIndex)
  await rename(prepared.path, path)
  await flushDirectory(directory)
  return new Segment(path, firstIndex, prepared.capacity)
}

/**
 * Fills a stretch with zeros, durably. It flushes as it goes: an append that waits behind one large flush takes 8 ms in
 * the worst thousandth, behind small ones 2 ms.
 */
export async function writeZeros(disk: Disk, file: number, start: number, end: number): Promise<void> {
  for (let position = start; position < end; position += ZEROS.length) {
    await disk.write(file, ZEROS.subarray(0, Math.min(ZEROS.length, end - position)), position)
    await disk.flush(file)
  }
}
