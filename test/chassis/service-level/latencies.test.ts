import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  exactPercentile,
  type Latencies,
  mergeLatencies,
  percentileOf,
  withLatency,
} from '../../../src/chassis/service-level/latencies.js'

const times = fc.array(fc.integer({ min: 0, max: 600_000 }), { minLength: 1, maxLength: 300 })
const percent = fc.constantFrom(1, 50, 95, 99, 100)

function histogramOf(values: readonly number[]): Latencies {
  return values.reduce<Latencies>(withLatency, [])
}

test('a percentile is never below the true one, and at most 1/32 above', () => {
  fc.assert(
    fc.property(times, percent, (values, part) => {
      const exact = exactPercentile(values, part) as number
      const found = percentileOf(histogramOf(values), part) as number
      expect(found).toBeGreaterThanOrEqual(exact)
      expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 32))
    }),
  )
})

test('the order of runs, and in which histogram they were first, does not matter', () => {
  fc.assert(
    fc.property(times, fc.nat(), (values, at) => {
      const parts = [values.slice(0, at % values.length), values.slice(at % values.length).reverse()]
      expect(mergeLatencies(parts.map(histogramOf))).toEqual(histogramOf(values))
    }),
  )
})

test('short times are exact, and a time beyond all counts as the longest', () => {
  expect(percentileOf(histogramOf([63, 1, 2]), 99)).toBe(63)
  expect(percentileOf(histogramOf([2 ** 40]), 50)).toBe(2 ** 20 - 1)
  expect(percentileOf([], 99)).toBeUndefined()
})

test('no number of different times takes more than 512 buckets', () => {
  const every = Array.from({ length: 20_000 }, (_, step) => Math.floor(1.0008 ** step))
  expect(histogramOf(every).length / 2).toBeLessThanOrEqual(512)
})

test('of a hundred the p99 is the second longest', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
  expect(exactPercentile(hundred, 99)).toBe(99)
  expect(exactPercentile([7], 99)).toBe(7)
  expect(exactPercentile([], 99)).toBeUndefined()
})
