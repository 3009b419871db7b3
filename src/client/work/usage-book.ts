import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { InputOf } from '../operation-types.js'

/** What was used: tokens of a model, or plain cost in nano-dollars. With an `id` of its own it is not added to others. */
export type UsageInput = Partial<Report>
type Report = InputOf<'task', 'usage'>['usage']

const AMOUNTS = ['inputTokens', 'outputTokens', 'cachedTokens', 'costNanos'] as const
const MOST = { inputTokens: LIMITS.usageTokens, outputTokens: LIMITS.usageTokens, cachedTokens: LIMITS.usageTokens }

/** What a claim spent and the fabric has not confirmed. Reports of one model are added up until they are sent. */
export class UsageBook {
  readonly #newId: () => string
  /** Model, or the id of a report that has one -> what was used. */
  readonly #waiting = new Map<string, UsageInput>()
  /** The report that is being sent: the same, under the same id, until the fabric has taken or refused it. */
  #sending: Report | undefined

  constructor(newId: () => string) {
    this.#newId = newId
  }

  /** Throws INVALID_ARGUMENT for what the fabric would refuse. */
  add(usage: UsageInput): void {
    for (const amount of AMOUNTS) requireAmount(amount, usage[amount])
    if ((usage.model === undefined) === (usage.costNanos === undefined)) {
      const message = 'Report either a model with its tokens, or a plain cost.'
      throw new FabricError('INVALID_ARGUMENT', message, { field: 'usage' })
    }
    if (usage.id !== undefined) {
      // The fabric books one name once, so the first of that name counts here as well.
      if (!this.#waiting.has(`id ${usage.id}`)) this.#waiting.set(`id ${usage.id}`, usage)
      return
    }
    const key = `model ${usage.model ?? ''}`
    const before = this.#waiting.get(key)
    const sum = before === undefined ? usage : added(before, usage)
    if (sum !== undefined) this.#waiting.set(key, sum)
    else this.#waiting.set(`id ${this.#newId()}`, usage)
  }

  get isEmpty(): boolean {
    return this.#sending === undefined && this.#waiting.size === 0
  }

  /** The report to send next. */
  next(): Report | undefined {
    if (this.#sending !== undefined) return this.#sending
    for (const [key, usage] of this.#waiting) {
      this.#waiting.delete(key)
      this.#sending = { ...usage, id: usage.id ?? this.#newId() }
      return this.#sending
    }
    return undefined
  }

  /** The report with that id was taken, or refused for good. */
  settle(id: string): void {
    if (this.#sending?.id === id) this.#sending = undefined
  }
}

/** Undefined when the sum would be more than one report may name. */
function added(a: UsageInput, b: UsageInput): UsageInput | undefined {
  const sums: [string, number][] = []
  for (const amount of AMOUNTS) {
    if (a[amount] === undefined && b[amount] === undefined) continue
    const sum = (a[amount] ?? 0) + (b[amount] ?? 0)
    if (sum > mostOf(amount)) return undefined
    sums.push([amount, sum])
  }
  return { ...a, ...Object.fromEntries(sums) }
}

function requireAmount(field: (typeof AMOUNTS)[number], value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0 && value <= mostOf(field))) return
  const message = `usage.${field} is ${value}; it must be a whole number from 0 to ${mostOf(field)}.`
  throw new FabricError('INVALID_ARGUMENT', message, { field: `usage.${field}` })
}

function mostOf(field: (typeof AMOUNTS)[number]): number {
  return field === 'costNanos' ? LIMITS.usageNanos : MOST[field]
}
