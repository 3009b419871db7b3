import { AMOUNT_FIELDS, WINDOW_KINDS } from '../../model/budget.js'
import { formatDollars } from '../../model/money.js'
import type { Issue } from '../../user-file/issues.js'
import { ruledDomain } from '../capabilities/names.js'
import { listCapabilities, lookupCapability, suggestCapability } from '../capabilities/registry.js'
import type { CapabilityRule, GovernorPolicy, WindowLimits } from './policy.js'

/** What a policy says that is allowed, but hardly meant. Paths are those of infrafabric.yaml. */
export function oddities(policy: GovernorPolicy): Issue[] {
  const rules = Object.entries(policy.capabilityRules).flatMap(([name, rule]) => [
    ...oddName(name, policy),
    ...oddRule(name, rule, policy),
  ])
  const scopes = (['boards', 'swarms'] as const).flatMap((kind) =>
    Object.entries(policy.budgets[kind]).flatMap(([id, limits]) => oddLimits([kind, id], limits, policy)),
  )
  return [...rules, ...oddLimits(['fabric'], policy.budgets.fabric, policy), ...scopes]
}

const RULES = ['resource_policy', 'capability_rules'] as const

function oddName(name: string, policy: GovernorPolicy): Issue[] {
  const path = [...RULES, name]
  const domain = ruledDomain(name)
  if (domain !== undefined) {
    const known = listCapabilities(policy).some((capability) => capability.name.startsWith(`${domain}:`))
    return known ? [] : [{ path, problem: 'is for a domain in which no registry names a capability.' }]
  }
  if (lookupCapability(name, policy) !== undefined) return []
  const meant = suggestCapability(name, policy)
  const advice = meant === undefined ? 'Add it to capability_registry.' : `Did you mean ${meant}?`
  return [{ path, problem: `is for a capability that no registry names. ${advice}` }]
}

function oddRule(name: string, { minimumTier, maxCostNanos }: CapabilityRule, policy: GovernorPolicy): Issue[] {
  const found: Issue[] = []
  if (minimumTier !== undefined && !policy.tiers.includes(minimumTier)) {
    const problem = 'is a tier that tiers does not name, so only swarms of exactly this tier qualify.'
    found.push({ path: [...RULES, name, 'minimum_tier'], problem })
  }
  const most = policy.maxCostPerTaskNanos
  if (maxCostNanos !== undefined && most !== undefined && maxCostNanos > most) {
    const problem = `is above max_cost_per_task (${formatDollars(most)}), which counts.`
    found.push({ path: [...RULES, name, 'max_cost'], problem })
  }
  return found
}

const TOKENS = { inputTokens: 'input_tokens', outputTokens: 'output_tokens', cachedTokens: 'cached_tokens' } as const

function oddLimits(scope: readonly string[], limits: WindowLimits, { budgets }: GovernorPolicy): Issue[] {
  return WINDOW_KINDS.flatMap((window) => {
    const limit = limits[window] ?? {}
    const path = ['budgets', ...scope, window]
    const above = AMOUNT_FIELDS.filter((field) => {
      return (
        scope[0] !== 'fabric' && (limit[field] ?? 0) > (budgets.fabric[window]?.[field] ?? Number.POSITIVE_INFINITY)
      )
    })
    const unreserved = (['inputTokens', 'outputTokens', 'cachedTokens'] as const).filter((field) => {
      return limit[field] !== undefined && budgets.holdTokens[field] === 0
    })
    return [
      ...above.map((field) => ({
        path: field === 'nanos' ? path : [...path, TOKENS[field]],
        problem: 'is above the limit of the fabric for the same time, which counts.',
      })),
      ...unreserved.map((field) => ({
        path: [...path, TOKENS[field]],
        problem: `is limited, but budgets.hold_tokens.${TOKENS[field]} is 0: claims reserve none, so the limit is seen only when it is passed.`,
      })),
    ]
  })
}
