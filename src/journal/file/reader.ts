import { type FileHandle, open } from 'node:fs/promises'
import type { Chunk, StoredEntry } from '../journal.js'
import { storageFailed } from './disk.js'
import { collectEntries, viewRecord } from './record.js'
import { type Block, corrupt, type Segment } from './segment.js'

/** Yields the entries in `from` to `until` (exclusive), one block of a segment at a time. */
export async function* readLog(segments: readonly Segment[], from: number, until: number): AsyncGenerator<Chunk, void> {
  let position = segments.findLastIndex((segment) => segment.firstIndex <= from)
  for (let next = from; next < until; position += 1) {
    const segment = segments[position]
    if (segment === undefined) return
    yield* readSegment(segment, next, until)
    next = segment.endIndex
  }
}

async function* readSegment(segment: Segment, from: number, until: number): AsyncGenerator<Chunk, void> {
  const blocks = segment.blocks(from, until)
  if (blocks.length === 0) return
  const handle = await openSegment(segment)
  try {
    for (const block of blocks) {
      const chunk = readEntries(segment, block, await readBlock(handle, segment, block), from, until)
      if (chunk.length > 0) yield chunk
    }
  } finally {
    await handle.close()
  }
}

async function openSegment(segment: Segment): Promise<FileHandle> {
  try {
    return await open(segment.path, 'r')
  } catch (error) {
    throw storageFailed('Reading', segment.path, error)
  }
}

async function readBlock(handle: FileHandle, segment: Segment, block: Block): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(block.end - block.start)
  let done = 0
  while (done < buffer.length) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, block.start + done).catch((error) => {
      throw storageFailed('Reading', segment.path, error)
    })
    if (bytesRead === 0) throw corrupt(segment.path, block.start + done, 'the file is shorter than it was')
    done += bytesRead
  }
  return buffer
}

function readEntries(segment: Segment, block: Block, content: Buffer, from: number, until: number): StoredEntry[] {
  const entries: StoredEntry[] = []
  let expected = block.firstIndex
  for (let offset = 0; offset < content.length; ) {
    const record = viewRecord(content, offset)
    if (record?.firstIndex !== expected) {
      throw corrupt(segment.path, block.start + offset, `the record of entry ${expected} is damaged`)
    }
    collectEntries(content, record, from, until, entries)
    expected += record.count
    offset = record.end
  }
  return entries
}
