import type { ContractTrust } from '../../chassis/contract/judge-contract.js'
import { parseVkey } from '../../witness/note/verifier.js'
import { chassisPolicyOf, type GovernorPolicy } from './policy.js'

/** Reading keys is dear, and a policy is in force for long. */
const known = new WeakMap<GovernorPolicy, ContractTrust>()

/** What the policy says about contracts of modules. */
export function contractTrust(policy: GovernorPolicy): ContractTrust {
  const trust = known.get(policy) ?? readTrust(policy)
  known.set(policy, trust)
  return trust
}

function readTrust(policy: GovernorPolicy): ContractTrust {
  const { trustedKeys, ...rules } = chassisPolicyOf(policy)
  const { requireSignature, requirePinnedVersion, pinnedVersions } = rules
  return { keys: trustedKeys.map(parseVkey), requireSignature, requirePinnedVersion, pinnedVersions }
}
