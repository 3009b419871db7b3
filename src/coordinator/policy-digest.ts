import type { FabricState } from './state.js'
import type { DecisionContext } from './transition.js'

/** The digest of the policy that a decision is made under, for its entry; nothing where none is known. */
export function policyDigest(
  { governor }: FabricState,
  { defaultDigest }: Pick<DecisionContext, 'defaultDigest'>,
): { readonly policy?: string } {
  const digest = governor.digest ?? defaultDigest
  return digest === undefined ? {} : { policy: digest }
}
