import { describe, expect, test } from 'vitest'
import { amountOf } from '../../../src/governor/budget/price.js'
import type { Usage } from '../../../src/model/budget.js'
import { FabricError } from '../../../src/model/errors.js'
import { LIMITS } from '../../../src/model/limits.js'

const PRICES = {
  version: '2026-11',
  models: { large: { inputNanos: 3_000_000_000, outputNanos: 15_000_000_000, cachedNanos: 300_000_000 } },
}

function refusal(usage: Usage): FabricError {
  try {
    amountOf(usage, PRICES)
  } catch (error) {
    if (error instanceof FabricError) return error
    throw error
  }
  throw new Error('the usage was accepted')
}

describe('what a usage report comes to', () => {
  test('tokens of a model by the price table, each kind apart', () => {
    const usage = { id: 'a', model: 'large', inputTokens: 1_000, outputTokens: 100, cachedTokens: 10_000 }
    expect(amountOf(usage, PRICES)).toEqual({
      nanos: 3_000_000 + 1_500_000 + 3_000_000,
      inputTokens: 1_000,
      outputTokens: 100,
      cachedTokens: 10_000,
    })
  })

  test('a fraction of a nano-dollar is rounded up, once', () => {
    const cheap = { version: '1', models: { tiny: { inputNanos: 1, outputNanos: 1, cachedNanos: 0 } } }
    expect(amountOf({ id: 'a', model: 'tiny', inputTokens: 1, outputTokens: 1 }, cheap).nanos).toBe(1)
    expect(amountOf({ id: 'a', model: 'tiny', cachedTokens: 9 }, cheap).nanos).toBe(0)
  })

  test('is exact where a product is larger than a safe integer', () => {
    const usage = { id: 'a', model: 'large', inputTokens: 200_000_001 }
    expect(amountOf(usage, PRICES).nanos).toBe(600_000_003_000)
  })

  test('plain cost as it is', () => {
    expect(amountOf({ id: 'a', costNanos: 280 }, PRICES).nanos).toBe(280)
  })

  test('at most so much that thousands of the largest reports add up exactly', () => {
    const { usageNanos, usageTokens } = LIMITS
    expect(Math.max(usageNanos, usageTokens) * 9_000).toBeLessThan(Number.MAX_SAFE_INTEGER)
    const most = { id: 'a', costNanos: usageNanos, inputTokens: usageTokens }
    expect(amountOf(most, PRICES)).toMatchObject({ nanos: usageNanos, inputTokens: usageTokens })
    expect(refusal({ ...most, costNanos: usageNanos + 1 }).code).toBe('INVALID_ARGUMENT')
    expect(refusal({ ...most, outputTokens: usageTokens + 1 }).code).toBe('INVALID_ARGUMENT')
    const dear = { id: 'a', model: 'large', inputTokens: usageTokens }
    expect(refusal(dear)).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('$1000.00') })
  })

  test('a model without a price is refused and never free', () => {
    expect(refusal({ id: 'a', model: 'unheard-of', inputTokens: 1 }).code).toBe('POLICY_VIOLATION')
    expect(refusal({ id: 'a', model: 'constructor', inputTokens: 1 }).code).toBe('POLICY_VIOLATION')
    expect(refusal({ id: 'a', model: '__proto__', inputTokens: 1 }).code).toBe('POLICY_VIOLATION')
  })

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300, Number.MAX_SAFE_INTEGER + 1, -0.1])(
    '%d is no cost and no number of tokens',
    (value) => {
      expect(refusal({ id: 'a', costNanos: value }).code).toBe('INVALID_ARGUMENT')
      expect(refusal({ id: 'a', model: 'large', outputTokens: value }).code).toBe('INVALID_ARGUMENT')
    },
  )

  test('more money than can be counted exactly is refused', () => {
    expect(refusal({ id: 'a', model: 'large', inputTokens: Number.MAX_SAFE_INTEGER }).code).toBe('INVALID_ARGUMENT')
  })

  test('a model and a cost, or neither, say nothing certain', () => {
    expect(refusal({ id: 'a', model: 'large', costNanos: 1 }).code).toBe('INVALID_ARGUMENT')
    expect(refusal({ id: 'a' }).code).toBe('INVALID_ARGUMENT')
  })
})
