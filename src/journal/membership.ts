/**
 * The nodes that share one journal, and which of them leads. An engine on which several machines can work offers it beside
 * its `Journal`.
 *
 * Leading is only for speed: two nodes that both believe they lead do no harm, because an append is conditional. So a
 * driver needs no consensus of its own; it must only see to it that there soon is one leader again when one is lost.
 */
export interface Membership {
  /**
   * Enters this node and keeps it entered by heartbeats, until `leave`. A node that is not heard of any more is forgotten
   * within `MEMBER_TTL_MS`. Throws `CONFLICT` when a living node has the same id, `UNAVAILABLE` when nobody can be asked.
   */
  join(member: Member): Promise<void>

  /** Has the next heartbeats tell how far this node has come. */
  tell(position: number): void

  /** What was heard last; it answers also while the engine cannot be reached. */
  view(): MembershipView

  /** Calls `listener` after each change of the view, also when this node takes or loses the lead. Returns what ends it. */
  onChange(listener: (view: MembershipView) => void): () => void

  /**
   * Resolves when this node leads; waits as long as another one does, and while the engine cannot be reached. Rejects when
   * `signal` aborts (then this node does not lead) or it has left. One campaign at a time.
   */
  campaign(signal: AbortSignal): Promise<Leadership>

  /** Resigns, takes this node out and releases everything; idempotent, and never throws because nobody can be reached. */
  leave(): Promise<void>
}

export interface Leadership {
  /** Greater than the term of every earlier leader of this journal. */
  readonly term: number
  /** Aborts when the lead is over: another node may have it now, because no heartbeat got through, or it was resigned. */
  readonly lost: AbortSignal
  /** Gives the lead up, so that another node can take it at once; idempotent. */
  resign(): Promise<void>
}

/** What a node tells of itself. */
export interface Member {
  /** Unique among the nodes of a journal. */
  readonly id: string
  /** Where clients reach it. */
  readonly url: string
  /** `HOST:PORT` where other nodes reach it. */
  readonly link: string
  /** Of its program. */
  readonly version: string
  /** Entries of the log that it has in its state. */
  readonly position: number
}

export interface MembershipView {
  /** All that were heard of lately, this one included, in order of their ids. */
  readonly members: readonly Member[]
  readonly leader?: { readonly id: string; readonly term: number }
}

/**
 * A leader that is not heard of for so long has lost the lead, milliseconds. With the heartbeats below it leaves a second to
 * elect another one and to take over, so that a leader's death stops nobody for more than three.
 */
export const LEAD_TTL_MS = 2_000
export const HEARTBEAT_MS = 500
/** A node that is not heard of for so long is no member any more, milliseconds. */
export const MEMBER_TTL_MS = 5_000
