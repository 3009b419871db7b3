import { type Amount, NOTHING, type Usage } from '../../model/budget.js'
import { FabricError } from '../../model/errors.js'
import { isCount } from '../../model/money.js'
import type { PriceTable } from '../policy/policy.js'

const TOKENS = ['inputTokens', 'outputTokens', 'cachedTokens'] as const
const PER_TOKENS = 1_000_000n

/**
 * What a usage report comes to. Fractions of a nano-dollar are rounded up, once for each report. Throws INVALID_ARGUMENT
 * for a negative, broken or unsafe number, and for a report with both a cost and a model or with neither;
 * POLICY_VIOLATION for a model without a price: unknown is never free.
 */
export function amountOf(usage: Usage, prices: PriceTable): Amount {
  const { model, costNanos } = usage
  const amount = { ...NOTHING }
  for (const field of TOKENS) amount[field] = count(usage[field], field)
  if ((model === undefined) === (costNanos === undefined)) {
    throw new FabricError('INVALID_ARGUMENT', 'Report either a model with its tokens, or a plain cost.', {
      field: 'usage',
    })
  }
  if (model === undefined) return { ...amount, nanos: count(costNanos, 'costNanos') }
  return { ...amount, nanos: priceOf(model, amount, prices) }
}

function priceOf(model: string, tokens: Amount, { version, models }: PriceTable): number {
  const price = Object.hasOwn(models, model) ? models[model] : undefined
  if (price === undefined) {
    throw new FabricError(
      'POLICY_VIOLATION',
      `The price table ${version} has no price for the model ${model}. Add it under prices in infrafabric.yaml, and report again.`,
      { model, prices: version },
    )
  }
  const total =
    BigInt(tokens.inputTokens) * BigInt(price.inputNanos) +
    BigInt(tokens.outputTokens) * BigInt(price.outputNanos) +
    BigInt(tokens.cachedTokens) * BigInt(price.cachedNanos)
  return count(Number((total + PER_TOKENS - 1n) / PER_TOKENS), 'usage')
}

function count(value: unknown, field: string): number {
  if (value === undefined) return 0
  if (isCount(value)) return value
  throw new FabricError('INVALID_ARGUMENT', `${field} must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}.`, {
    field,
  })
}
