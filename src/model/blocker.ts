export const BLOCKER_KINDS = ['task', 'help', 'human', 'external'] as const
export type BlockerKind = (typeof BLOCKER_KINDS)[number]

export const BLOCKER_STATES = ['open', 'assigned', 'resolved'] as const
export type BlockerState = (typeof BLOCKER_STATES)[number]

export const HELP_STATES = ['requested', 'accepted', 'declined'] as const
export type HelpState = (typeof HELP_STATES)[number]

/** A swarm that was asked to help. `epoch` is the log index of its acceptance and fences its later words. */
export interface Helper {
  readonly swarm: string
  readonly state: HelpState
  /** What it is asked to do, where the governor planned it. */
  readonly asks?: readonly string[]
  /** When it was asked, or accepted: the start of the time it has to answer, or to be heard again. */
  readonly since?: number
  readonly epoch?: number
  readonly reason?: string
}

/** What stops the holder of a claim. */
export interface BlockerRow {
  /** `blocker-<log index>`. */
  readonly id: string
  readonly task: string
  /** Swarm and epoch of the claim that is stuck. */
  readonly swarm: string
  readonly epoch: number
  readonly kind: BlockerKind
  readonly state: BlockerState
  readonly needs: string
  readonly requires: readonly string[]
  /** For kind `task`: the task whose completion resolves this blocker. */
  readonly waitsFor?: string
  readonly helpers: readonly Helper[]
  /** The hold that its helpers spend from; blockers of one claim share it. */
  readonly hold?: string
  /** Set when helpers were lost and others have to be found. Milliseconds since the Unix epoch. */
  readonly replanAt?: number
  /** What an open question to people about it is called. */
  readonly escalation?: string
  readonly raisedAt: number
  readonly resolvedAt?: number
  /** A swarm or an actor; else the cause. */
  readonly resolvedBy?: string
  readonly resolution?: string
}
