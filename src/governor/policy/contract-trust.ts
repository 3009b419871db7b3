import type { ContractTrust } from '../../chassis/contract/judge-contract.js'
import type { GovernorPolicy } from './policy.js'

/** What the policy says about contracts of modules. */
export function contractTrust(_policy: GovernorPolicy): ContractTrust {
  return { keys: [], requireSignature: false, requirePinnedVersion: false }
}
