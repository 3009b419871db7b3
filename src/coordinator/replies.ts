import type { BlockerRow } from '../model/blocker.js'
import type { Amount } from '../model/budget.js'
import type { TaskRow } from '../model/task.js'

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
