import type { EscalationNotified } from '../governor/entries.js'
import type { GovernorPolicy } from '../governor/policy/policy.js'
import type { BlockerKind, BlockerRow } from '../model/blocker.js'
import type { BreakerRow } from '../model/breaker.js'
import type { AccountRow, Amount, Usage } from '../model/budget.js'
import type { EscalationRow, EscalationSeverity } from '../model/escalation.js'
import type { Message } from '../model/message.js'
import type { SwarmRow } from '../model/swarm.js'
import type { Evidence, MilestonePercent, TaskRow, TaskSpec, TaskState } from '../model/task.js'

/** A later word of a holder. The epoch alone identifies the claim; `swarm`, where given, must be its holder. */
interface HolderWord {
  readonly task: string
  readonly epoch: number
  readonly swarm?: string
}

export interface RegisterSwarm {
  readonly type: 'register_swarm'
  readonly swarm: string
  readonly capabilities: readonly string[]
  readonly tier?: string
  readonly capacity: number
  readonly metadata: Readonly<Record<string, string>>
  /** What follows is an administrator's to say: what it costs and may spend, and how far it is trusted. */
  readonly costPerHourNanos?: number
  readonly reputation?: number
  readonly budgetNanos?: number
}

/** An administrator says which capabilities a swarm has; the list replaces the one before. */
export interface GrantCapabilities {
  readonly type: 'grant_capabilities'
  readonly swarm: string
  readonly capabilities: readonly string[]
}

export interface RetireSwarm {
  readonly type: 'retire_swarm'
  readonly swarm: string
  readonly reason?: string
}

export interface CreateTask {
  readonly type: 'create_task'
  readonly task: TaskSpec
}

export interface ImportBoard {
  readonly type: 'import_board'
  readonly board: string
  readonly tasks: readonly { readonly spec: TaskSpec; readonly statedState?: TaskState }[]
  /** Only says what would change. */
  readonly dryRun: boolean
}

export interface CancelTask {
  readonly type: 'cancel_task'
  readonly task: string
  readonly reason?: string
  /** Also cancels every task that depends on it. */
  readonly cascade: boolean
}

export interface RetryTask {
  readonly type: 'retry_task'
  readonly task: string
}

export interface OfferNext {
  readonly type: 'offer_next'
  readonly swarm: string
  /** Claims what is offered, in the same decision. */
  readonly claim: boolean
  readonly leaseMs?: number
  /** A task that may be offered though the search did not reach it: the one that a waiting caller was woken for. */
  readonly prefer?: string
}

export interface ClaimTask {
  readonly type: 'claim_task'
  readonly task: string
  readonly swarm: string
  readonly leaseMs?: number
}

export interface Heartbeat extends HolderWord {
  readonly type: 'heartbeat'
  readonly usage?: Usage
}

/** What was spent, by the holder under the claim's epoch or by a helper under its own; also after the claim has ended. */
export interface ReportUsage extends HolderWord {
  readonly type: 'report_usage'
  readonly usage: Usage
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

export interface ReportMilestone extends HolderWord {
  readonly type: 'report_milestone'
  readonly percent: MilestonePercent
  readonly note?: string
  readonly testsPassed?: number
  readonly testsFailed?: number
  readonly nextAction?: string
}

export interface ReleaseTask {
  readonly type: 'release_task'
  readonly task: string
  readonly swarm?: string
  /** Absent when an operator takes the task from its holder. */
  readonly epoch?: number
  readonly note?: string
}

export interface FailTask extends HolderWord {
  readonly type: 'fail_task'
  readonly reason: string
  /** False when trying again is pointless: the task fails at once. */
  readonly retry: boolean
}

export interface CompleteTask {
  readonly type: 'complete_task'
  readonly task: string
  readonly swarm?: string
  /** Absent only for external placeholders, which a person marks done. */
  readonly epoch?: number
  readonly evidence: readonly Evidence[]
  readonly summary?: string
}

export interface RaiseBlocker extends HolderWord {
  readonly type: 'raise_blocker'
  readonly kind: BlockerKind
  readonly needs: string
  readonly requires: readonly string[]
  /** For kind `task`: resolved by that task's completion. */
  readonly waitsFor?: string
}

export interface AssignHelpers {
  readonly type: 'assign_helpers'
  readonly blocker: string
  readonly swarms: readonly string[]
}

export interface AnswerHelp {
  readonly type: 'answer_help'
  readonly blocker: string
  readonly swarm: string
  readonly accept: boolean
  readonly reason?: string
}

/** By a helper under its own epoch, by the holder under the claim's, or by an operator with neither. */
export interface ResolveBlocker {
  readonly type: 'resolve_blocker'
  readonly blocker: string
  readonly swarm?: string
  readonly epoch?: number
  readonly resolution?: string
}

export interface SendMessage {
  readonly type: 'send_message'
  /** A swarm, or `orchestrator`. */
  readonly to: string
  readonly text: string
  readonly task?: string
}

export interface AcknowledgeInbox {
  readonly type: 'acknowledge_inbox'
  readonly swarm: string
  /** Index of the last message that was dealt with. */
  readonly upTo: number
}

/** A deadline has come; submitted by the engine's timer. */
export interface Tick {
  readonly type: 'tick'
  /** Also writes down what is gathered for later, because the fabric is about to close. */
  readonly flush?: boolean
}

/** Writes down what became of telling people over a channel. */
export interface RecordNotice {
  readonly type: 'record_notice'
  readonly escalation: string
  readonly notice: EscalationNotified
}

export type CoordinatorCommand =
  | RegisterSwarm
  | RetireSwarm
  | CreateTask
  | ImportBoard
  | CancelTask
  | RetryTask
  | OfferNext
  | ClaimTask
  | Heartbeat
  | ReportMilestone
  | ReleaseTask
  | FailTask
  | CompleteTask
  | RaiseBlocker
  | AssignHelpers
  | AnswerHelp
  | ResolveBlocker
  | SendMessage
  | AcknowledgeInbox
  | GrantCapabilities
  | ReportUsage
  | ExtendBudget
  | AdmitCall
  | ReportCall
  | TripBreaker
  | ResetBreaker
  | ApplyPolicy
  | AskHuman
  | AnswerEscalation
  | TakeApproval
  | RecordNotice
  | Tick

export interface ClaimGrant {
  readonly task: string
  readonly swarm: string
  readonly epoch: number
  readonly leaseMs: number
  /** End of the lease, milliseconds since the epoch, unless a heartbeat renews it. */
  readonly leaseEndsAt: number
  /** True when the swarm held this claim already: the epoch is the old one. */
  readonly reclaimed: boolean
}

export const OFFER_KINDS = ['resume', 'help', 'primary', 'filler', 'none'] as const
export type OfferKind = (typeof OFFER_KINDS)[number]

/** Answer to `next`: a task of the swarm's own to go on with, help to give, new work, filler work, or nothing. */
export interface Offer {
  readonly kind: OfferKind
  readonly task?: TaskRow
  /** Present for `resume`, and for new work when a claim was asked for. */
  readonly claim?: ClaimGrant
  /** Present for `help`: what the other swarm needs. */
  readonly blocker?: BlockerRow
  /** For `none`: there is work, but no budget has room for it. */
  readonly short?: boolean
}

/** Tells a holder to stop, and why. */
export interface StopSignal {
  readonly reason: string
}

export interface HeartbeatReply {
  readonly task: string
  /** The holder. */
  readonly swarm: string
  readonly epoch: number
  readonly leaseEndsAt: number
  /** Messages the holder has not acknowledged yet. */
  readonly unread: number
  /** The claim is stopped: its lease is not renewed. Finish or release it, or wait until a person extends its budget. */
  readonly stop?: StopSignal
  /** What the claim has reserved and spent, where it has a budget. Nano-dollars. */
  readonly budget?: { readonly heldNanos: number; readonly spentNanos: number }
  /** Usage that was not booked, and why; the lease is renewed all the same. */
  readonly usage?: { readonly refused: { readonly code: string; readonly message: string } }
}

export interface UsageReply {
  readonly task: string
  readonly swarm: string
  readonly epoch: number
  /** What this report came to. */
  readonly amount: Amount
  /** It was booked before under the same name. */
  readonly repeated: boolean
  /** The hold had ended. */
  readonly late: boolean
  readonly heldNanos: number
  readonly spentNanos: number
  readonly stop?: StopSignal
}

export interface CallPermit {
  readonly swarm: string
  /** Goes with the report of what became of the call. */
  readonly generation: number
  readonly probe?: number
  /** When an unanswered probe counts as failed, milliseconds since the epoch. */
  readonly deadline?: number
}

export const IMPORT_ACTIONS = ['create', 'update', 'complete', 'cancel', 'unchanged'] as const
export type ImportAction = (typeof IMPORT_ACTIONS)[number]

export interface ImportReport {
  readonly board: string
  readonly dryRun: boolean
  readonly changes: readonly {
    readonly task: string
    readonly action: ImportAction
    /** Names of the fields that differ, for `update`. */
    readonly fields: readonly string[]
  }[]
  /** Tasks of this board in the fabric that the files no longer name; they are left as they are. */
  readonly missing: readonly string[]
}

export interface CancelReport {
  readonly task: TaskRow
  readonly cancelled: readonly string[]
  /** Tasks that now wait for something that will never come. */
  readonly strandedDependents: readonly string[]
}

/** What the sender of each command gets back once it is durable. */
export interface Replies {
  register_swarm: SwarmRow
  retire_swarm: { readonly swarm: SwarmRow; readonly released: readonly string[] }
  create_task: TaskRow
  import_board: ImportReport
  cancel_task: CancelReport
  retry_task: TaskRow
  offer_next: Offer
  claim_task: ClaimGrant
  heartbeat: HeartbeatReply
  report_milestone: TaskRow
  release_task: TaskRow
  fail_task: TaskRow
  complete_task: { readonly task: TaskRow; readonly unblocked: readonly string[] }
  raise_blocker: BlockerRow
  assign_helpers: BlockerRow
  answer_help: BlockerRow
  resolve_blocker: BlockerRow
  send_message: Message
  acknowledge_inbox: { readonly swarm: string; readonly acknowledged: number; readonly unread: number }
  grant_capabilities: SwarmRow
  report_usage: UsageReply
  extend_budget: AccountRow
  admit_call: CallPermit
  report_call: { readonly counted: boolean; readonly breaker: BreakerRow }
  trip_breaker: BreakerRow
  reset_breaker: BreakerRow
  apply_policy: { readonly digest: string; readonly changed: boolean }
  ask_human: EscalationRow
  answer_escalation: EscalationRow
  take_approval: EscalationRow
  record_notice: EscalationRow
  tick: { readonly due: number }
}

export type CommandType = CoordinatorCommand['type']
export type CommandOf<Type extends CommandType> = Extract<CoordinatorCommand, { type: Type }>
