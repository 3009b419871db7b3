import { crc32 } from 'node:zlib'

const RECORD_MAGIC = Buffer.from([0xff, 0x49, 0x46, 0x52])

/** Replaces a text in a segment of the file log by one of the same length, and mends the checksum of its record. */
export function forgeRecord(segment: Buffer, text: string, other: string): void {
  const at = segment.indexOf(text)
  if (at === -1) throw new Error(`The segment does not hold ${text}`)
  const record = segment.lastIndexOf(RECORD_MAGIC, at)
  segment.write(other, at)
  const end = record + segment.readUInt32LE(record + 8)
  segment.writeUInt32LE(crc32(segment.subarray(record + 8, end)), record + 4)
}
