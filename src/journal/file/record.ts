import { crc32 } from 'node:zlib'
import type { Batch, StoredEntry } from '../journal.js'

/*
 * One record is one batch. Little-endian, aligned to 8 bytes, padded with zeros:
 *
 *   0  u32  magic            8  u32  length without padding    16  u64  index of the first entry
 *   4  u32  CRC-32 of 8..    12  u32  number of entries         24  u16  length of writerId
 *                                                               26  u16  length of batchId
 *   28 writerId, batchId (UTF-8), then per entry: u32 length, bytes
 */
const HEADER_BYTES = 28
const RECORD_ALIGNMENT = 8

/** Starts with 0xff, which UTF-8 text never contains: no JSON entry can look like the start of a record. */
const MAGIC = Buffer.from([0xff, 0x49, 0x46, 0x52])
const MAGIC_NUMBER = MAGIC.readUInt32LE()

/** Where a record lies in a buffer and what it holds. */
export interface RecordView {
  readonly offset: number
  /** Offset behind the padding: where the next record starts. */
  readonly end: number
  readonly firstIndex: number
  readonly count: number
}

/** Bytes a batch takes on disk, padding included. */
function recordBytes(batch: Batch): number {
  let bytes = HEADER_BYTES + Buffer.byteLength(batch.writerId) + Buffer.byteLength(batch.batchId)
  for (const entry of batch.entries) bytes += 4 + entry.length
  return align(bytes)
}

/** Larger buffers than this are not kept for reuse. */
const KEPT_BYTES = 4 * 1024 * 1024

/** Builds records in one buffer that is reused: the result is valid until the next call. */
export class RecordEncoder {
  #buffer = Buffer.alloc(64 * 1024)

  encode(firstIndex: number, batch: Batch): Buffer {
    const total = recordBytes(batch)
    const buffer = this.#room(total)
    writeRecord(buffer, total, firstIndex, batch)
    return buffer.subarray(0, total)
  }

  #room(bytes: number): Buffer {
    if (bytes > KEPT_BYTES) return Buffer.allocUnsafeSlow(bytes)
    if (bytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(Math.min(2 * bytes, KEPT_BYTES))
    return this.#buffer
  }
}

/** A record in a buffer of its own. */
export function encodeRecord(firstIndex: number, batch: Batch): Buffer {
  const buffer = Buffer.allocUnsafeSlow(recordBytes(batch))
  writeRecord(buffer, buffer.length, firstIndex, batch)
  return buffer
}

function writeRecord(buffer: Buffer, total: number, firstIndex: number, batch: Batch): void {
  const writerBytes = buffer.write(batch.writerId, HEADER_BYTES)
  const batchBytes = buffer.write(batch.batchId, HEADER_BYTES + writerBytes)
  let position = HEADER_BYTES + writerBytes + batchBytes
  for (const entry of batch.entries) {
    position = buffer.writeUInt32LE(entry.length, position)
    buffer.set(entry, position)
    position += entry.length
  }
  buffer.fill(0, position, total)
  MAGIC.copy(buffer)
  buffer.writeUInt32LE(position, 8)
  buffer.writeUInt32LE(batch.entries.length, 12)
  buffer.writeBigUInt64LE(BigInt(firstIndex), 16)
  buffer.writeUInt16LE(writerBytes, 24)
  buffer.writeUInt16LE(batchBytes, 26)
  buffer.writeUInt32LE(crc32(buffer.subarray(8, position)), 4)
}

/** The record at `offset`, or undefined when there is none that passes its checks. */
export function viewRecord(buffer: Buffer, offset: number): RecordView | undefined {
  if (offset + HEADER_BYTES > buffer.length || buffer.readUInt32LE(offset) !== MAGIC_NUMBER) return undefined
  const length = buffer.readUInt32LE(offset + 8)
  const end = offset + align(length)
  if (length < HEADER_BYTES || end > buffer.length) return undefined
  if (crc32(buffer.subarray(offset + 8, offset + length)) !== buffer.readUInt32LE(offset + 4)) return undefined
  const firstIndex = Number(buffer.readBigUInt64LE(offset + 16))
  return { offset, end, firstIndex, count: buffer.readUInt32LE(offset + 12) }
}

/** Who wrote the record. */
export function recordAuthor(buffer: Buffer, record: RecordView): { writerId: string; batchId: string } {
  const writerStart = record.offset + HEADER_BYTES
  const batchStart = writerStart + buffer.readUInt16LE(record.offset + 24)
  const batchEnd = batchStart + buffer.readUInt16LE(record.offset + 26)
  return {
    writerId: buffer.toString('utf8', writerStart, batchStart),
    batchId: buffer.toString('utf8', batchStart, batchEnd),
  }
}

/** Adds the entries of a record that lie in `from` to `until` (exclusive) to `entries`, as views into the buffer. */
export function collectEntries(
  buffer: Buffer,
  record: RecordView,
  from: number,
  until: number,
  entries: StoredEntry[],
): void {
  let position = record.offset + HEADER_BYTES
  position += buffer.readUInt16LE(record.offset + 24) + buffer.readUInt16LE(record.offset + 26)
  const end = Math.min(record.firstIndex + record.count, until)
  for (let index = record.firstIndex; index < end; index += 1) {
    const start = position + 4
    position = start + buffer.readUInt32LE(position)
    if (index >= from) entries.push({ index, bytes: buffer.subarray(start, position) })
  }
}

/** The first valid record behind `offset` that holds entry `index` or a later one, wherever it starts. */
export function findRecord(buffer: Buffer, offset: number, index: number): RecordView | undefined {
  let position = buffer.indexOf(MAGIC, offset)
  while (position !== -1) {
    const record = position % RECORD_ALIGNMENT === 0 ? viewRecord(buffer, position) : undefined
    if (record !== undefined && record.firstIndex >= index) return record
    position = buffer.indexOf(MAGIC, position + 1)
  }
  return undefined
}

function align(bytes: number): number {
  return Math.ceil(bytes / RECORD_ALIGNMENT) * RECORD_ALIGNMENT
}
