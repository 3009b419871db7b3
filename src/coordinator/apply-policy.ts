import type { EntryOf } from './entries.js'
import { requirePerson } from './require-person.js'
import type { Decide, Evolve } from './transition.js'

/** Puts a policy in force. The one that is in force already changes nothing. */
export const applyPolicy: Decide<'apply_policy'> = (state, { policy, digest }, { actor, defaultDigest }) => {
  requirePerson(actor, 'change the policy')
  const replaced = state.governor.digest ?? defaultDigest
  const changed = replaced !== digest
  const data = { policy, ...(replaced !== undefined && { replaces: replaced }) }
  return {
    entries: changed ? [{ type: 'policy_applied', subject: digest, data }] : [],
    reply: () => ({ digest, changed }),
  }
}

export const policyApplied: Evolve<EntryOf<'policy_applied'>> = (state, { subject, data }) => {
  state.applyPolicy({ policy: data.policy, digest: subject })
}
