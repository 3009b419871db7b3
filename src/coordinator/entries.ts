import type { ChassisEntry } from '../chassis/entries.js'
import type { GovernorEntry } from '../governor/entries.js'
import type { BlockerKind } from '../model/blocker.js'
import type { Amount } from '../model/budget.js'
import type { Entry, EntryDraft } from '../model/entry.js'
import type { Role } from '../model/principal.js'
import type { Evidence, MilestonePercent, TaskRow, TaskSpec } from '../model/task.js'

/** A worker appeared or changed what it can do. Subject: the swarm. */
export interface SwarmRegistered {
  readonly capabilities: readonly string[]
  readonly tier?: string
  readonly capacity: number
  readonly metadata: Readonly<Record<string, string>>
  readonly costPerHourNanos?: number
  readonly reputation?: number
  readonly budgetNanos?: number
}

export interface SwarmRetired {
  readonly reason?: string
}

/** Somebody may come in. Subject: the token. */
export interface TokenIssued {
  readonly role: Role
  /** Whom it stands for: the id of a swarm, or a name. */
  readonly name: string
  readonly swarm?: string
  /** SHA-256 of the secret, hex. */
  readonly hash: string
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
  /** The token in whose place it is, and when that one ends. */
  readonly replaces?: { readonly id: string; readonly expiresAt: number }
}

export interface TokenRevoked {
  readonly role: Role
  readonly name: string
  readonly swarm?: string
  readonly reason?: string
}

/** Subject: the task. `dependencies` became all completed, a backoff ended, or an external placeholder became real. */
export interface TaskUnblocked {
  readonly cause: 'dependencies' | 'backoff'
}

/** Budget that is reserved together with what the entry says. */
export interface Hold {
  readonly amount: Amount
  /** Accounts in which it is reserved. */
  readonly accounts: readonly string[]
}

/** Its index is the epoch of the claim. */
export interface TaskClaimed {
  readonly swarm: string
  readonly leaseMs: number
  readonly attempt: number
  readonly hold?: Hold
  /** Digest of the policy that it was decided under. */
  readonly policy?: string
}

export interface ClaimWord {
  readonly swarm: string
  readonly epoch: number
}

export interface TaskReleased extends ClaimWord {
  readonly cause: 'holder' | 'lease_expired' | 'swarm_retired' | 'operator' | 'budget_spent' | 'breaker_open'
  readonly note?: string
}

export interface TaskAttemptFailed extends ClaimWord {
  readonly reason: string
  /** When the task is offered again, milliseconds since the epoch; absent when this was the last attempt. */
  readonly retryAt?: number
}

/** The end after too many failures; a person may retry it. */
export interface TaskFailed {
  readonly reason: string
  readonly failures: number
}

/** `swarm` and `epoch` are absent when a person marked an external task done or a board said so. */
export interface TaskCompleted {
  readonly swarm?: string
  readonly epoch?: number
  readonly evidence: readonly Evidence[]
  readonly summary?: string
}

export interface TaskCancelled {
  readonly reason?: string
}

/** The last row of a finished task, which leaves memory with this entry. Its progress has entries of its own. */
export interface TaskArchived {
  readonly state: 'completed' | 'cancelled'
  readonly row: TaskRow
}

export interface MilestoneReported extends ClaimWord {
  readonly percent: MilestonePercent
  readonly note?: string
  readonly testsPassed?: number
  readonly testsFailed?: number
  readonly nextAction?: string
}

export interface TaskStalled extends ClaimWord {
  readonly silentSince: number
}

/** Subject: the blocker. */
export interface BlockerRaised extends ClaimWord {
  readonly task: string
  readonly kind: BlockerKind
  readonly needs: string
  readonly requires: readonly string[]
  readonly waitsFor?: string
}

export interface HelpRequested {
  readonly task: string
  readonly swarms: readonly string[]
  /** What each is asked to do, where the governor planned it. */
  readonly asks?: Readonly<Record<string, readonly string[]>>
  /** Reserved for all helpers of this blocker together, with the first that are asked. */
  readonly hold?: Hold
  readonly policy?: string
}

/** Its index is the epoch of the helper. */
export interface HelpAnswered {
  readonly task: string
  readonly swarm: string
  readonly reason?: string
  /** The hold for help is spent: others are not asked, and the helper is told to stop. */
  readonly cause?: 'budget_spent'
}

/** Nobody who could help has a budget or the capabilities: people were asked. Subject: the blocker. */
export interface HelpUnavailable {
  readonly task: string
  readonly reason: string
}

export interface BlockerResolved {
  readonly task: string
  readonly cause: 'resolved' | 'task_completed' | 'claim_ended'
  readonly by?: string
  readonly resolution?: string
}

/** Subject: the reader. */
export interface MessageSent {
  readonly text: string
  readonly task?: string
}

/** Cursors of several inboxes, coalesced. */
export interface InboxesAcknowledged {
  readonly cursors: Readonly<Record<string, number>>
}

/** Subject: the board. The tasks follow as their own entries. */
export interface BoardImported {
  readonly created: number
  readonly updated: number
  readonly completed: number
  readonly unchanged: number
}

/**
 * Everything that is decided and folded here, with what the governor and the chassis write. Names are past tense; the stored
 * type is `infrafabric.coordinator.<name>.v1`, or has `governor` or `chassis` in that place.
 */
export type CoordinatorEntry =
  | GovernorEntry
  | ChassisEntry
  | Entry<'swarm_registered', SwarmRegistered>
  | Entry<'swarm_retired', SwarmRetired>
  | Entry<'token_issued', TokenIssued>
  | Entry<'token_revoked', TokenRevoked>
  | Entry<'task_created', TaskSpec>
  | Entry<'task_updated', TaskSpec>
  | Entry<'task_unblocked', TaskUnblocked>
  | Entry<'task_claimed', TaskClaimed>
  | Entry<'task_released', TaskReleased>
  | Entry<'task_attempt_failed', TaskAttemptFailed>
  | Entry<'task_failed', TaskFailed>
  | Entry<'task_completed', TaskCompleted>
  | Entry<'task_cancelled', TaskCancelled>
  | Entry<'task_retried', Record<string, never>>
  | Entry<'task_archived', TaskArchived>
  | Entry<'milestone_reported', MilestoneReported>
  | Entry<'task_stalled', TaskStalled>
  | Entry<'task_stall_ended', ClaimWord>
  | Entry<'blocker_raised', BlockerRaised>
  | Entry<'blocker_resolved', BlockerResolved>
  | Entry<'help_requested', HelpRequested>
  | Entry<'help_accepted', HelpAnswered>
  | Entry<'help_declined', HelpAnswered>
  | Entry<'help_unavailable', HelpUnavailable>
  | Entry<'message_sent', MessageSent>
  | Entry<'inboxes_acknowledged', InboxesAcknowledged>
  | Entry<'board_imported', BoardImported>

export type CoordinatorEntryType = CoordinatorEntry['type']
export type CoordinatorDraft = EntryDraft<CoordinatorEntry>
export type EntryOf<Type extends CoordinatorEntryType> = Extract<CoordinatorEntry, { type: Type }>
