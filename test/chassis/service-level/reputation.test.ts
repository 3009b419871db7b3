import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RUN_ENDS } from '../../../src/chassis/sandbox/run.js'
import { reputationFrom } from '../../../src/chassis/service-level/reputation.js'
import type { RunRecord } from '../../../src/chassis/service-level/run-record.js'
import { sampleOf } from '../../../src/chassis/service-level/sample.js'
import { DAY_MS } from '../../../src/model/time.js'
import { runs } from './runs.js'

describe('the formula', () => {
  test('gives 0.56 for 80 % of a promised 99 %', () => {
    expect(reputationFrom(runs(80, 20), { successRate: 0.99 }, 0)).toBe(0.56)
  })

  test('gives 0.80 for a p99 of twice its target, and no less for a slower one', () => {
    const slow = (wallMs: number) => reputationFrom(runs(100, 0, { wallMs }), { p99LatencyMs: 500 }, 0)
    expect(slow(1_000)).toBe(0.8)
    expect(slow(50_000)).toBe(0.8)
    expect(slow(750)).toBe(0.9)
  })

  test('adds both penalties, and multiplies by the success rate', () => {
    const levels = { successRate: 0.99, p99LatencyMs: 500 }
    expect(reputationFrom(runs(80, 20, { wallMs: 1_000 }), levels, 0)).toBe(0.4)
    expect(reputationFrom(runs(94, 6), levels, 0)).toBe(0.846)
  })

  test('rewards nobody for being better than promised', () => {
    expect(reputationFrom(runs(100, 0, { wallMs: 1 }), { successRate: 0.5, p99LatencyMs: 10_000 }, 0)).toBe(1)
    expect(reputationFrom(runs(80, 20), { successRate: 0.5 }, 0)).toBe(0.8)
  })

  test('is the success rate alone where nothing is promised', () => {
    expect(reputationFrom(runs(80, 20, { wallMs: 9_999 }), {}, 0)).toBe(0.8)
  })
})

describe('time', () => {
  test('halves the weight of a failure with each day, and forgives it after eleven', () => {
    const sample = runs(80, 20)
    const after = (days: number) => reputationFrom(sampleOf(sample), {}, days * DAY_MS)
    expect([0, 0.99, 1, 2, 3].map(after)).toEqual([0.8, 0.8, 0.9, 0.95, 0.975])
    expect([10, 11].map(after)).toEqual([0.9998, 1])
  })

  test('forgives slow runs after eleven days too', () => {
    const sample = runs(100, 0, { wallMs: 1_000 })
    const after = (days: number) => reputationFrom(sampleOf(sample), { p99LatencyMs: 500 }, days * DAY_MS)
    expect([0, 10.9, 11].map(after)).toEqual([0.8, 0.8, 1])
  })
})

describe('a new swarm', () => {
  test('has a reputation of 1 until ten runs count', () => {
    expect(reputationFrom(sampleOf(runs(0, 9)), {}, 0)).toBe(1)
    expect(reputationFrom(sampleOf(runs(0, 10)), {}, 0)).toBe(0)
  })
})

describe('whatever ran', () => {
  const levels = fc.record(
    { p99LatencyMs: fc.integer({ min: 1, max: 600_000 }), successRate: fc.double({ min: 0, max: 1, noNaN: true }) },
    { requiredKeys: [] },
  )
  const run = fc.record({
    at: fc.integer({ min: 0, max: 12 * DAY_MS }),
    end: fc.constantFrom(...RUN_ENDS),
    wallMs: fc.integer({ min: 0, max: 600_000 }),
  })
  const sample = fc.array(run, { minLength: 1, maxLength: 100 })
  const now = 12 * DAY_MS

  test('it is from 0 to 1, with at most four decimals', () => {
    fc.assert(
      fc.property(sample, levels, (all, promised) => {
        const reputation = reputationFrom(all, promised, now)
        expect(reputation).toBeGreaterThanOrEqual(0)
        expect(reputation).toBeLessThanOrEqual(1)
        expect(reputation).toBe(Number(reputation.toFixed(4)))
      }),
    )
  })

  test('one more failure never makes it better, and one day more never worse', () => {
    fc.assert(
      fc.property(sample, levels, fc.nat(), (all, promised, at) => {
        const failed = all.map((one, index): RunRecord => (index === at % all.length ? { ...one, end: 'trap' } : one))
        const before = reputationFrom(all, promised, now)
        expect(reputationFrom(failed, promised, now)).toBeLessThanOrEqual(before)
        expect(reputationFrom(all, promised, now + DAY_MS)).toBeGreaterThanOrEqual(before)
      }),
    )
  })
})
