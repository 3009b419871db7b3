import { AMOUNT_FIELDS, type Amount, type AmountField } from '../../model/budget.js'
import type { Limit } from '../policy/policy.js'

/** Sums stop at the largest exact number, so that nobody is refused for what others have spent before. */
export function add(a: Amount, b: Amount): Amount {
  return {
    nanos: addCounts(a.nanos, b.nanos),
    inputTokens: addCounts(a.inputTokens, b.inputTokens),
    outputTokens: addCounts(a.outputTokens, b.outputTokens),
    cachedTokens: addCounts(a.cachedTokens, b.cachedTokens),
  }
}

export function addCounts(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER)
}

/** What is left of `a` after `b`; never less than nothing. */
export function remainder(a: Amount, b: Amount): Amount {
  return {
    nanos: Math.max(0, a.nanos - b.nanos),
    inputTokens: Math.max(0, a.inputTokens - b.inputTokens),
    outputTokens: Math.max(0, a.outputTokens - b.outputTokens),
    cachedTokens: Math.max(0, a.cachedTokens - b.cachedTokens),
  }
}

/** The first thing of which `amount` has more than `limit` allows. */
export function fieldBeyond(amount: Amount, limit: Limit): AmountField | undefined {
  return AMOUNT_FIELDS.find((field) => amount[field] > (limit[field] ?? Number.MAX_SAFE_INTEGER))
}
