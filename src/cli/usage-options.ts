import { FabricError } from '../model/errors.js'
import { formatDollars } from '../model/money.js'
import type { InputOf } from '../operations/table.js'
import type { CliCommand } from './command.js'
import { dollars, id, wholeNumber } from './option-values.js'

type Usage = InputOf<'task', 'usage'>['usage']

/** What was spent: plain money, or tokens of a model that has a price in the policy. */
export interface UsageOptions {
  readonly cost?: number
  readonly model?: string
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly cachedTokens?: number
  readonly report?: string
}

export function addUsageOptions(command: CliCommand): CliCommand {
  return command
    .option('--cost <dollars>', 'what was spent since the last report', dollars)
    .option('--model <name>', 'or: model of which tokens were used; the policy has its price')
    .option('--input-tokens <number>', 'tokens that it read', wholeNumber)
    .option('--output-tokens <number>', 'tokens that it wrote', wholeNumber)
    .option('--cached-tokens <number>', 'tokens that it read from its cache', wholeNumber)
    .option('--report <id>', 'name of this report: the same one is booked once (default: a new one)', id)
}

/** What the options say was spent; undefined when they say nothing. Throws INVALID_ARGUMENT for half a report. */
export function readUsage(options: UsageOptions): Usage | undefined {
  const { cost, model, inputTokens, outputTokens, cachedTokens, report } = options
  const counts = [inputTokens, outputTokens, cachedTokens].filter((count) => count !== undefined)
  if (cost === undefined && model === undefined && counts.length === 0 && report === undefined) return undefined
  if ((cost === undefined) === (model === undefined)) throw incomplete('Say what was spent', 'cost')
  if (cost !== undefined && counts.length > 0) throw incomplete('Tokens belong to a model, not to --cost', 'cost')
  if (model !== undefined && counts.length === 0) throw incomplete(`Say how many tokens of ${model}`, 'model')
  // Named before it is sent, so that sending it again after a lost answer books it once.
  const named = { id: report ?? crypto.randomUUID() }
  if (cost !== undefined) return { ...named, costNanos: cost }
  return {
    ...named,
    ...(model !== undefined && { model }),
    ...(inputTokens !== undefined && { inputTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
    ...(cachedTokens !== undefined && { cachedTokens }),
  }
}

/** Throws INVALID_ARGUMENT when nothing was said. */
export function requireUsage(options: UsageOptions): Usage {
  const usage = readUsage(options)
  if (usage === undefined) throw incomplete('Say what was spent', 'cost')
  return usage
}

function incomplete(what: string, field: string): FabricError {
  const forms = '--cost 0.42, or --model NAME with --input-tokens, --output-tokens or --cached-tokens'
  return new FabricError('INVALID_ARGUMENT', `${what}: ${forms}.`, { field })
}

/** What was spent of what is held; nothing where there is neither. */
export function spentLines({ spentNanos, heldNanos }: { spentNanos: number; heldNanos: number }): string[] {
  if (heldNanos > 0) return [`Spent ${formatDollars(spentNanos)} of ${formatDollars(heldNanos)}.`]
  return spentNanos > 0 ? [`Spent ${formatDollars(spentNanos)}.`] : []
}

/** A holder that must stop: loud for people, and an exit code that ends a loop of a script. */
export function stopLines(stop: { readonly reason: string } | undefined): string[] {
  return stop === undefined ? [] : [`STOP: ${stop.reason}`]
}

/** That of BUDGET_EXCEEDED: the command did its work, and its caller has to stop. */
export const STOP_EXIT = 5
