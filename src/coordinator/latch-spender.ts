import { limitOf } from '../governor/budget/limits.js'
import { windowKindOf, windowOf } from '../governor/budget/window.js'
import type { AccountRow } from '../model/budget.js'
import { formatDollars } from '../model/money.js'
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
  const spent = accounts.find(({ scope, settled, ...account }) => {
    const limit = limitOf({ scope, settled, ...account }, state.governor)?.nanos
    // The budget of a day that is over says nothing about today.
    const isNow = account.window === windowOf(windowKindOf(account.window), context.now)
    return isNow && scope === `swarm:${swarm}` && limit !== undefined && settled.nanos >= limit
  })
  if (spent === undefined) return false
  const reason = `its budget ${spent.id} is spent: ${formatDollars(spent.settled.nanos)}`
  openBreaker(state, swarm, { cause: 'budget', reason, latched: true }, context, entries)
  return true
}
