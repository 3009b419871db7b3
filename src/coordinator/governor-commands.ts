import type { EscalationNotified } from '../governor/entries.js'
import type { GovernorPolicy } from '../governor/policy/policy.js'
import type { EscalationSeverity } from '../model/escalation.js'

/** An administrator says which capabilities a swarm has; the list replaces the one before. */
export interface GrantCapabilities {
  readonly type: 'grant_capabilities'
  readonly swarm: string
  readonly capabilities: readonly string[]
}

/** Allows more in an account. */
export interface ExtendBudget {
  readonly type: 'extend_budget'
  readonly account: string
  readonly nanos: number
  readonly reason: string
}

/** Asks whether a swarm may make a call now. */
export interface AdmitCall {
  readonly type: 'admit_call'
  readonly swarm: string
}

/** Says what became of an admitted call. */
export interface ReportCall {
  readonly type: 'report_call'
  readonly swarm: string
  readonly succeeded: boolean
  readonly generation: number
  readonly probe?: number
}

/** Opens and latches a breaker: an administrator, or the engine for a loop that runs away. */
export interface TripBreaker {
  readonly type: 'trip_breaker'
  readonly swarm: string
  readonly cause: 'runaway' | 'administrator'
  readonly reason: string
}

export interface ResetBreaker {
  readonly type: 'reset_breaker'
  readonly swarm: string
  readonly reason: string
}

export interface ApplyPolicy {
  readonly type: 'apply_policy'
  readonly policy: GovernorPolicy
  /** SHA-256, hex, of its canonical form. */
  readonly digest: string
}

/** Asks a person. */
export interface AskHuman {
  readonly type: 'ask_human'
  /** The swarm that asks; absent when it is an operator. */
  readonly swarm?: string
  readonly severity: EscalationSeverity
  readonly question: string
  readonly context: Readonly<Record<string, string>>
  readonly options: readonly string[]
  readonly task?: string
  readonly ttlMs?: number
  /** Makes it the request for an approval: SHA-256, hex, of exactly what is to be approved. */
  readonly approvalOf?: string
}

export interface AnswerEscalation {
  readonly type: 'answer_escalation'
  readonly escalation: string
  readonly option?: string
  readonly answer?: string
}

/** Uses an approval, which is possible once, for exactly what was approved. */
export interface TakeApproval {
  readonly type: 'take_approval'
  readonly escalation: string
  readonly swarm?: string
  readonly digest: string
}

/** Writes down what became of telling people over a channel. */
export interface RecordNotice {
  readonly type: 'record_notice'
  readonly escalation: string
  readonly notice: EscalationNotified
}
