export const ESCALATION_KINDS = ['question', 'approval', 'help', 'budget', 'breaker'] as const
export type EscalationKind = (typeof ESCALATION_KINDS)[number]

export const ESCALATION_SEVERITIES = ['info', 'warning', 'critical'] as const
export type EscalationSeverity = (typeof ESCALATION_SEVERITIES)[number]

/** `settled`: what it asked about ended by itself; `taken`: an approval that was used. */
export const ESCALATION_STATES = ['open', 'answered', 'expired', 'settled', 'taken'] as const
export type EscalationState = (typeof ESCALATION_STATES)[number]

export const APPROVE = 'approve'
export const DENY = 'deny'

/** A question for a person. */
export interface EscalationRow {
  /** `escalation-<log index>` */
  readonly id: string
  readonly kind: EscalationKind
  readonly state: EscalationState
  readonly severity: EscalationSeverity
  /** Who asks: an actor, `fabric` for the fabric itself. */
  readonly asker: string
  readonly question: string
  /** What a person should know to answer. */
  readonly context: Readonly<Record<string, string>>
  /** Answers to choose from; empty for a free one. */
  readonly options: readonly string[]
  readonly task?: string
  readonly blocker?: string
  readonly swarm?: string
  /** Account that ran out, for `budget`. */
  readonly account?: string
  /** SHA-256, hex, of exactly what an approval is asked for, and of the policy it was asked under. */
  readonly digest?: string
  readonly policy?: string
  /** Channels that were told, or that gave up. */
  readonly notified?: readonly string[]
  readonly openedAt: number
  readonly expiresAt: number
  readonly endedAt?: number
  /** Actor that answered. */
  readonly answeredBy?: string
  readonly option?: string
  readonly answer?: string
}
