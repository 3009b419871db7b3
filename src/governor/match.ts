import { NEW_REPUTATION } from '../chassis/service-level/reputation.js'
import type { SwarmRow } from '../model/swarm.js'
import type { TaskSpec } from '../model/task.js'
import { effectiveCapabilities, hasRules } from './matching/effective.js'
import type { Member, Wanted } from './matching/swarm-index.js'
import type { GovernorPolicy } from './policy/policy.js'
import { ruleOf } from './policy/rules.js'

/** The part of the policy that says who qualifies. */
export type MatchPolicy = Pick<GovernorPolicy, 'minCapabilityMatch' | 'minReputation' | 'tiers' | 'capabilityRules'>

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

/** Reputations count to nine decimals. */
export const WHOLE_REPUTATION = 1_000_000_000

/** What counts wherever swarms are chosen: how far an administrator trusts it, times what its runs say of it. */
export function reputationOf({
  reputation = NEW_REPUTATION,
  measuredReputation = NEW_REPUTATION,
}: Pick<SwarmRow, 'reputation' | 'measuredReputation'>): number {
  return Math.round(reputation * measuredReputation * WHOLE_REPUTATION) / WHOLE_REPUTATION
}

/** Why a swarm does not qualify for a piece of work, or how well it does. */
export type Qualification =
  | { readonly qualified: true; readonly match: number }
  | {
      readonly qualified: false
      readonly match: number
      readonly obstacle: 'capabilities' | 'tier' | 'reputation'
      readonly reason: string
    }

export function qualify(swarm: SwarmRow, work: Requirement, policy: MatchPolicy): Qualification {
  const have = effectiveCapabilities(swarm, policy)
  const match = capabilityMatch(have, work.requires)
  const least = policy.minCapabilityMatch
  if (match < least) {
    const missing = work.requires.filter((capability) => !have.includes(capability))
    const reason = `it meets ${Math.round(match * 100)}% of the needed capabilities (at least ${Math.round(least * 100)}% are required); missing: ${missing.map((name) => missingText(swarm, name)).join(', ')}`
    return { qualified: false, match, obstacle: 'capabilities', reason }
  }
  const tier = requiredTiers(work, policy).find((needed) => !tierSuffices(swarm.tier, needed, policy.tiers))
  if (tier !== undefined) {
    const reason = `its tier ${swarm.tier} is below the required tier ${tier}`
    return { qualified: false, match, obstacle: 'tier', reason }
  }
  const reputation = requiredReputation(work, policy)
  if (reputationOf(swarm) < reputation) {
    const reason = `its reputation of ${reputationOf(swarm)} is below the required ${reputation}`
    return { qualified: false, match, obstacle: 'reputation', reason }
  }
  return { qualified: true, match }
}

/** What work asks for, with what the rules of its capabilities add. */
export function wantedOf(work: Requirement, policy: MatchPolicy): Wanted {
  const { requires } = work
  return { requires, tier: requiredTiers(work, policy), minReputation: requiredReputation(work, policy) }
}

/** A swarm as the index of swarms has it. */
export function memberOf(
  swarm: SwarmRow,
  policy: MatchPolicy & Pick<GovernorPolicy, 'assumedCostPerHourNanos'>,
): Member {
  const { id, tier, costPerHourNanos = policy.assumedCostPerHourNanos } = swarm
  const capabilities = effectiveCapabilities(swarm, policy)
  return { id, capabilities, reputation: reputationOf(swarm), costPerHourNanos, ...(tier !== undefined && { tier }) }
}

function missingText({ capabilities }: SwarmRow, name: string): string {
  return capabilities.includes(name) ? `${name} (counts only when an administrator grants it)` : name
}

/** What the task itself asks for, and what the rules of its capabilities do. */
function requiredTiers({ tier, requires }: Requirement, policy: MatchPolicy): string[] {
  const tiers = tier === undefined ? [] : [tier]
  if (hasRules(policy)) {
    for (const capability of requires) tiers.push(...[ruleOf(policy, capability)?.minimumTier ?? []].flat())
  }
  return tiers
}

function requiredReputation({ requires }: Requirement, policy: MatchPolicy): number {
  let least = policy.minReputation
  if (!hasRules(policy)) return least
  for (const capability of requires) least = Math.max(least, ruleOf(policy, capability)?.minimumReputation ?? 0)
  return least
}
