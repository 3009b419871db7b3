import { type FileHandle, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Head } from '../journal.js'
import { type Disk, flushDirectory, pooledDisk } from './disk.js'
import { findRecord, type RecordView, recordAuthor, viewRecord } from './record.js'
import {
  checkSegmentHeader,
  corrupt,
  SEGMENT_HEADER_BYTES,
  Segment,
  segmentIndex,
  segmentPath,
  writeZeros,
} from './segment.js'

/** What the log directory holds once it is checked and its torn tail, if any, is cut. */
export interface RecoveredLog {
  readonly segments: Segment[]
  readonly lastBatch: Head['lastBatch']
  /** Bytes of a write that never became whole, cut from the end of the log. */
  readonly cutBytes: number
}

interface Scan {
  readonly segment: Segment
  readonly content: Buffer
  readonly lastRecord: RecordView | undefined
}

/**
 * Checks every record of every segment in order. A damaged record at the very end is what a crash in the middle of a
 * write leaves behind: it was never acknowledged, and is cut. Any other damage throws DATA_CORRUPT and changes nothing.
 */
export async function recoverLog(directory: string, disk: Disk = pooledDisk): Promise<RecoveredLog> {
  const { firstIndexes, leftovers } = await listLog(directory)
  const segments: Segment[] = []
  let lastBatch: Head['lastBatch']
  let cutBytes = 0
  for await (const scan of scanLog(directory, firstIndexes)) {
    if (scan.lastRecord !== undefined) lastBatch = recordAuthor(scan.content, scan.lastRecord)
    if (scan.last) await settleTail(scan, scan.tornBytes > 0, disk)
    cutBytes = scan.tornBytes
    segments.push(scan.segment)
  }
  for (const name of leftovers) await rm(join(directory, name), { force: true })
  await flushDirectory(directory)
  return { segments, lastBatch, cutBytes }
}

/**
 * Checks the log as `recoverLog` does, but changes nothing: every segment, and the bytes behind the last good record. For a
 * log that no process writes.
 */
export async function examineLog(directory: string): Promise<{ segments: Segment[]; tornBytes: number }> {
  const { firstIndexes } = await listLog(directory)
  const segments: Segment[] = []
  let tornBytes = 0
  for await (const scan of scanLog(directory, firstIndexes)) {
    segments.push(scan.segment)
    tornBytes = scan.tornBytes
  }
  return { segments, tornBytes }
}

interface CheckedScan extends Scan {
  readonly last: boolean
  /** Bytes behind the last good record; more than 0 in the last segment only. */
  readonly tornBytes: number
}

async function* scanLog(directory: string, firstIndexes: readonly number[]): AsyncGenerator<CheckedScan> {
  let expected = 0
  for (const [position, firstIndex] of firstIndexes.entries()) {
    const path = segmentPath(directory, firstIndex)
    if (firstIndex !== expected)
      throw corrupt(path, 0, `it starts at entry ${firstIndex}, but entry ${expected} is missing`)
    const scan = scanSegment(path, firstIndex, await readFile(path))
    const last = position === firstIndexes.length - 1
    const tornBytes = Math.max(0, lastUsedOffset(scan.content) - scan.segment.end)
    if (tornBytes > 0) checkTorn(scan, last)
    expected = scan.segment.endIndex
    yield { ...scan, last, tornBytes }
  }
}

async function listLog(directory: string): Promise<{ firstIndexes: number[]; leftovers: string[] }> {
  const names = await readdir(directory)
  const firstIndexes = names.map(segmentIndex).filter((index) => index !== undefined)
  return { firstIndexes: firstIndexes.sort((a, b) => a - b), leftovers: names.filter((name) => name.endsWith('.tmp')) }
}

function scanSegment(path: string, firstIndex: number, content: Buffer): Scan {
  checkSegmentHeader(path, content)
  const segment = new Segment(path, firstIndex, content.length)
  let lastRecord: RecordView | undefined
  let record = viewRecord(content, SEGMENT_HEADER_BYTES)
  while (record !== undefined) {
    if (record.firstIndex !== segment.endIndex) {
      throw corrupt(path, record.offset, `it holds entry ${record.firstIndex} where ${segment.endIndex} belongs`)
    }
    segment.extend(record.end, record.count)
    lastRecord = record
    record = viewRecord(content, record.end)
  }
  return { segment, content, lastRecord }
}

/** Throws DATA_CORRUPT unless the damage behind the last good record can come from one interrupted write. */
function checkTorn({ segment, content }: Scan, last: boolean): void {
  const { path, end, endIndex } = segment
  if (!last) throw corrupt(path, end, `the record of entry ${endIndex} is damaged, and later segments follow`)
  const survivor = findRecord(content, end, endIndex)
  if (survivor === undefined) return
  const where = `a good record of entry ${survivor.firstIndex} follows at offset ${survivor.offset}`
  throw corrupt(path, end, `the record of entry ${endIndex} is damaged, and ${where}`)
}

/**
 * Makes the end of the log certain. The torn tail is overwritten with zeros, so that half a record can never come back.
 * The last record is written once more: after a failed flush the kernel may show pages that never reached the disk.
 */
async function settleTail({ segment, content, lastRecord }: Scan, torn: boolean, disk: Disk): Promise<void> {
  const handle: FileHandle = await open(segment.path, 'r+')
  try {
    if (torn) await writeZeros(disk, handle.fd, segment.end, segment.capacity)
    if (lastRecord !== undefined) {
      await disk.write(handle.fd, content.subarray(lastRecord.offset, lastRecord.end), lastRecord.offset)
    }
    await disk.flush(handle.fd)
  } finally {
    await handle.close()
  }
}

const ZEROS = Buffer.alloc(64 * 1024)

/** Offset behind the last byte that is not zero. */
function lastUsedOffset(content: Buffer): number {
  let end = content.length
  while (end > 0) {
    const start = Math.max(0, end - ZEROS.length)
    if (content.compare(ZEROS, 0, end - start, start, end) !== 0) break
    end = start
  }
  while (end > 0 && content[end - 1] === 0) end -= 1
  return end
}
