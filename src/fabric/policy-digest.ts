import { createHash } from 'node:crypto'
import { canonicalPolicy } from '../governor/policy/canonical.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../governor/policy/policy.js'

/** SHA-256, hex, of the canonical form of a policy: its name in the log. */
export function policyDigestOf(policy: GovernorPolicy): string {
  return createHash('sha256').update(canonicalPolicy(policy)).digest('hex')
}

/** The name of the policy of a fabric that was never told another. */
export const DEFAULT_POLICY_DIGEST = policyDigestOf(DEFAULT_GOVERNOR_POLICY)
