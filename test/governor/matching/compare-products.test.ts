import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareProducts } from '../../../src/governor/matching/compare-products.js'

test('agrees with exact arithmetic, also where rounded products are equal', () => {
  const number = fc.oneof(
    fc.maxSafeNat(),
    fc.nat(10),
    fc.nat(10).map((less) => Number.MAX_SAFE_INTEGER - less),
  )
  const near = fc.tuple(number, number, fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }))
  const check = (a: number, b: number, c: number, d: number) => {
    const exact = BigInt(a) * BigInt(b) - BigInt(c) * BigInt(d)
    expect(Math.sign(compareProducts(a, b, c, d))).toBe(exact > 0n ? 1 : exact < 0n ? -1 : 0)
  }
  const clamp = (value: number) => Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, value))
  fc.assert(fc.property(number, number, number, number, check), { numRuns: 1_000 })
  fc.assert(
    fc.property(near, ([a, b, more, less]) => check(a, b, clamp(a + more), clamp(b - less))),
    { numRuns: 5_000 },
  )
})
