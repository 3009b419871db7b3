import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SortedList } from '../../../src/governor/matching/sorted-list.js'

const numbers = (a: number, b: number) => a - b

test('is a sorted set after any history', () => {
  const change = fc.record({ add: fc.boolean(), item: fc.nat(40) })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const list = new SortedList<number>(numbers)
      const expected = new Set<number>()
      for (const { add, item } of changes) {
        if (!add) list.delete(item)
        else if (!expected.has(item)) list.add(item)
        if (add) expected.add(item)
        else expected.delete(item)
      }
      const sorted = [...expected].sort(numbers)
      expect([...list]).toEqual(sorted)
      expect(list.first).toBe(sorted[0])
    }),
  )
})

test('stays in order over many chunks, none of them empty or large', () => {
  const list = new SortedList<number>(numbers)
  // 7,919 is prime, so that every number below 5,000 comes once, in no order.
  const items = Array.from({ length: 5_000 }, (_, position) => (position * 7_919) % 5_000)
  for (const item of items) list.add(item)
  expect([...list]).toEqual([...items.keys()])
  expect(Math.max(...list.chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(512)
  expect(list.find((item) => item % 4_321 === 4_320)).toBe(4_320)

  for (const item of items) if (item !== 17 && item !== 4_999) list.delete(item)
  expect([...list]).toEqual([17, 4_999])
  expect(list.chunks.every((chunk) => chunk.length > 0)).toBe(true)
  list.add(5_000)
  expect([...list]).toEqual([17, 4_999, 5_000])
})

test('does not delete what is not in it', () => {
  const list = new SortedList<number>(numbers)
  list.delete(1)
  for (const item of [1, 3]) list.add(item)
  for (const item of [0, 2, 4]) list.delete(item)
  expect([...list]).toEqual([1, 3])
})
