import { DAY_MS, MINUTE_MS, SECOND_MS } from '../model/time.js'

/**
 * What the coordinator decides by. Only `decide` reads it: its consequences are written into the entries, so a later
 * change of policy never changes what the log means.
 */
export interface Policy {
  /** Lease of a claim without heartbeats. */
  readonly leaseMs: number
  readonly maxLeaseMs: number
  /** Silence after which a holder and the orchestrator are warned. */
  readonly stallMs: number
  /** Failures and lost leases after which a task fails for good. */
  readonly maxFailures: number
  readonly backoffMs: number
  readonly maxBackoffMs: number
  /** Smallest part of the needed capabilities that a swarm must have, 0 to 1. */
  readonly minMatch: number
  /** The holder and its helpers together. */
  readonly maxSwarmsPerTask: number
  /** Model tiers from the smallest to the largest. A tier not named here must match exactly. */
  readonly tiers: readonly string[]
  /** How long a finished task stays in memory. */
  readonly retentionMs: number
  /** How long inbox acknowledgements are gathered before they become one entry. */
  readonly acknowledgeMs: number
}

export const DEFAULT_POLICY: Policy = {
  leaseMs: 30 * MINUTE_MS,
  maxLeaseMs: DAY_MS,
  stallMs: 15 * MINUTE_MS,
  maxFailures: 3,
  backoffMs: 10 * SECOND_MS,
  maxBackoffMs: 10 * MINUTE_MS,
  minMatch: 0.7,
  maxSwarmsPerTask: 3,
  tiers: ['haiku', 'sonnet', 'opus'],
  retentionMs: 7 * DAY_MS,
  acknowledgeMs: 5 * SECOND_MS,
}
