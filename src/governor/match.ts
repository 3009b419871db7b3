import type { SwarmRow } from '../model/swarm.js'
import type { TaskSpec } from '../model/task.js'

/** The part of the policy that says who qualifies. */
export interface MatchPolicy {
  /** Smallest part of the needed capabilities that a swarm must have, 0 to 1. */
  readonly minMatch: number
  /** Model tiers from the smallest to the largest. A tier not named here must match exactly. */
  readonly tiers: readonly string[]
}

/** What a piece of work asks of a swarm. */
export type Requirement = Pick<TaskSpec, 'requires' | 'tier'>

/** |have ∩ need| / |need| over distinct capabilities; 1 when nothing is needed. */
export function capabilityMatch(have: readonly string[], need: readonly string[]): number {
  const needed = new Set(need)
  if (needed.size === 0) return 1
  let met = 0
  for (const capability of new Set(have)) if (needed.has(capability)) met += 1
  return met / needed.size
}

/** A swarm that names no tier is taken for any; a named one must be at least as large as the task's. */
export function tierSuffices(have: string | undefined, need: string | undefined, tiers: readonly string[]): boolean {
  if (have === undefined || need === undefined || have === need) return true
  const haveRank = tiers.indexOf(have)
  const needRank = tiers.indexOf(need)
  return needRank >= 0 && haveRank >= needRank
}

/** Why a swarm does not qualify for a piece of work, or how well it does. */
export type Qualification =
  | { readonly qualified: true; readonly match: number }
  | { readonly qualified: false; readonly match: number; readonly reason: string }

export function qualify(swarm: SwarmRow, work: Requirement, policy: MatchPolicy): Qualification {
  const match = capabilityMatch(swarm.capabilities, work.requires)
  if (match < policy.minMatch) {
    const missing = work.requires.filter((capability) => !swarm.capabilities.includes(capability))
    const reason = `it meets ${Math.round(match * 100)}% of the needed capabilities (at least ${Math.round(policy.minMatch * 100)}% are required); missing: ${missing.join(', ')}`
    return { qualified: false, match, reason }
  }
  if (!tierSuffices(swarm.tier, work.tier, policy.tiers)) {
    return { qualified: false, match, reason: `its tier ${swarm.tier} is below the required tier ${work.tier}` }
  }
  return { qualified: true, match }
}
