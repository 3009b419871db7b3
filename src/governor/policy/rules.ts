import type { CapabilityRule, GovernorPolicy } from './policy.js'

/** The rule for a capability: its own, else that of its whole domain (`deploy:*`); undefined when there is none. */
export function ruleOf(
  { capabilityRules }: Pick<GovernorPolicy, 'capabilityRules'>,
  capability: string,
): CapabilityRule | undefined {
  if (Object.hasOwn(capabilityRules, capability)) return capabilityRules[capability]
  const end = capability.indexOf(':')
  const domain = end < 0 ? '' : `${capability.slice(0, end)}:*`
  return Object.hasOwn(capabilityRules, domain) ? capabilityRules[domain] : undefined
}
