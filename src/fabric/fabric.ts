import type { CredentialRow } from '../chassis/credential/credential.js'
import type { CommandOf, CommandType, OfferNext, Replies } from '../coordinator/commands.js'
import type { Policy } from '../coordinator/policy.js'
import type { TaskDetail } from '../coordinator/queries.js'
import type { Offer } from '../coordinator/replies.js'
import type { FabricState } from '../coordinator/state.js'
import type { JournalHealth } from '../journal/journal.js'
import type { Entry } from '../model/entry.js'
import type { FabricError } from '../model/errors.js'
import type { Histogram } from '../model/histogram.js'
import type { Message } from '../model/message.js'
import type { Principal } from '../model/principal.js'
import type { SignedCheckpoint } from '../witness/checkpoint-signer.js'
import type { CosigningStatus } from '../witness/cosign/cosigning.js'
import type { EntryFilter } from '../witness/query/filter.js'
import type { QueryPage } from '../witness/query/query.js'
import type { KeyRotated } from './entries.js'
import type { BlobRow } from './fold.js'
import type { EntryInterest } from './interest.js'
import type { Meter } from './meter.js'
import type { Refusal } from './refusals.js'

/** Who sends a command, and what travels with it. */
export interface Origin {
  /** `admin`, `swarm:<id>` or `<role>:<name>`. */
  readonly actor: string
  /** The actor whose token it was, where it speaks for another. */
  readonly principal?: string
  /** W3C trace context; kept in every entry the command causes. */
  readonly traceparent?: string
  /** The same key with the same command gets the first reply again, also after a restart. */
  readonly idempotencyKey?: string
}

/** A durable entry with the exact bytes that are stored. */
export interface PublishedEntry extends Entry {
  readonly bytes: Uint8Array
}

/** Entries as they are published, in batches. */
export interface Following extends AsyncIterable<readonly PublishedEntry[]> {
  /** Every entry before this index was given out and asked on from, or is of no interest. */
  readonly position: number
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

/** Of `size` entries in the tree the last checkpoint covers `signed`. */
export interface WitnessStatus {
  readonly vkey: string
  readonly size: number
  readonly signed: number
  /** Absent when no outside witnesses are configured. */
  readonly cosigning?: CosigningStatus
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
  /** Questions that wait for people. */
  readonly openEscalations: number
  /** Circuit breakers that are not closed. */
  readonly openBreakers: number
  /** Altogether, nano-dollars. */
  readonly spentNanos: number
  readonly waitingSwarms: number
  readonly subscribers: number
  readonly journal: JournalHealth
  /** Absent when this fabric keeps no witness. */
  readonly witness?: WitnessStatus
  /** Absent where one process has the journal to itself. */
  readonly nodes?: NodesStatus
}

/** How a fabric is at this moment, not between two batches: it is told while the state recovers, too. */
export interface FabricHealth {
  readonly state: FabricStatus['state']
  /** Durable entries in the log. */
  readonly entries: number
  readonly queuedCommands: number
  /** Callers that wait for work or messages. */
  readonly waiting: number
  readonly followers: number
  readonly journal: JournalHealth
  /** How long each flush of the journal took, seconds; absent where its driver does not flush itself. */
  readonly flushes?: Histogram
  /** Absent when this fabric keeps no witness. */
  readonly witness?: WitnessStatus
  /** Absent where one process has the journal to itself. */
  readonly nodes?: NodesStatus & { readonly isFresh: boolean }
}

/** The log of a fabric as something that can be proved. */
export interface FabricWitness {
  /** Verifier key of the key that signs. */
  readonly vkey: string
  /** Origin of the checkpoints: the name of the fabric. */
  readonly origin: string
  /** Entries in the tree. */
  readonly size: number

  /** A checkpoint that covers every entry there is now. Throws LOG_DIVERGED when it would contradict an earlier one. */
  checkpoint(): Promise<SignedCheckpoint>

  /** The checkpoint for everybody: the newest with a quorum of cosignatures where one is asked for, else the newest. */
  published(): Promise<SignedCheckpoint>

  /** What the outside witnesses said last; absent when none are configured. */
  cosigners(): CosigningStatus | undefined

  /** A `.tlog-proof` that entry `index` is in the log. Throws NOT_FOUND when there is no such entry. */
  prove(index: number): Promise<string>

  /** The stored bytes of an entry. Throws NOT_FOUND. */
  entry(index: number): Promise<Uint8Array>

  /** The first `width` hashes of a tile; the first `width` entries of a bundle. Throws NOT_FOUND. */
  tile(level: number, index: number, width: number): Promise<Buffer>
  bundle(index: number, width: number): Promise<Buffer>

  /** A page of the entries that match a filter, in log order. */
  query(filter: EntryFilter, page: { readonly from: number; readonly limit: number }): Promise<QueryPage>

  /** Makes a new key take over. Resolves with its verifier key when its entry is durable and it has signed. */
  rotateKey(origin: Origin): Promise<KeyRotated>
}

/** A node as the others know it. */
export interface NodeStatus {
  readonly id: string
  /** Where clients reach it. */
  readonly url: string
  readonly version: string
  readonly leads: boolean
  /** Entries of the log in its state, as it said last. */
  readonly position: number
  /** Entries that it has fewer than there are, as far as was told. */
  readonly lag: number
}

export interface NodesStatus {
  /** The node that answers. */
  readonly self: string
  /** Absent while none leads. */
  readonly leader?: string
  readonly term?: number
  /** How old the state of this node may be, milliseconds. */
  readonly ageMs: number
  readonly members: readonly NodeStatus[]
}

/** The nodes that share the journal of a fabric, seen from this one. */
export interface FabricNodes {
  readonly leads: boolean
  /** Entries of the log in the state of this node. */
  readonly position: number
  /** Whether the state is new enough to be shown. */
  readonly isFresh: boolean
  status(): NodesStatus
  /** Resolves when the state has the first `position` entries. Throws UNAVAILABLE when that takes too long. */
  reach(position: number): Promise<void>
  /** Resolves when the state is as new as this moment, or when that takes longer than a moment. Never rejects. */
  catchUp(): Promise<void>
  /** Calls `listener` when this node begins to lead, and when it does not any more. Returns what ends it. */
  onRole(listener: (leads: boolean) => void): () => void
  /** Calls `listener` when the state becomes too old to be shown. Returns what ends it. */
  onStale(listener: () => void): () => void
}

/** One coordinated space: the engine with everything above it that callers need. */
export interface Fabric {
  readonly name: string
  readonly policy: Policy

  /** Throws UNAVAILABLE when this fabric keeps no witness. */
  readonly witness: FabricWitness

  /** Resolves with the reason when the fabric has stopped for good and needs a new start; a close is not that. */
  readonly failed: Promise<FabricError>

  /** Absent where one process has the journal to itself. */
  readonly nodes?: FabricNodes

  /** What was counted since the fabric was opened. */
  readonly meter: Meter

  /** Answers at once, also while the fabric recovers or after it has failed. */
  health(): FabricHealth

  /** Names a secret that nothing written here may hold, until that is taken back. */
  declare(secret: string): () => void

  /** Decides a command and resolves when its entries are durable. Throws a coded `FabricError`. */
  submit<Type extends CommandType>(command: CommandOf<Type>, origin: Origin): Promise<Replies[Type]>

  /** Whom a token stands for. Answers at once. Throws UNAUTHENTICATED. */
  authenticate(token: string): Principal

  /** Whether the token of a caller is neither over nor revoked. */
  stillKnows(principal: Principal): boolean

  /** The credentials of a claim that are good now. Answers at once. */
  credentialsOf(epoch: number): readonly CredentialRow[]

  /** Runs a query against a state in which everything is durable. The query must not keep or change the state. */
  read<Result>(query: (state: FabricState, now: number) => Result): Promise<Result>

  /** A task with what follows from the rest of the state; one that left memory is read from the log. */
  task(id: string): Promise<TaskDetail>

  /**
   * `next` that waits until there is something to do, at most `waitMs`; answers kind `none` when there is not. With
   * `untilMail` the wait also ends when the swarm has unread messages.
   */
  next(command: OfferNext, origin: Origin, waitMs: number, signal?: AbortSignal, untilMail?: boolean): Promise<Offer>

  /** Unacknowledged messages after index `after`; waits at most `waitMs` for the first. */
  inbox(swarm: string, after: number, limit: number, waitMs: number, signal?: AbortSignal): Promise<InboxPage>

  /** Stores content beside the log, and an entry that names it. The same content twice is stored once. */
  putBlob(content: Uint8Array, mediaType: string | undefined, origin: Origin): Promise<BlobRow>

  /** Throws NOT_FOUND when it was never stored or is deleted, DATA_CORRUPT when it is not what was stored. */
  getBlob(sha256: string): Promise<Buffer>

  /** The entries that name it stay. Throws NOT_FOUND. */
  deleteBlob(sha256: string, reason: string, origin: Origin): Promise<BlobRow>

  /** Records a refusal that happened before it came to a command; resolves when it is durable or counted. Never throws. */
  noteRefusal(refusal: Refusal): Promise<void>

  /**
   * Durable entries from index `from` (default: from now on), in order and without a gap, until `signal` aborts or the
   * fabric closes; where an interest is given, those that match it. A slow reader costs nothing: what it missed is read
   * from the journal.
   */
  follow(signal: AbortSignal, from?: number, interest?: EntryInterest): Following

  /**
   * Calls `listener` after each commit, in which `state.news` says what changed, and after a rebuild, where that is not
   * known. It must be quick and must not keep or change the state. Returns what ends it.
   */
  watch(listener: (state: FabricState, rebuilt: boolean) => void): () => void

  status(): Promise<FabricStatus>

  /** Takes a snapshot now; resolves with the number of entries it covers. */
  snapshot(): Promise<number>

  /** Settles what is queued, takes a snapshot and closes the journal. Idempotent. */
  close(): Promise<void>
}
