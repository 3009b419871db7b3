import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  admits,
  breakerDeadline,
  consequenceOf,
  isCurrent,
  newBreaker,
  type Outcome,
  openMs,
  withOutcome,
  withoutProbe,
  withProbe,
} from '../../../src/governor/breaker/breaker.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../../src/governor/policy/policy.js'
import type { BreakerRow } from '../../../src/model/breaker.js'

const policy = DEFAULT_GOVERNOR_POLICY.breaker
const call = (succeeded: boolean, more: Partial<Outcome> = {}): Outcome => ({ succeeded, generation: 0, ...more })

function afterCalls(outcomes: string): BreakerRow {
  let breaker = newBreaker('a')
  for (const outcome of outcomes) breaker = withOutcome(breaker, call(outcome === '1'), policy)
  return breaker
}

function halfOpen(): BreakerRow {
  return { ...newBreaker('a'), state: 'half_open', generation: 10, trips: 1 }
}

describe('a closed breaker', () => {
  test('opens after three failures in a row, and not before', () => {
    expect(consequenceOf(afterCalls('00'), false, policy)).toBe('none')
    expect(consequenceOf(afterCalls('000'), false, policy)).toMatchObject({ trip: 'failures' })
  })

  test('a success resets the count', () => {
    expect(consequenceOf(afterCalls('00100'), false, policy)).toBe('none')
  })

  test('opens when half of the last calls failed, once there are ten', () => {
    expect(consequenceOf(afterCalls('101010100'), false, policy)).toBe('none')
    expect(consequenceOf(afterCalls('1010101010'), false, policy)).toMatchObject({ trip: 'failure_rate' })
    expect(consequenceOf(afterCalls('1101011010'), false, policy)).toBe('none')
  })

  test('looks at the newest hundred calls', () => {
    const breaker = afterCalls(`${'1'.repeat(150)}${'01'.repeat(49)}`)
    expect(breaker.outcomes).toHaveLength(100)
    expect(consequenceOf(withOutcome(breaker, call(false), policy), false, policy)).toMatchObject({
      trip: 'failure_rate',
    })
  })

  test('never opens on a success', () => {
    expect(consequenceOf(afterCalls('0101010101'), true, policy)).toBe('none')
  })

  test('ignores what began before it last changed', () => {
    const breaker = { ...newBreaker('a'), generation: 7 }
    expect(isCurrent(breaker, call(false, { generation: 6 }))).toBe(false)
    expect(withOutcome(breaker, call(false, { generation: 6 }), policy)).toBe(breaker)
    expect(withOutcome(breaker, call(false, { generation: 7 }), policy).consecutiveFailures).toBe(1)
  })
})

describe('an open breaker', () => {
  test('admits nothing and counts nothing', () => {
    const open: BreakerRow = { ...newBreaker('a'), state: 'open', generation: 5 }
    expect(admits(open, policy)).toBe(false)
    expect(withOutcome(open, call(true, { generation: 9 }), policy)).toBe(open)
  })

  test('is open twice as long each time, up to the most, and nobody at the same moment', () => {
    for (let trips = 0; trips < 12; trips += 1) {
      const base = Math.min(30_000 * 2 ** trips, 300_000)
      const ms = openMs(policy, trips, `a/${trips}`)
      expect(ms).toBeGreaterThanOrEqual(base * 0.9 - 1)
      expect(ms).toBeLessThanOrEqual(Math.min(base * 1.1 + 1, 300_000))
    }
    const times = new Set(Array.from({ length: 50 }, (_, swarm) => openMs(policy, 0, `swarm-${swarm}/9`)))
    expect(times.size).toBeGreaterThan(40)
    expect(openMs(policy, 1, 'a/1')).toBe(openMs(policy, 1, 'a/1'))
  })
})

describe('a half-open breaker', () => {
  test('lets three probes through of twenty callers', () => {
    let breaker = halfOpen()
    let admitted = 0
    for (let caller = 0; caller < 20; caller += 1) {
      if (!admits(breaker, policy)) continue
      admitted += 1
      breaker = withProbe(breaker, { id: 11 + caller, deadline: 1_000, succeeded: false })
    }
    expect(admitted).toBe(3)
  })

  test('closes when all of its probes succeed', () => {
    let breaker = halfOpen()
    for (const id of [11, 12, 13]) breaker = withProbe(breaker, { id, deadline: 1_000, succeeded: false })
    breaker = withOutcome(breaker, call(true, { generation: 10, probe: 11 }), policy)
    breaker = withOutcome(breaker, call(true, { generation: 10, probe: 12 }), policy)
    expect(consequenceOf(breaker, true, policy)).toBe('none')
    breaker = withOutcome(breaker, call(true, { generation: 10, probe: 13 }), policy)
    expect(consequenceOf(breaker, true, policy)).toBe('close')
  })

  test('opens again with the first that fails', () => {
    const breaker = withProbe(halfOpen(), { id: 11, deadline: 1_000, succeeded: false })
    const failed = withOutcome(breaker, call(false, { generation: 10, probe: 11 }), policy)
    expect(consequenceOf(failed, false, policy)).toMatchObject({ trip: 'probe' })
  })

  test('an answer without a probe, for another, or a second one counts for nothing', () => {
    const breaker = withProbe(halfOpen(), { id: 11, deadline: 1_000, succeeded: false })
    expect(withOutcome(breaker, call(true, { generation: 10 }), policy)).toBe(breaker)
    expect(withOutcome(breaker, call(true, { generation: 10, probe: 12 }), policy)).toBe(breaker)
    const answered = withOutcome(breaker, call(true, { generation: 10, probe: 11 }), policy)
    expect(withOutcome(answered, call(true, { generation: 10, probe: 11 }), policy)).toBe(answered)
  })

  test('a probe that was neither is given back, and one that answered is not', () => {
    let breaker = withProbe(halfOpen(), { id: 11, deadline: 1_000, succeeded: false })
    expect(withoutProbe(breaker, 11).probes).toEqual([])
    breaker = withOutcome(breaker, call(true, { generation: 10, probe: 11 }), policy)
    expect(withoutProbe(breaker, 11).probes).toHaveLength(1)
  })

  test('its deadline is that of the first probe without an answer', () => {
    let breaker = withProbe(halfOpen(), { id: 11, deadline: 1_000, succeeded: false })
    breaker = withProbe(breaker, { id: 12, deadline: 2_000, succeeded: false })
    expect(breakerDeadline(breaker)).toBe(1_000)
    breaker = withOutcome(breaker, call(true, { generation: 10, probe: 11 }), policy)
    expect(breakerDeadline(breaker)).toBe(2_000)
    expect(breakerDeadline(halfOpen())).toBeUndefined()
  })
})

test('the window agrees with a count over the whole history', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 300 }), (history) => {
      const breaker = afterCalls(history.map((succeeded) => (succeeded ? '1' : '0')).join(''))
      const newest = history.slice(-policy.windowCalls)
      expect(breaker.outcomes).toBe(newest.map((succeeded) => (succeeded ? '1' : '0')).join(''))
      const streak = history.length - 1 - history.lastIndexOf(true)
      expect(breaker.consecutiveFailures).toBe(streak)
    }),
  )
})
