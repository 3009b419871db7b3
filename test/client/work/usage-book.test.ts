import { expect, test } from 'vitest'
import { UsageBook } from '../../../src/client/work/usage-book.js'
import { LIMITS } from '../../../src/model/limits.js'

function open(): UsageBook {
  let ids = 0
  return new UsageBook(() => `id-${++ids}`)
}

test('usage of one model is one report, with a name that stays until it is settled', () => {
  const book = open()
  book.add({ model: 'sonnet', inputTokens: 10, outputTokens: 1 })
  book.add({ model: 'sonnet', inputTokens: 5, cachedTokens: 2 })
  book.add({ costNanos: 7 })
  const report = { model: 'sonnet', inputTokens: 15, outputTokens: 1, cachedTokens: 2, id: 'id-1' }
  expect(book.next()).toEqual(report)
  book.add({ model: 'sonnet', inputTokens: 100 })
  expect(book.next()).toEqual(report)
  book.settle('another')
  expect(book.next()).toEqual(report)
  book.settle('id-1')
  expect(book.next()).toEqual({ costNanos: 7, id: 'id-2' })
  book.settle('id-2')
  expect(book.isEmpty).toBe(false)
  expect(book.next()).toEqual({ model: 'sonnet', inputTokens: 100, id: 'id-3' })
  book.settle('id-3')
  expect(book.next()).toBeUndefined()
  expect(book.isEmpty).toBe(true)
})

test('a report with a name of its own is added to no other, and counts once', () => {
  const book = open()
  book.add({ model: 'opus', inputTokens: 1 })
  book.add({ id: 'turn-1', model: 'opus', inputTokens: 5 })
  book.add({ id: 'turn-1', model: 'opus', inputTokens: 5 })
  expect(book.next()).toEqual({ model: 'opus', inputTokens: 1, id: 'id-1' })
  book.settle('id-1')
  expect(book.next()).toEqual({ id: 'turn-1', model: 'opus', inputTokens: 5 })
  book.settle('turn-1')
  expect(book.isEmpty).toBe(true)
})

test('what one report may not name together is reported apart', () => {
  const book = open()
  book.add({ costNanos: LIMITS.usageNanos })
  book.add({ costNanos: 1 })
  const first = book.next()
  book.settle(first?.id ?? '')
  expect([first?.costNanos, book.next()?.costNanos]).toEqual([LIMITS.usageNanos, 1])
})

test.each([
  [{ model: 'opus', inputTokens: -1 }, 'usage.inputTokens'],
  [{ model: 'opus', outputTokens: 0.5 }, 'usage.outputTokens'],
  [{ model: 'opus', cachedTokens: Number.NaN }, 'usage.cachedTokens'],
  [{ costNanos: LIMITS.usageNanos + 1 }, 'usage.costNanos'],
  [{ inputTokens: 1 }, 'usage'],
  [{ model: 'opus', costNanos: 1 }, 'usage'],
])('%j is refused before it is sent', (usage, field) => {
  expect(() => open().add(usage)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { field } }))
})
