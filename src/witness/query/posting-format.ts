import { crc32 } from 'node:zlib'
import { FabricError } from '../../model/errors.js'
import { BUCKETS } from './posting-key.js'

/**
 * A run file, all numbers little-endian:
 *
 * - 8 bytes magic, u32 format version, u32 number of entries, f64 index of the first entry, f64 time of the last entry;
 * - 64 times as f64: of each `stepOf(entries)`-th entry, then that of the last entry;
 * - 65 offsets as u32: where each bucket starts, and the end of the file; u32 CRC-32 of everything up to here;
 * - 64 buckets. A bucket has its keys in rising order, each as u32, then the bytes of its list, and the list: the
 *   distances from one entry to the next, the first from -1; these are unsigned LEB128. Then u32 CRC-32 of the bucket,
 *   started with its number.
 */
const MAGIC = Buffer.from('IFABPOST', 'latin1')
/**
 * Rises with the layout, and whenever entries that may be stored already concern something else than before, by the
 * table of entries or by `relate`. Runs of another version are derived from the log anew. A new name needs no version.
 */
const FORMAT_VERSION = 2
export const TIME_SAMPLES = 64
const TIMES_AT = 32
const FENCES_AT = TIMES_AT + 8 * TIME_SAMPLES
const HEADER_CRC_AT = FENCES_AT + 4 * (BUCKETS + 1)
export const HEADER_BYTES = HEADER_CRC_AT + 4
export const CRC_BYTES = 4
export const KEY_BYTES = 4

/** What is kept in memory of a run whose postings are in a file. */
export interface RunHeader {
  readonly first: number
  /** Number of entries. */
  readonly count: number
  readonly lastAt: number
  readonly times: Float64Array
  readonly fences: Uint32Array
}

/** Entries between two time samples. */
export function stepOf(count: number): number {
  return Math.ceil(count / TIME_SAMPLES)
}

/** Name of the file of the run that starts with entry `first`. */
export function runName(first: number): string {
  return `${String(first).padStart(20, '0')}.run`
}

/** Index of the first entry of the run in a file of that name; undefined when it is none. */
export function runFirst(name: string): number | undefined {
  const first = /^\d{20}\.run$/.test(name) ? Number(name.slice(0, 20)) : Number.NaN
  return Number.isSafeInteger(first) ? first : undefined
}

export function writeHeader({ first, count, lastAt, times, fences }: RunHeader, bytes: Buffer): void {
  MAGIC.copy(bytes)
  bytes.writeUInt32LE(FORMAT_VERSION, 8)
  bytes.writeUInt32LE(count, 12)
  bytes.writeDoubleLE(first, 16)
  bytes.writeDoubleLE(lastAt, 24)
  for (const [sample, at] of times.entries()) bytes.writeDoubleLE(at, TIMES_AT + 8 * sample)
  for (const [bucket, offset] of fences.entries()) bytes.writeUInt32LE(offset, FENCES_AT + 4 * bucket)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_CRC_AT)), HEADER_CRC_AT)
}

/** Throws DATA_CORRUPT unless this is the head of the run that starts with entry `first`, in a file of `size` bytes. */
export function readHeader(first: number, bytes: Buffer, size: number): RunHeader {
  const whole = bytes.length >= HEADER_BYTES && bytes.subarray(0, MAGIC.length).equals(MAGIC)
  if (!whole || crc32(bytes.subarray(0, HEADER_CRC_AT)) !== bytes.readUInt32LE(HEADER_CRC_AT)) {
    throw runCorrupt(first, 'its header is damaged')
  }
  if (bytes.readUInt32LE(8) !== FORMAT_VERSION) throw runCorrupt(first, 'another version wrote it')
  if (bytes.readDoubleLE(16) !== first) throw runCorrupt(first, 'it has the content of another run')
  const times = Float64Array.from({ length: TIME_SAMPLES }, (_, at) => bytes.readDoubleLE(TIMES_AT + 8 * at))
  const fences = Uint32Array.from({ length: BUCKETS + 1 }, (_, at) => bytes.readUInt32LE(FENCES_AT + 4 * at))
  if (fences[BUCKETS] !== size) throw runCorrupt(first, `it has ${size} of ${fences[BUCKETS]} bytes`)
  return { first, count: bytes.readUInt32LE(12), lastAt: bytes.readDoubleLE(24), times, fences }
}

/** The content of a bucket without its checksum. Throws DATA_CORRUPT when it fails that. */
export function checkBucket(first: number, bucket: number, bytes: Buffer): Buffer {
  const end = bytes.length - CRC_BYTES
  if (end < 0 || crc32(bytes.subarray(0, end), bucket) !== bytes.readUInt32LE(end)) {
    throw runCorrupt(first, `its part ${bucket} fails its checksum`)
  }
  return bytes.subarray(0, end)
}

/** Lists of the entries under some keys, from the content of their bucket. */
export function findInBucket(first: number, keys: readonly number[], content: Buffer): number[][] {
  const lists: number[][] = []
  const cursor = { at: 0 }
  while (cursor.at < content.length) {
    const key = content.readUInt32LE(cursor.at)
    cursor.at += KEY_BYTES
    const length = readVarint(content, cursor)
    const end = cursor.at + length
    if (keys.includes(key)) lists.push(readList(first, content, cursor, end))
    cursor.at = end
  }
  return lists
}

function readList(first: number, content: Buffer, cursor: { at: number }, end: number): number[] {
  const indexes: number[] = []
  for (let index = first - 1; cursor.at < end; ) {
    index += readVarint(content, cursor)
    indexes.push(index)
  }
  return indexes
}

function readVarint(bytes: Buffer, cursor: { at: number }): number {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[cursor.at] ?? 0
    cursor.at += 1
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
}

export function varintBytes(value: number): number {
  let length = 1
  for (let rest = value; rest >= 0x80; rest >>>= 7) length += 1
  return length
}

/** Returns the offset behind it. */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  let rest = value
  let offset = at
  for (; rest >= 0x80; rest >>>= 7) {
    bytes[offset] = (rest & 0x7f) | 0x80
    offset += 1
  }
  bytes[offset] = rest
  return offset + 1
}

export function runCorrupt(first: number, what: string): FabricError {
  const file = runName(first)
  const message = `The index file ${file} of the witness is damaged: ${what}. Remove it and start the fabric again: it is derived from the log.`
  return new FabricError('DATA_CORRUPT', message, { file, first })
}
