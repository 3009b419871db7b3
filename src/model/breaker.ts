export const BREAKER_STATES = ['closed', 'open', 'half_open'] as const
export type BreakerState = (typeof BREAKER_STATES)[number]

export const TRIP_CAUSES = ['failures', 'failure_rate', 'probe', 'budget', 'runaway', 'administrator'] as const
export type TripCause = (typeof TRIP_CAUSES)[number]

/** A call that a half-open breaker lets through. It is lent: without an answer by its deadline it counts as failed. */
export interface Probe {
  /** Names it: the epoch of the claim, or the log index of the entry that let the call through. */
  readonly id: number
  /** Milliseconds since the Unix epoch. */
  readonly deadline: number
  readonly succeeded: boolean
}

/** The circuit breaker of one swarm. A swarm without a row has a closed one and no history. */
export interface BreakerRow {
  readonly swarm: string
  readonly state: BreakerState
  /** Log index of the entry that brought this state about; an outcome of an older generation is ignored. */
  readonly generation: number
  /** Outcomes of the newest calls, oldest first: `1` succeeded, `0` failed. */
  readonly outcomes: string
  /** Of claims; and of calls, whose successes say nothing about claims. */
  readonly consecutiveFailures: number
  readonly failedCalls?: number
  /** Times it opened without having closed in between. */
  readonly trips: number
  readonly cause?: TripCause
  readonly reason?: string
  /** Only an administrator closes it. */
  readonly latched: boolean
  readonly openedAt?: number
  /** When it becomes half-open by itself; absent while latched. */
  readonly opensUntil?: number
  /** Calls that were let through while half-open. */
  readonly probes: readonly Probe[]
}
