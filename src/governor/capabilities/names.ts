/** What a rule may be for: one capability, or every one of a domain, `deploy:*`. */
export const RULE_PATTERN = /^(?=.{3,128}$)[A-Za-z0-9][A-Za-z0-9._-]*(?:(?::[A-Za-z0-9][A-Za-z0-9._-]*)+|:\*)$/

const EVERY_SKILL = ':*'

/** The domain of a rule for every capability of it; undefined for a rule for one. */
export function ruledDomain(rule: string): string | undefined {
  return rule.endsWith(EVERY_SKILL) ? rule.slice(0, -EVERY_SKILL.length) : undefined
}
