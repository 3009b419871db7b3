import { expect, test } from 'vitest'
import { SEGMENT_HEADER_BYTES, Segment, segmentIndex, segmentPath } from '../../src/journal/file/segment.js'

test('a segment finds the blocks that hold a stretch of entries, and no others', () => {
  const segment = new Segment('file', 1_000, 16 * 1024 * 1024)
  // 1,000 records of 4 KiB with two entries each: 64 records, 128 entries, make a block.
  for (let record = 1; record <= 1_000; record += 1) segment.extend(SEGMENT_HEADER_BYTES + record * 4_096, 2)
  const starts = (from: number, until: number) => segment.blocks(from, until).map((block) => block.firstIndex)
  expect(starts(1_000, 1_128)).toEqual([1_000])
  expect(starts(1_127, 1_129)).toEqual([1_000, 1_128])
  expect(starts(1_700, 1_701)).toEqual([1_640])
  expect(starts(2_999, 5_000)).toEqual([2_920])
  expect(starts(1_000, 3_000)).toHaveLength(16)
  for (const block of segment.blocks(1_000, 3_000)) expect(block.end - block.start).toBeLessThanOrEqual(256 * 1024)
})

test('an empty segment has no blocks', () => {
  expect(new Segment('file', 7, 4_096).blocks(7, 8)).toEqual([])
})

test('a segment is named by its first entry', () => {
  expect(segmentPath('log', 42)).toBe('log/00000000000000000042.log')
  expect(segmentIndex('00000000000000000042.log')).toBe(42)
  for (const name of ['42.log', '00000000000000000042.log.tmp', 'prepared.tmp'])
    expect(segmentIndex(name)).toBeUndefined()
})
