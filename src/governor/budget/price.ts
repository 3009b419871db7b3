import { type Amount, NOTHING, type Usage } from '../../model/budget.js'
import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { formatDollars, isCount } from '../../model/money.js'
import type { PriceTable } from '../policy/policy.js'

const TOKENS = ['inputTokens', 'outputTokens', 'cachedTokens'] as const
const PER_TOKENS = 1_000_000n

/**
 * What a usage report comes to. Fractions of a nano-dollar are rounded up, once for each report. Throws INVALID_ARGUMENT
 * for a negative, broken or too large number, and for a report with both a cost and a model or with neither;
 * POLICY_VIOLATION for a model without a price: unknown is never free.
 */
export function amountOf(usage: Usage, prices: PriceTable): Amount {
  const { model, costNanos } = usage
  const amount = { ...NOTHING }
  for (const field of TOKENS) amount[field] = count(usage[field], field, LIMITS.usageTokens)
  if ((model === undefined) === (costNanos === undefined)) {
    throw new FabricError('INVALID_ARGUMENT', 'Report either a model with its tokens, or a plain cost.', {
      field: 'usage',
    })
  }
  if (model === undefined) return { ...amount, nanos: count(costNanos, 'costNanos', LIMITS.usageNanos) }
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
  const nanos = (total + PER_TOKENS - 1n) / PER_TOKENS
  if (nanos <= LIMITS.usageNanos) return Number(nanos)
  const message = `One report may cost ${formatDollars(LIMITS.usageNanos)} at most. Report more often.`
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'usage' })
}

function count(value: unknown, field: string, most: number): number {
  if (value === undefined) return 0
  if (isCount(value) && value <= most) return value
  const message = `${field} of one report must be a whole number from 0 to ${most}.`
  throw new FabricError('INVALID_ARGUMENT', message, { field })
}
