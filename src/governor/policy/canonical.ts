import type * as z from 'zod'
import { canonicalJson } from '../../model/canonical.js'
import { LIMITS } from '../../model/limits.js'
import type { GovernorPolicy } from './policy.js'
import { policyShape } from './policy-schema.js'

/** A policy as JSON in which nothing but its content counts: the SHA-256 of it, UTF-8, is the digest of the policy. */
export function canonicalPolicy(policy: GovernorPolicy): string {
  return canonicalJson(policy)
}

/** UTF-8 bytes of the canonical form: at most `LIMITS.policyBytes`. */
export function policyBytes(policy: GovernorPolicy): number {
  return new TextEncoder().encode(canonicalPolicy(policy)).length
}

/** The JSON form of a policy: every field, none that is not known, and small enough for one entry of the log. */
export const governorPolicySchema = policyShape.refine((policy) => policyBytes(policy) <= LIMITS.policyBytes, {
  error: `is larger than ${LIMITS.policyBytes} bytes: name fewer models, capabilities and budgets`,
}) satisfies z.ZodType<GovernorPolicy>
