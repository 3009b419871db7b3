import { describe, expect, test } from 'vitest'
import { CallRates } from '../../../src/chassis/host-calls/call-rates.js'
import { LIMITS } from '../../../src/model/limits.js'
import { FakeTiming } from '../../../src/testing/index.js'

/** How many of `attempts` get through. */
function taken(attempts: number, take: () => number): number {
  return Array.from({ length: attempts }, take).filter((waitMs) => waitMs === 0).length
}

describe('requests', () => {
  test('come as fast as the rate, and a second of it at once', () => {
    const timing = new FakeTiming()
    const rates = new CallRates(timing)
    const take = () => rates.takeRequest('a', 10)
    expect(taken(100, take)).toBe(10)
    timing.advance(500)
    expect(taken(100, take)).toBe(5)
    timing.advance(60_000)
    expect(taken(100, take)).toBe(10)
  })

  test('are told when there is room again', () => {
    const timing = new FakeTiming()
    const rates = new CallRates(timing)
    taken(10, () => rates.takeRequest('a', 10))
    const waitMs = rates.takeRequest('a', 10)
    expect(waitMs).toBe(100)
    timing.advance(waitMs)
    expect(rates.takeRequest('a', 10)).toBe(0)
  })

  test('are counted apart from lines, which may come in bursts', () => {
    const rates = new CallRates(new FakeTiming())
    expect(taken(1_000, () => rates.takeLine('a', 10))).toBe(LIMITS.guestLogBurst)
    expect(taken(1_000, () => rates.takeLine('b', 500))).toBe(500)
    expect(taken(1_000, () => rates.takeRequest('a', 10))).toBe(10)
  })

  test('are none where the contract allows none', () => {
    const timing = new FakeTiming()
    const rates = new CallRates(timing)
    timing.advance(60_000)
    expect(taken(10, () => rates.takeRequest('a', 0))).toBe(0)
    expect(taken(10, () => rates.takeLine('a', 0))).toBe(0)
  })

  test('are not more because a swarm has modules with other rates', () => {
    const rates = new CallRates(new FakeTiming())
    expect(taken(100, () => rates.takeRequest('a', 10))).toBe(10)
    expect(taken(100, () => rates.takeRequest('a', 1_000))).toBe(0)
    expect(taken(100, () => rates.takeRequest('a', 10))).toBe(0)
  })

  test('fall to a lower rate with what was not used', () => {
    const rates = new CallRates(new FakeTiming())
    expect(rates.takeRequest('a', 100)).toBe(0)
    expect(taken(100, () => rates.takeRequest('a', 5))).toBe(5)
  })
})

test('the swarm that was quiet for longest is forgotten, and no other', () => {
  const rates = new CallRates(new FakeTiming(), 2)
  const use = (swarm: string) => taken(10, () => rates.takeRequest(swarm, 1))
  expect([use('a'), use('b'), use('a'), use('c')]).toEqual([1, 1, 0, 1])
  expect([use('a'), use('c'), use('b')]).toEqual([0, 0, 1])
})
