import type { Issue } from '../../user-file/issues.js'
import type { Config } from './config-schema.js'

/** What a configuration says about modules that is allowed, but hardly meant. */
export function moduleOddities({ policy: { chassis }, host: { vault } }: Config): Issue[] {
  if (chassis === undefined) return []
  const found: Issue[] = []
  if (chassis.requireSignature && chassis.trustedKeys.length === 0) {
    const problem = 'refuses every module: trusted_keys names no key whose signature counts.'
    found.push({ path: ['chassis', 'require_signature'], problem })
  }
  for (const [swarm, endpoints] of Object.entries(chassis.grants)) {
    if (vault !== undefined || endpoints.every(({ inject }) => inject === undefined)) continue
    const problem = 'names a secret, and there is no vault, so its requests will be refused. Add vault.'
    found.push({ path: ['chassis', 'grants', swarm], problem })
  }
  return found
}
