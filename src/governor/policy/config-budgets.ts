import * as z from 'zod'
import type { WindowKind } from '../../model/budget.js'
import * as field from '../../user-file/file-fields.js'
import { type BudgetPolicy, DEFAULT_GOVERNOR_POLICY, type Limit, type PriceTable, type WindowLimits } from './policy.js'
import { BOUNDS, MODEL_PATTERN, SCOPE_PATTERN } from './policy-schema.js'

const { budgets, prices } = DEFAULT_GOVERNOR_POLICY

const limitMap = z
  .strictObject({
    dollars: field.dollars('Most money, in dollars.').exactOptional(),
    input_tokens: field.count('Most input tokens that are not cached.').exactOptional(),
    output_tokens: field.count('Most output tokens.').exactOptional(),
    cached_tokens: field.count('Most input tokens that come from a cache.').exactOptional(),
  })
  .refine((limits) => Object.keys(limits).length > 0, { error: 'limits nothing. Name dollars or tokens.' })

const NO_LIMIT = 'is no limit. Write dollars from 0 to 9007199, such as 25 or "$25.00", or a map of dollars and tokens.'

const limit = z
  .union([...field.dollarForms(NO_LIMIT), limitMap], { error: NO_LIMIT })
  .transform((value, context): Limit => {
    if (typeof value !== 'object') return { nanos: field.toNanos(value, context) }
    const { dollars, input_tokens, output_tokens, cached_tokens } = value
    return {
      ...(dollars !== undefined && { nanos: dollars }),
      ...(input_tokens !== undefined && { inputTokens: input_tokens }),
      ...(output_tokens !== undefined && { outputTokens: output_tokens }),
      ...(cached_tokens !== undefined && { cachedTokens: cached_tokens }),
    }
  })
  .meta({ id: 'limit', description: 'Dollars alone, or dollars and tokens by name; what is not named is not limited.' })

const windows = z
  .strictObject({
    total: limit.exactOptional().describe('For all time.'),
    day: limit.exactOptional().describe('For each day, UTC.'),
    week: limit.exactOptional().describe('For each ISO week, from Monday, UTC.'),
    month: limit.exactOptional().describe('For each month, UTC.'),
  } satisfies Record<WindowKind, z.ZodType>)
  .transform((limits): WindowLimits => limits)
  .meta({
    id: 'windows',
    description: 'Limits by the time they are for.',
  })

const scopes = z.record(
  field.name(SCOPE_PATTERN, "is no id and not '*'. Use letters, digits, '.', '_', ':' and '-'."),
  windows,
)

const holdTokens = z
  .strictObject({
    input_tokens: field.count('Input tokens that are not cached.').prefault(budgets.holdTokens.inputTokens),
    output_tokens: field.count('Output tokens.').prefault(budgets.holdTokens.outputTokens),
    cached_tokens: field.count('Input tokens that come from a cache.').prefault(budgets.holdTokens.cachedTokens),
  })
  .transform(({ input_tokens, output_tokens, cached_tokens }): BudgetPolicy['holdTokens'] => {
    return { inputTokens: input_tokens, outputTokens: output_tokens, cachedTokens: cached_tokens }
  })

/** `budgets`: what may be spent, by whom and in which time. */
export const budgetsSection = z
  .strictObject({
    fabric: windows.prefault({}).describe('Limits of everything together.'),
    boards: scopes.prefault({}).describe("Limits of boards by id; '*' is for each one without an entry of its own."),
    swarms: scopes.prefault({}).describe("Limits of swarms by id; '*' is for each one without an entry of its own."),
    hold_tokens: holdTokens.prefault({}).describe('Tokens that a claim reserves where tokens are limited.'),
    warn_percent: field
      .whole(BOUNDS.percent, 'Percent of what its claim reserved at which a holder is warned.')
      .default(budgets.warnPercent),
  })
  .transform(
    ({ fabric, boards, swarms, hold_tokens, warn_percent }): BudgetPolicy => ({
      fabric,
      boards,
      swarms,
      holdTokens: hold_tokens,
      warnPercent: warn_percent,
    }),
  )
  .prefault({})
  .describe('What may be spent.')

const model = z
  .strictObject({
    input_nanos: field.count('Nano-dollars for a million input tokens: 3_000_000_000 is $3.'),
    output_nanos: field.count('Nano-dollars for a million output tokens.'),
    cached_nanos: field
      .count('Nano-dollars for a million input tokens that come from a cache; without it the price of input.')
      .exactOptional(),
  })
  .transform(({ input_nanos, output_nanos, cached_nanos = input_nanos }) => {
    return { inputNanos: input_nanos, outputNanos: output_nanos, cachedNanos: cached_nanos }
  })
  .describe('Prices of one model.')

/** `prices`: what tokens of models cost. A model without a price cannot be used. */
export const pricesSection = z
  .strictObject({
    version: field.line('Names this table in messages and in the log, such as the date of the price list.'),
    models: z
      .record(field.name(MODEL_PATTERN, 'is no name of a model. Use 1 to 128 letters, digits and signs.'), model)
      .prefault({})
      .describe('Prices by name of the model, as usage reports name it.'),
  })
  .transform((table): PriceTable => table)
  .prefault({ version: prices.version })
  .describe('What tokens of models cost. Usage of a model without a price is refused.')
