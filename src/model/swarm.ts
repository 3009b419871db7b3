export const SWARM_STATES = ['active', 'retired'] as const
export type SwarmState = (typeof SWARM_STATES)[number]

/** A registered worker: an agent session, a script, a person. */
export interface SwarmRow {
  readonly id: string
  readonly state: SwarmState
  /** `domain:skill` names. */
  readonly capabilities: readonly string[]
  /** Model tier: haiku, sonnet, opus or a name of the user's own. */
  readonly tier?: string
  /** Tasks it works on at the same time; a stuck task does not count. */
  readonly capacity: number
  readonly metadata: Readonly<Record<string, string>>
  readonly registeredAt: number
}

/**
 * The inbox of whoever steers the fabric. It exists from the start, so that a blocker raised before anyone registered
 * still finds its reader; no swarm can take the name.
 */
export const ORCHESTRATOR = 'orchestrator'
