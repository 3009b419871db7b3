import { crc32 } from 'node:zlib'
import { encodeRecord, recordAuthor, viewRecord } from './file/record.js'
import type { Batch } from './journal.js'

/*
 * A message is a whole batch, as the record of the file log, or one part of a batch that is too large for a message.
 * A part, little-endian:
 *
 *   0  u32  magic           8  u32  number of this part, from 1     16  u64  index of the first entry of the batch
 *   4  u32  CRC-32 of 8..  12  u32  number of parts                 24  u32  number of entries of the batch
 *                                                                   28  u16  length of writerId
 *                                                                   30  u16  length of batchId
 *   32 writerId, batchId (UTF-8), then a piece of the record
 */
const PART_HEADER_BYTES = 32

/** Ends in another byte than the magic of a record. */
const PART_MAGIC = Buffer.from([0xff, 0x49, 0x46, 0x50]).readUInt32LE()

/** What one message of the stream holds. */
export interface LogMessage {
  readonly writerId: string
  readonly batchId: string
  /** Index of the first entry of the batch, and how many it has. */
  readonly firstIndex: number
  readonly count: number
  /** From 1 to `parts`; a whole batch is part 1 of 1. */
  readonly part: number
  readonly parts: number
  /** The record of the batch, or this part's piece of it. */
  readonly content: Buffer
}

/** What tells one message from all others. */
export type MessageName = Pick<LogMessage, 'writerId' | 'batchId' | 'part' | 'parts'>

/** The messages of a batch, each of at most `limit` bytes and in memory of its own. */
export function encodeMessages(firstIndex: number, batch: Batch, limit: number): Buffer[] {
  const record = encodeRecord(firstIndex, batch)
  if (record.length <= limit) return [record]
  const writerId = Buffer.from(batch.writerId)
  const batchId = Buffer.from(batch.batchId)
  const room = limit - PART_HEADER_BYTES - writerId.length - batchId.length
  const parts = Math.ceil(record.length / room)
  return Array.from({ length: parts }, (_, position) => {
    const header = Buffer.alloc(PART_HEADER_BYTES)
    header.writeUInt32LE(PART_MAGIC, 0)
    header.writeUInt32LE(position + 1, 8)
    header.writeUInt32LE(parts, 12)
    header.writeBigUInt64LE(BigInt(firstIndex), 16)
    header.writeUInt32LE(batch.entries.length, 24)
    header.writeUInt16LE(writerId.length, 28)
    header.writeUInt16LE(batchId.length, 30)
    const piece = record.subarray(position * room, (position + 1) * room)
    const message = Buffer.concat([header, writerId, batchId, piece])
    message.writeUInt32LE(crc32(message.subarray(8)), 4)
    return message
  })
}

/** What the bytes of a message say, or undefined when they fail their checks. */
export function viewMessage(bytes: Uint8Array): LogMessage | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (buffer.length >= PART_HEADER_BYTES && buffer.readUInt32LE(0) === PART_MAGIC) return viewPart(buffer)
  const record = viewRecord(buffer, 0)
  if (record === undefined || record.end !== buffer.length) return undefined
  const { firstIndex, count } = record
  return { ...recordAuthor(buffer, record), firstIndex, count, part: 1, parts: 1, content: buffer }
}

function viewPart(buffer: Buffer): LogMessage | undefined {
  if (crc32(buffer.subarray(8)) !== buffer.readUInt32LE(4)) return undefined
  const batchStart = PART_HEADER_BYTES + buffer.readUInt16LE(28)
  const start = batchStart + buffer.readUInt16LE(30)
  return {
    writerId: buffer.toString('utf8', PART_HEADER_BYTES, batchStart),
    batchId: buffer.toString('utf8', batchStart, start),
    firstIndex: Number(buffer.readBigUInt64LE(16)),
    count: buffer.readUInt32LE(24),
    part: buffer.readUInt32LE(8),
    parts: buffer.readUInt32LE(12),
    content: buffer.subarray(start),
  }
}

/** Whether two messages are the same one: ids are unique per attempt to append. */
export function isSame(a: MessageName, b: MessageName): boolean {
  return a.writerId === b.writerId && a.batchId === b.batchId && a.part === b.part && a.parts === b.parts
}

/** Whether a message makes its batch whole. */
export function isWhole(message: LogMessage): boolean {
  return message.part === message.parts
}
