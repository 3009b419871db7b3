import { FabricError } from '../model/errors.js'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../model/time.js'

/**
 * What the coordinator decides by; what the governor decides by is in the log (`governor/policy`). Its consequences are written into the entries, so a later change of policy
 * never changes what the log means; beside `decide` only the deadlines, which are not in the log, follow from it.
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
  retentionMs: 7 * DAY_MS,
  acknowledgeMs: 5 * SECOND_MS,
}

/** Least and most of each number. */
const BOUNDS: Readonly<Record<keyof Policy, readonly [least: number, most: number]>> = {
  leaseMs: [1, DAY_MS],
  maxLeaseMs: [1, 30 * DAY_MS],
  stallMs: [1, 30 * DAY_MS],
  maxFailures: [1, 1_000],
  backoffMs: [0, DAY_MS],
  maxBackoffMs: [0, 30 * DAY_MS],
  retentionMs: [0, 3_650 * DAY_MS],
  acknowledgeMs: [0, DAY_MS],
}

/** The whole policy that some changes to the default give. Throws INVALID_ARGUMENT for a number out of bounds. */
export function completePolicy(changes: Partial<Policy>): Policy {
  const policy = { ...DEFAULT_POLICY, ...changes }
  for (const [name, [least, most]] of Object.entries(BOUNDS)) {
    const value = policy[name as keyof typeof BOUNDS]
    if (value >= least && value <= most) continue
    throw new FabricError(
      'INVALID_ARGUMENT',
      `The policy's ${name} is ${value}; it must be from ${least} to ${most}.`,
      {
        field: name,
      },
    )
  }
  return policy
}
