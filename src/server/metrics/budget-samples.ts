import { accountId, openPart } from '../../governor/budget/books.js'
import { limitOf } from '../../governor/budget/limits.js'
import { windowOf } from '../../governor/budget/window.js'
import { EVERY } from '../../governor/policy/policy.js'
import type { GovernorState } from '../../governor/state.js'
import { HOLD_KINDS, WINDOW_KINDS } from '../../model/budget.js'
import { LIMITS } from '../../model/limits.js'
import { NANOS_PER_DOLLAR } from '../../model/money.js'
import type { Exposition } from './exposition.js'

/**
 * Money by scope: the fabric, and what the policy names, so that the number of series follows from a file and not from the
 * work. Accounts of tasks and swarms are as many as there are of these; live holds say what they have in common.
 */
export function addBudgets(page: Exposition, governor: GovernorState, now: number): void {
  const { budgets, prices } = governor.policy
  addScope(page, governor, now, { scope: 'fabric', name: '' })
  const boards = Object.keys(budgets.boards).filter((name) => name !== EVERY)
  for (const name of boards.slice(0, LIMITS.metricNames)) addScope(page, governor, now, { scope: 'board', name })
  addHolds(page, governor)
  for (const model of Object.keys(prices.models).slice(0, LIMITS.metricNames)) {
    const { settled } = governor.books.account(accountId(`model:${model}`, 'total'))
    page.add('infrafabric_model_spent_dollars', dollars(settled.nanos), { model })
  }
}

interface Scope {
  readonly scope: 'fabric' | 'board'
  /** Empty for the fabric. */
  readonly name: string
}

function addScope(page: Exposition, governor: GovernorState, now: number, { scope, name }: Scope): void {
  for (const window of WINDOW_KINDS) {
    const id = accountId(scope === 'fabric' ? scope : `${scope}:${name}`, windowOf(window, now))
    const account = governor.books.account(id)
    const limit = limitOf(account, governor)?.nanos
    const labels = { scope, name, window }
    page.add('infrafabric_budget_spent_dollars', dollars(account.settled.nanos), labels)
    page.add('infrafabric_budget_held_dollars', dollars(account.held.nanos), labels)
    if (limit !== undefined) page.add('infrafabric_budget_limit_dollars', dollars(limit), labels)
  }
}

/** A hold lives as long as its claim, so there are no more of them than swarms that work. */
function addHolds(page: Exposition, { books }: GovernorState): void {
  const sums = { claim: { count: 0, open: 0, spent: 0 }, help: { count: 0, open: 0, spent: 0 } }
  for (const hold of books.holds.values()) {
    const sum = sums[hold.kind]
    sum.count += 1
    sum.open += openPart(hold).nanos
    sum.spent += hold.settled.nanos
  }
  for (const kind of HOLD_KINDS) {
    const { count, open, spent } = sums[kind]
    page.add('infrafabric_holds', count, { kind })
    page.add('infrafabric_holds_reserved_dollars', dollars(open), { kind })
    page.add('infrafabric_holds_spent_dollars', dollars(spent), { kind })
  }
}

function dollars(nanos: number): number {
  return nanos / NANOS_PER_DOLLAR
}
