import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareFor, compareScores, type Score, scoreNumber, scoreOf } from '../../../src/governor/matching/score.js'
import { NANOS_PER_DOLLAR } from '../../../src/model/money.js'

const POLICY = { assumedCostPerHourNanos: NANOS_PER_DOLLAR }

function score(id: string, match: number, reputation: number, costPerHourNanos: number): Score {
  return scoreOf({ id, reputation, costPerHourNanos }, match, POLICY)
}

function order(...scores: Score[]): string[] {
  return scores.sort(compareScores).map(({ id }) => id)
}

const scores = fc
  .record({
    id: fc.string({ minLength: 1, maxLength: 3 }),
    match: fc.oneof(fc.constantFrom(0, 0.5, 0.7, 0.75, 1), fc.double({ min: 0, max: 1, noNaN: true })),
    reputation: fc.oneof(fc.constantFrom(0, 0.6, 0.8, 1, 5e-324), fc.double({ min: 0, max: 1, noNaN: true })),
    cost: fc.oneof(fc.constantFrom(0, 1, NANOS_PER_DOLLAR, Number.MAX_SAFE_INTEGER), fc.maxSafeNat()),
  })
  .map(({ id, match, reputation, cost }) => score(id, match, reputation, cost))

describe('the order of scores', () => {
  test('the cheaper of equals comes first', () => {
    expect(order(score('a', 1, 1, 2), score('b', 1, 1, 1))).toEqual(['b', 'a'])
  })

  test('the better reputed of equals comes first', () => {
    expect(order(score('a', 1, 0.8, 1), score('b', 1, 0.9, 1))).toEqual(['b', 'a'])
  })

  test('match, reputation and cost weigh the same', () => {
    expect(order(score('a', 1, 1, 300), score('b', 0.75, 1, 200), score('c', 1, 0.5, 100))).toEqual(['c', 'b', 'a'])
  })

  test('a free swarm comes before the best paid one, free ones by match x reputation', () => {
    const free = [score('a', 0.75, 0.1, 0), score('b', 0.8, 0.2, 0)]
    expect(order(score('paid', 1, 1, 1), ...free)).toEqual(['b', 'a', 'paid'])
  })

  test('without reputation a swarm comes last, also a free one, but in order', () => {
    const none = [score('a', 0.8, 0, 5), score('b', 1, 0, 9), score('c', 0.8, 0, 0), score('d', 0.8, 0, 5)]
    expect(order(...none, score('poor', 0.7, 0.001, Number.MAX_SAFE_INTEGER))).toEqual(['poor', 'b', 'c', 'a', 'd'])
  })

  test('ties fall to match, then reputation, then the id', () => {
    expect(order(score('a', 0.75, 0.8, 300), score('b', 1, 0.6, 300))).toEqual(['b', 'a'])
    expect(order(score('a', 2 / 3, 0.9, 300), score('b', 1, 0.6, 300))).toEqual(['b', 'a'])
    expect(order(score('a', 1, 0.3, 1e9), score('b', 1, 0.6, 2e9))).toEqual(['b', 'a'])
    expect(order(score('b', 1, 1, 1), score('a', 1, 1, 1), score('B', 1, 1, 1))).toEqual(['B', 'a', 'b'])
  })

  test('costs that differ by one nano-dollar are told apart', () => {
    const most = Number.MAX_SAFE_INTEGER
    expect(order(score('a', 1, 1, most), score('b', 1, 1, most - 1))).toEqual(['b', 'a'])
    expect(order(score('a', 1, 1, 1e9 + 1), score('b', 0.999_999_999_5, 1, 1e9))).toEqual(['b', 'a'])
  })

  test('is total, whatever is compared', () => {
    fc.assert(
      fc.property(scores, scores, scores, (a, b, c) => {
        const [ab, bc, ac] = [compareScores(a, b), compareScores(b, c), compareScores(a, c)]
        expect(Number.isFinite(ab)).toBe(true)
        expect(Math.sign(ab) + Math.sign(compareScores(b, a))).toBe(0)
        if (ab <= 0 && bc <= 0) expect(ac).toBeLessThanOrEqual(0)
        expect(compareFor(a.match, a, b.match, b)).toBe(ab)
      }),
    )
  })

  test('is that of exact fractions', () => {
    const percent = fc.integer({ min: 1, max: 100 })
    const one = fc.record({ met: fc.integer({ min: 1, max: 12 }), percent, cost: fc.integer({ min: 1, max: 40 }) })
    fc.assert(
      fc.property(one, one, (a, b) => {
        const exact = b.met * b.percent * a.cost - a.met * a.percent * b.cost || b.met - a.met || b.percent - a.percent
        const [first, second] = [a, b].map(({ met, percent, cost }) => score('x', met / 12, percent / 100, cost))
        expect(Math.sign(compareScores(first as Score, second as Score))).toBe(Math.sign(exact || a.cost - b.cost))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a score', () => {
  test('assumes full reputation and the rate of the policy', () => {
    expect(scoreOf({ id: 'a' }, 0.8, POLICY)).toMatchObject({ reputation: 1, costPerHourNanos: NANOS_PER_DOLLAR })
    expect(scoreOf({ id: 'a', costPerHourNanos: 0 }, 0.8, POLICY).costPerHourNanos).toBe(0)
  })

  test('is shown per dollar, without noise', () => {
    expect(scoreNumber(score('a', 0.75, 0.8, 2 * NANOS_PER_DOLLAR))).toBe(0.3)
    expect(scoreNumber(score('a', 1, 0, NANOS_PER_DOLLAR))).toBe(0)
    expect(scoreNumber(score('a', 1, 0, 0))).toBe(0)
    expect(scoreNumber(score('a', 1, 1, 0))).toBeUndefined()
  })
})
