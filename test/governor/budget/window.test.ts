import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { windowKindOf, windowOf } from '../../../src/governor/budget/window.js'
import { WINDOW_KINDS } from '../../../src/model/budget.js'
import { DAY_MS } from '../../../src/model/time.js'

const at = (text: string) => Date.parse(text)

describe('the window of a moment', () => {
  test.each([
    ['total', '2026-11-25T12:00:00.000Z', 'total'],
    ['day', '2026-11-25T23:59:59.999Z', 'day:2026-11-25'],
    ['day', '2026-11-26T00:00:00.000Z', 'day:2026-11-26'],
    ['month', '2026-11-30T23:59:59.999Z', 'month:2026-11'],
    ['month', '2026-12-01T00:00:00.000Z', 'month:2026-12'],
    ['week', '2026-11-29T23:59:59.999Z', 'week:2026-W48'],
    ['week', '2026-11-30T00:00:00.000Z', 'week:2026-W49'],
  ] as const)('%s at %s is %s', (kind, time, window) => {
    expect(windowOf(kind, at(time))).toBe(window)
  })

  // Examples of ISO 8601: a week belongs to the year of its Thursday.
  test.each([
    ['2021-01-03', '2020-W53'],
    ['2021-01-04', '2021-W01'],
    ['2024-12-30', '2025-W01'],
    ['2023-01-01', '2022-W52'],
    ['2026-12-31', '2026-W53'],
    ['1970-01-01', '1970-W01'],
  ])('%s lies in week %s', (date, week) => {
    expect(windowOf('week', at(`${date}T12:00:00.000Z`))).toBe(`week:${week}`)
  })

  test('a week has seven days and changes on Mondays only', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60_000 }), (day) => {
        const today = windowOf('week', day * DAY_MS)
        const tomorrow = windowOf('week', (day + 1) * DAY_MS)
        const isMonday = new Date((day + 1) * DAY_MS).getUTCDay() === 1
        expect(today !== tomorrow).toBe(isMonday)
      }),
    )
  })

  test('says which kind it is of', () => {
    for (const kind of WINDOW_KINDS) expect(windowKindOf(windowOf(kind, 1))).toBe(kind)
  })
})
