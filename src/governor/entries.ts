import type { TripCause } from '../model/breaker.js'
import type { Amount, AmountField } from '../model/budget.js'
import type { Entry } from '../model/entry.js'
import type { EscalationRow } from '../model/escalation.js'
import type { GovernorPolicy } from './policy/policy.js'

/** The policy from now on. Subject: its digest. */
export interface PolicyApplied {
  readonly policy: GovernorPolicy
  /** Digest of the policy before, where there was one. */
  readonly replaces?: string
}

/** Subject: the swarm. The whole list, not a change to it. */
export interface CapabilitiesGranted {
  readonly capabilities: readonly string[]
}

/** A claim or a helper spent something. Subject: the task. */
export interface UsageReported extends Amount {
  /** Who spent it. */
  readonly swarm: string
  readonly epoch: number
  readonly hold: string
  readonly report: string
  readonly model?: string
  /** Price table by which tokens became money. */
  readonly prices?: string
  /** The hold had ended already. */
  readonly late: boolean
}

/** Most of what a claim may cost is spent. Subject: the task. */
export interface BudgetWarned {
  readonly swarm: string
  readonly epoch: number
  readonly hold: string
  readonly spentNanos: number
  readonly heldNanos: number
  /** What ran low, where that are tokens, and how many of them. */
  readonly field?: AmountField
  readonly spent?: number
  readonly held?: number
}

/** More was spent than was held. Subject: the account, in which nothing more is held until somebody extends it. */
export interface BudgetFrozen {
  readonly task: string
  readonly swarm: string
  readonly settledNanos: number
  readonly heldNanos: number
}

/** An administrator allows more. Subject: the account. */
export interface BudgetExtended {
  readonly nanos: number
  readonly reason: string
  /** The live hold that grows with it, where the account is that of a claimed task. */
  readonly hold?: string
  /** By how much it grows, where that is not all of it: a limit that was lowered meanwhile has room for less. */
  readonly holdNanos?: number
  /** It stays frozen: more than it may now spend was spent already. */
  readonly frozen?: true
  readonly task?: string
  readonly policy?: string
}

/** What a claim may cost is spent. Subject: the task. */
export interface ClaimStopped {
  readonly swarm: string
  readonly epoch: number
  readonly reason: string
  readonly policy?: string
}

export interface ClaimResumed {
  readonly swarm: string
  readonly epoch: number
}

/** A call of a swarm is let through. Its index names it, as a probe, where the breaker is half-open. Subject: the swarm. */
export interface CallAdmitted {
  readonly deadline: number
}

/** What became of a call. Subject: the swarm. */
export interface CallReported {
  readonly succeeded: boolean
  readonly generation: number
  readonly probe?: number
  /** The swarm said so itself of a trial call, which is therefore given back and not counted. */
  readonly own?: boolean
}

/** Subject: the swarm. */
export interface BreakerOpened {
  readonly cause: TripCause
  readonly reason: string
  readonly latched: boolean
  /** When it becomes half-open by itself, milliseconds since the Unix epoch; absent while latched. */
  readonly until?: number
  readonly policy?: string
}

export interface BreakerHalfOpened {
  readonly probes: number
}

export interface BreakerClosed {
  readonly cause: 'probes' | 'administrator'
  readonly reason?: string
}

/** The question as it is asked. Subject: the escalation. */
export type EscalationOpened = Omit<
  EscalationRow,
  'id' | 'state' | 'notified' | 'openedAt' | 'endedAt' | 'answeredBy' | 'option' | 'answer'
>

/** What an escalation is about, so that its end is found with its beginning. */
export interface AboutEscalation {
  readonly task?: string
  readonly swarm?: string
}

export interface EscalationAnswered extends AboutEscalation {
  readonly option?: string
  readonly answer?: string
}

/** Nobody answered in time. */
export type EscalationExpired = AboutEscalation

/** An approval was used, which it can be once. */
export interface ApprovalTaken extends AboutEscalation {
  readonly digest: string
}

/** What became of telling people over a channel. Subject: the escalation. */
export interface EscalationNotified {
  readonly channel: string
  readonly event: 'opened' | 'answered' | 'expired'
  readonly delivered: boolean
  readonly attempts: number
  readonly reason?: string
}

/** Everything the governor writes. The stored type is `infrafabric.governor.<name>.v1`. */
export type GovernorEntry =
  | Entry<'policy_applied', PolicyApplied>
  | Entry<'capabilities_granted', CapabilitiesGranted>
  | Entry<'usage_reported', UsageReported>
  | Entry<'budget_warned', BudgetWarned>
  | Entry<'budget_frozen', BudgetFrozen>
  | Entry<'budget_extended', BudgetExtended>
  | Entry<'claim_stopped', ClaimStopped>
  | Entry<'claim_resumed', ClaimResumed>
  | Entry<'call_admitted', CallAdmitted>
  | Entry<'call_reported', CallReported>
  | Entry<'breaker_opened', BreakerOpened>
  | Entry<'breaker_half_opened', BreakerHalfOpened>
  | Entry<'breaker_closed', BreakerClosed>
  | Entry<'escalation_opened', EscalationOpened>
  | Entry<'escalation_answered', EscalationAnswered>
  | Entry<'escalation_expired', EscalationExpired>
  | Entry<'escalation_notified', EscalationNotified>
  | Entry<'approval_taken', ApprovalTaken>

export type GovernorEntryType = GovernorEntry['type']

const GOVERNOR_ENTRIES: Readonly<Record<GovernorEntryType, true>> = {
  policy_applied: true,
  capabilities_granted: true,
  usage_reported: true,
  budget_warned: true,
  budget_frozen: true,
  budget_extended: true,
  claim_stopped: true,
  claim_resumed: true,
  call_admitted: true,
  call_reported: true,
  breaker_opened: true,
  breaker_half_opened: true,
  breaker_closed: true,
  escalation_opened: true,
  escalation_answered: true,
  escalation_expired: true,
  escalation_notified: true,
  approval_taken: true,
}

export function isGovernorEntryType(type: string): type is GovernorEntryType {
  return Object.hasOwn(GOVERNOR_ENTRIES, type)
}
