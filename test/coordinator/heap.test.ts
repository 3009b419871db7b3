import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KeyedHeap } from '../../src/coordinator/heap.js'

interface Item {
  readonly key: string
  readonly at: number
}

const before = (a: Item, b: Item) => (a.at !== b.at ? a.at < b.at : a.key < b.key)
const key = fc.constantFrom(...'abcdefgh')
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ key, at: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ key }) },
)

test('a heap has the first of its live items first, and finds all up to a bound', () => {
  const holds = fc.property(fc.array(operation, { maxLength: 200, size: 'max' }), fc.nat(20), (operations, bound) => {
    const heap = new KeyedHeap<Item>((item) => item.key, before)
    const items = new Map<string, Item>()
    for (const one of operations) {
      if ('at' in one) {
        heap.put(one)
        items.set(one.key, one)
      } else {
        heap.remove(one.key)
        items.delete(one.key)
      }
      const sorted = [...items.values()].sort((a, b) => (before(a, b) ? -1 : 1))
      const due = sorted.filter(({ at }) => at <= bound)
      expect([heap.size, heap.first()]).toEqual([items.size, sorted[0]])
      expect(heap.takeWhile(({ at }) => at <= bound, 100)).toEqual(due)
      expect(heap.takeWhile(({ at }) => at <= bound, 2)).toHaveLength(Math.min(2, due.length))
    }
  })
  fc.assert(holds, { seed: 1 })
})
