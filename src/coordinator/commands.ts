import type { ModuleRow } from '../chassis/contract/module-row.js'
import type { CredentialRow } from '../chassis/credential/credential.js'
import type { ServiceLevelRow } from '../chassis/service-level/service-level.js'
import type { BlockerKind, BlockerRow } from '../model/blocker.js'
import type { BreakerRow } from '../model/breaker.js'
import type { AccountRow, Usage } from '../model/budget.js'
import type { EscalationRow } from '../model/escalation.js'
import type { Message } from '../model/message.js'
import type { Role, TokenRow } from '../model/principal.js'
import type { SwarmRow } from '../model/swarm.js'
import type { Evidence, MilestonePercent, TaskRow, TaskSpec, TaskState } from '../model/task.js'
import type {
  IssueCredential,
  LoadModule,
  RecordCredentialRefusal,
  RecordCredentialUse,
  RecordRun,
  RevokeCredential,
  RotateCredential,
  UnloadModule,
} from './chassis-commands.js'
import type {
  AdmitCall,
  AnswerEscalation,
  ApplyPolicy,
  AskHuman,
  ExtendBudget,
  GrantCapabilities,
  RecordNotice,
  ReportCall,
  ResetBreaker,
  TakeApproval,
  TripBreaker,
} from './governor-commands.js'
import type {
  CallPermit,
  CancelReport,
  ClaimGrant,
  HeartbeatReply,
  ImportReport,
  Offer,
  UsageReply,
} from './replies.js'

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
  /** A token for it, where it has none that is good. */
  readonly issue?: NewToken
}

/** A token that was made outside; its secret stays there. */
export interface NewToken {
  readonly id: string
  /** SHA-256 of the secret, hex. */
  readonly hash: string
  readonly ttlMs: number
}

export interface IssueToken extends NewToken {
  readonly type: 'issue_token'
  readonly role: Role
  /** Whom it stands for: the id of a swarm, or a name. */
  readonly name: string
}

export interface RotateToken extends NewToken {
  readonly type: 'rotate_token'
  /** The token that it takes the place of, and how long that one stays good. */
  readonly previous: string
  readonly graceMs: number
}

export interface RevokeToken {
  readonly type: 'revoke_token'
  readonly id: string
  readonly reason?: string
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
  | IssueToken
  | RotateToken
  | RevokeToken
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
  | LoadModule
  | UnloadModule
  | IssueCredential
  | RotateCredential
  | RevokeCredential
  | RecordCredentialUse
  | RecordCredentialRefusal
  | RecordRun
  | Tick

/** What the sender of each command gets back once it is durable. */
export interface Replies {
  register_swarm: SwarmRow & { readonly issued?: TokenRow }
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
  issue_token: TokenRow
  rotate_token: TokenRow
  revoke_token: TokenRow
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
  load_module: ModuleRow
  unload_module: ModuleRow
  issue_credential: CredentialRow
  rotate_credential: CredentialRow
  revoke_credential: CredentialRow
  record_credential_use: { readonly recorded: true }
  record_credential_refusal: { readonly recorded: true }
  record_run: ServiceLevelRow
  tick: { readonly due: number }
}

export type CommandType = CoordinatorCommand['type']
export type CommandOf<Type extends CommandType> = Extract<CoordinatorCommand, { type: Type }>
