import type { CommandOf, CommandType, Offer, OfferNext, Replies } from '../coordinator/commands.js'
import type { Policy } from '../coordinator/policy.js'
import type { TaskDetail } from '../coordinator/queries.js'
import type { FabricState } from '../coordinator/state.js'
import type { JournalHealth } from '../journal/journal.js'
import type { Entry } from '../model/entry.js'
import type { FabricError } from '../model/errors.js'
import type { Message } from '../model/message.js'

/** Who sends a command, and what travels with it. */
export interface Origin {
  /** `admin` or `swarm:<id>`. */
  readonly actor: string
  /** W3C trace context; kept in every entry the command causes. */
  readonly traceparent?: string
  /** The same key with the same command gets the first reply again, also after a restart. */
  readonly idempotencyKey?: string
}

/** A durable entry with the exact bytes that are stored. */
export interface PublishedEntry extends Entry {
  readonly bytes: Uint8Array
}

/** An inbox as its reader sees it; `acknowledged` is the index of the last message dealt with, or -1. */
export interface InboxPage {
  readonly swarm: string
  readonly messages: readonly Message[]
  readonly acknowledged: number
  readonly unread: number
  /** Messages that were dropped because the inbox was full. */
  readonly dropped: number
}

export interface FabricStatus {
  readonly name: string
  readonly state: 'running' | 'recovering' | 'failed' | 'closed'
  readonly startedAt: number
  /** Entries in the log. */
  readonly entries: number
  readonly tasks: Readonly<Record<'blocked' | 'available' | 'claimed' | 'completed' | 'failed' | 'cancelled', number>>
  readonly stuck: number
  readonly swarms: number
  readonly openBlockers: number
  readonly waitingSwarms: number
  readonly subscribers: number
  readonly journal: JournalHealth
}

/** One coordinated space: the engine with everything above it that callers need. */
export interface Fabric {
  readonly name: string
  readonly policy: Policy

  /** Resolves with the reason when the fabric has stopped for good and needs a new start; a close is not that. */
  readonly failed: Promise<FabricError>

  /** Decides a command and resolves when its entries are durable. Throws a coded `FabricError`. */
  submit<Type extends CommandType>(command: CommandOf<Type>, origin: Origin): Promise<Replies[Type]>

  /** Runs a query against a state in which everything is durable. The query must not keep or change the state. */
  read<Result>(query: (state: FabricState, now: number) => Result): Promise<Result>

  /** A task with what follows from the rest of the state; one that left memory is read from the log. */
  task(id: string): Promise<TaskDetail>

  /** `next` that waits until there is something to do, at most `waitMs`; answers kind `none` when there is not. */
  next(command: OfferNext, origin: Origin, waitMs: number, signal?: AbortSignal): Promise<Offer>

  /** Unacknowledged messages after index `after`; waits at most `waitMs` for the first. */
  inbox(swarm: string, after: number, limit: number, waitMs: number, signal?: AbortSignal): Promise<InboxPage>

  /**
   * Durable entries from index `from` (default: from now on), in order and without a gap, until `signal` aborts or the
   * fabric closes. A slow reader costs nothing: what it missed is read from the journal.
   */
  follow(signal: AbortSignal, from?: number): AsyncIterable<readonly PublishedEntry[]>

  status(): Promise<FabricStatus>

  /** Takes a snapshot now; resolves with the number of entries it covers. */
  snapshot(): Promise<number>

  /** Settles what is queued, takes a snapshot and closes the journal. Idempotent. */
  close(): Promise<void>
}
