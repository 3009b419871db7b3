import { add, fieldBeyond, remainder } from '../governor/budget/amount.js'
import { openPart, spendingAccounts, taskAccount } from '../governor/budget/books.js'
import { limitOf } from '../governor/budget/limits.js'
import type { Limit } from '../governor/policy/policy.js'
import { type AccountRow, AMOUNT_FIELDS, type Amount, type HoldRow, NOTHING } from '../model/budget.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import type { Spender } from './book-usage.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import type { FabricState } from './state.js'
import type { Evolve } from './transition.js'

/** An account after a report was booked in it, and what of that was not reserved there. */
export interface Booked extends AccountRow {
  readonly unreserved: Amount
}

/** The accounts with a limit in which it is booked, as they are afterwards. */
export function accountsAfter(
  state: FabricState,
  hold: HoldRow,
  { swarm }: Spender,
  model: string | undefined,
  amount: Amount,
): Booked[] {
  const { books } = state.governor
  const open = hold.released === undefined ? openPart(hold) : NOTHING
  const used = remainder(open, remainder(open, amount))
  const after: Booked[] = []
  for (const id of spendingAccounts(hold, swarm, model)) {
    const account = books.account(id)
    if (limitOf(account, state.governor) === undefined) continue
    const reserved = hold.accounts.includes(id) ? used : NOTHING
    const sums = { settled: add(account.settled, amount), held: remainder(account.held, reserved) }
    after.push({ ...account, ...sums, unreserved: remainder(amount, reserved) })
  }
  return after
}

/**
 * More was spent than was held, and more than a limit allows: nothing more is held there until a person has looked. What
 * was held is no overspending, also where a limit was lowered under it.
 */
export function freezeOverdrawn(
  state: FabricState,
  hold: HoldRow,
  { task, swarm }: Spender,
  amount: Amount,
  accounts: readonly Booked[],
  entries: CoordinatorDraft[],
): readonly Booked[] {
  const own = taskAccount(hold.kind, hold.task)
  const beyondHold =
    hold.released === undefined && hold.amount.nanos > 0 && hold.settled.nanos + amount.nanos > hold.amount.nanos
  const frozen = accounts.filter((account) => {
    if (account.frozenAt !== undefined) return false
    const limit = limitOf(account, state.governor) ?? {}
    const { settled, held, unreserved } = account
    if (beyondHold && account.id === own) return true
    const sums = onlyWhere(unreserved, add(settled, held))
    return fieldBeyond(sums, limit) !== undefined || reachesTokens(hold, sums, limit)
  })
  for (const { id, settled, held } of frozen) {
    const data = { task: task.id, swarm, settledNanos: settled.nanos, heldNanos: held.nanos }
    entries.push({ type: 'budget_frozen', subject: id, data })
  }
  return frozen
}

/** Tokens that no hold reserves make no later hold too large: a limit of them ends where it is reached. */
function reachesTokens({ amount }: HoldRow, sums: Amount, limit: Limit): boolean {
  return AMOUNT_FIELDS.some((field) => {
    const most = limit[field]
    return field !== 'nanos' && amount[field] === 0 && most !== undefined && sums[field] > 0 && sums[field] >= most
  })
}

/** An amount without that of which there is nothing in `other`. */
function onlyWhere(other: Amount, amount: Amount): Amount {
  return {
    nanos: other.nanos > 0 ? amount.nanos : 0,
    inputTokens: other.inputTokens > 0 ? amount.inputTokens : 0,
    outputTokens: other.outputTokens > 0 ? amount.outputTokens : 0,
    cachedTokens: other.cachedTokens > 0 ? amount.cachedTokens : 0,
  }
}

export const budgetFrozen: Evolve<EntryOf<'budget_frozen'>> = (state, entry) => {
  const { subject, at, data } = entry
  const { books } = state.governor
  books.accounts.set(subject, { ...books.account(subject), frozenAt: at })
  state.refreshReady(data.task)
  const text = `The budget ${subject} is frozen: what was spent on ${data.task} is more than was held, or all that is allowed.`
  state.deliver(ORCHESTRATOR, entry, { kind: 'budget_warned', task: data.task, text })
}
