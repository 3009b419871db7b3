import { AMOUNT_FIELDS, type Amount, type AmountField } from '../../model/budget.js'
import { FabricError } from '../../model/errors.js'
import { isCount } from '../../model/money.js'
import type { Limit } from '../policy/policy.js'

export function add(a: Amount, b: Amount): Amount {
  return {
    nanos: a.nanos + b.nanos,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
  }
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

/** Sums stay exact: more than a safe integer of anything is refused before it is booked. Throws INVALID_ARGUMENT. */
export function requireExact(sum: Amount): void {
  if (AMOUNT_FIELDS.every((field) => isCount(sum[field]))) return
  throw new FabricError('INVALID_ARGUMENT', 'The sums of this budget would no longer be exact. Report a smaller cost.')
}
