export const SWARM_STATES = ['active', 'retired'] as const
export type SwarmState = (typeof SWARM_STATES)[number]

/** A registered worker: an agent session, a script, a person. */
export interface SwarmRow {
  readonly id: string
  readonly state: SwarmState
  /** `domain:skill` names, as the swarm declares them. */
  readonly capabilities: readonly string[]
  /** Capabilities that an administrator granted; the policy says which ones count only so. */
  readonly granted?: readonly string[]
  /** Model tier: haiku, sonnet, opus or a name of the user's own. */
  readonly tier?: string
  /** Tasks it works on at the same time; a stuck task does not count. */
  readonly capacity: number
  /** Nano-dollars for an hour of its work; 0 is free. Without it the policy assumes a rate. */
  readonly costPerHourNanos?: number
  /** How far an administrator trusts it, 0 to 1; 1 without it. */
  readonly reputation?: number
  /** What the runs of its module say of it, 0 to 1; absent while nothing is held against it. */
  readonly measuredReputation?: number
  /** What it may spend altogether, nano-dollars. The policy may limit it further. */
  readonly budgetNanos?: number
  readonly metadata: Readonly<Record<string, string>>
  readonly registeredAt: number
}

/**
 * The inbox of whoever steers the fabric. It exists from the start, so that a blocker raised before anyone registered
 * still finds its reader; no swarm can take the name.
 */
export const ORCHESTRATOR = 'orchestrator'
