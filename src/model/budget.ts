/** What budgets count: money, and tokens of models apart from it. Every field is a safe integer, never negative. */
export interface Amount {
  /** Nano-dollars. */
  readonly nanos: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
}

export const AMOUNT_FIELDS = ['nanos', 'inputTokens', 'outputTokens', 'cachedTokens'] as const
export type AmountField = (typeof AMOUNT_FIELDS)[number]

export const NOTHING: Amount = { nanos: 0, inputTokens: 0, outputTokens: 0, cachedTokens: 0 }

/** Windows of a budget. The window is part of the name of an account, so nothing has to be reset. */
export const WINDOW_KINDS = ['total', 'day', 'week', 'month'] as const
export type WindowKind = (typeof WINDOW_KINDS)[number]

/**
 * What was spent and is reserved in one scope and window. The limit is not here: it follows from the policy, the swarm's
 * profile or the task, so a lowered limit counts from the next hold on.
 */
export interface AccountRow {
  /** `<scope>/<window>`, such as `fabric/day:2026-11-25`, `board:sprint-1/total`, `swarm:alice/week:2026-W48`. */
  readonly id: string
  /** `fabric`, `board:<id>`, `swarm:<id>`, `task:<id>`, `help:<task>` or `model:<name>`. */
  readonly scope: string
  /** `total`, `day:2026-11-25`, `week:2026-W48` or `month:2026-11`; UTC. */
  readonly window: string
  readonly settled: Amount
  /** Reserved by live holds. */
  readonly held: Amount
  /** Part of what was settled that led to nothing: its claim ended without a result. Nano-dollars. */
  readonly wastedNanos: number
  /** What an administrator added to the limit. Nano-dollars. */
  readonly extendedNanos: number
  /** Since when nothing more may be held here, because more was spent than was held. Milliseconds since the Unix epoch. */
  readonly frozenAt?: number
}

export const HOLD_KINDS = ['claim', 'help'] as const
export type HoldKind = (typeof HOLD_KINDS)[number]

/** Budget that is reserved for a claim, or for all help with one blocker. */
export interface HoldRow {
  /** `claim-<epoch>`, or the id of the blocker. */
  readonly id: string
  readonly kind: HoldKind
  readonly task: string
  readonly board?: string
  /** The holder of the claim; for help, the swarm that is stuck. */
  readonly swarm: string
  readonly epoch: number
  /** When it was placed: its windows are those of this moment. Milliseconds since the Unix epoch. */
  readonly at: number
  readonly amount: Amount
  readonly settled: Amount
  /** Accounts in which the open part of it is reserved. */
  readonly accounts: readonly string[]
  /** What was settled in which account, nano-dollars: taken for wasted there when the claim ends without a result. */
  readonly settledIn: Readonly<Record<string, number>>
  /** Names of the newest usage reports, so that a repeated one is booked once. */
  readonly reports: readonly string[]
  /** The holder was told that most of it is spent. */
  readonly warned: boolean
  readonly released?: { readonly at: number; readonly wasted: boolean }
}

/**
 * What a swarm reports to have used: tokens of a model, which the price table turns into money, or plain cost. Tokens
 * beside a plain cost are counted and not priced.
 */
export interface Usage {
  /** Names this report within its claim; the same name is booked once. */
  readonly id: string
  readonly model?: string
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly cachedTokens?: number
  /** Nano-dollars; never with a model. */
  readonly costNanos?: number
}
