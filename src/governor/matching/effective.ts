import type { SwarmRow } from '../../model/swarm.js'
import type { GovernorPolicy } from '../policy/policy.js'
import { ruleOf } from '../policy/rules.js'

type Declared = Pick<SwarmRow, 'capabilities' | 'granted'>
type Rules = Pick<GovernorPolicy, 'capabilityRules'>

interface Known {
  readonly rules: Rules['capabilityRules']
  readonly capabilities: readonly string[]
}

/** Each claim asks, and rows are replaced when they change: what counted under the same rules still does. */
const known = new WeakMap<Declared, Known>()

/**
 * What a swarm counts as able to do, each once: what it declares, unless the policy wants that granted, and what an
 * administrator granted, whether it declares that or not.
 */
export function effectiveCapabilities(swarm: Declared, policy: Rules): readonly string[] {
  const rules = policy.capabilityRules
  const last = known.get(swarm)
  if (last?.rules === rules) return last.capabilities
  const declared = swarm.capabilities.filter((name) => ruleOf(policy, name)?.grantedOnly !== true)
  const capabilities = [...new Set([...declared, ...(swarm.granted ?? [])])]
  known.set(swarm, { rules, capabilities })
  return capabilities
}

/** Whether the policy has any rule for a capability. */
export function hasRules({ capabilityRules }: Rules): boolean {
  for (const _ in capabilityRules) return true
  return false
}
