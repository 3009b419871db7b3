import { limitOf } from '../governor/budget/limits.js'
import { windowKindOf, windowOf } from '../governor/budget/window.js'
import { type AccountRow, AMOUNT_FIELDS } from '../model/budget.js'
import type { CoordinatorDraft } from './entries.js'
import { openBreaker } from './open-breaker.js'
import type { FabricState } from './state.js'
import type { DecisionContext } from './transition.js'

/** A swarm that has spent its own budget is latched. Answers whether it was. */
export function latchWhenSpent(
  state: FabricState,
  swarm: string,
  accounts: readonly AccountRow[],
  context: DecisionContext,
  entries: CoordinatorDraft[],
): boolean {
  const breaker = state.governor.breakers.get(swarm)
  if (breaker?.latched === true) return false
  const spent = accounts.find((account) => {
    const { scope, settled } = account
    const limit = limitOf(account, state.governor) ?? {}
    // The budget of a day that is over says nothing about today.
    const isNow = account.window === windowOf(windowKindOf(account.window), context.now)
    const isSpent = AMOUNT_FIELDS.some((field) => settled[field] >= (limit[field] ?? Number.POSITIVE_INFINITY))
    return isNow && scope === `swarm:${swarm}` && isSpent
  })
  if (spent === undefined) return false
  const reason = `its budget ${spent.id} is spent`
  openBreaker(state, swarm, { cause: 'budget', reason, latched: true }, context, entries)
  return true
}
