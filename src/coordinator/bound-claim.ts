import { add } from '../governor/budget/amount.js'
import { taskAccount } from '../governor/budget/books.js'
import { limitOf } from '../governor/budget/limits.js'
import { AMOUNT_FIELDS, type Amount, type AmountField, type HoldRow } from '../model/budget.js'
import { FABRIC_ACTOR } from '../model/entry.js'
import { formatDollars } from '../model/money.js'
import type { Spender } from './book-usage.js'
import { endHelp } from './end-help.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { KEEP_STOPPED } from './escalate.js'
import { policyDigest } from './policy-digest.js'
import type { FabricState } from './state.js'
import type { DecisionContext, Evolve } from './transition.js'

/** One thing of which a claim, or help, may spend only so much. */
interface Bound {
  readonly field: AmountField
  readonly spent: number
  readonly most: number
}

/**
 * Warns the holder when most of its hold is spent, and stops the claim, or all help, when all of it is. Answers with the
 * question for people, where it did.
 */
export function boundClaim(
  state: FabricState,
  hold: HoldRow,
  { task, swarm, epoch }: Spender,
  amount: Amount,
  context: DecisionContext,
  entries: CoordinatorDraft[],
): BudgetQuestion | undefined {
  const bounds = boundsOf(state, hold, amount)
  const spent = bounds.find((bound) => bound.spent >= bound.most)
  if (spent !== undefined) {
    const reason = `it has spent ${show(spent.field, spent.spent)}, all that was held for it`
    const before = entries.length
    if (hold.kind === 'help') endHelp(state, hold, reason, entries)
    else if (state.tasks.get(task.id)?.claim?.stoppedAt === undefined) {
      const data = { swarm, epoch, reason, ...policyDigest(state, context) }
      entries.push({ type: 'claim_stopped', subject: task.id, data })
    }
    return entries.length === before ? undefined : questionOf(hold, swarm, show(spent.field, spent.spent))
  }
  const { warnPercent } = state.governor.policy.budgets
  const most = hold.warned ? undefined : bounds.find((bound) => bound.spent * 100 >= warnPercent * bound.most)
  if (most === undefined) return undefined
  const sums = { spentNanos: hold.settled.nanos + amount.nanos, heldNanos: hold.amount.nanos }
  const tokens = most.field === 'nanos' ? {} : { field: most.field, spent: most.spent, held: most.most }
  entries.push({ type: 'budget_warned', subject: task.id, data: { swarm, epoch, hold: hold.id, ...sums, ...tokens } })
  return undefined
}

/** A question about a budget, before it is known how severe it is. */
export interface BudgetQuestion {
  readonly question: string
  readonly account: string
  readonly context: Readonly<Record<string, string>>
  readonly options: readonly string[]
}

function questionOf({ kind, task }: HoldRow, swarm: string, spent: string): BudgetQuestion {
  const account = taskAccount(kind, task)
  const what = kind === 'claim' ? `all that ${task} may cost` : `all that help with ${task} may cost`
  const question = `${swarm} has spent ${what}. May ${kind === 'claim' ? 'it spend' : 'help cost'} more?`
  const facts = { spent, extend: `ifab cost extend ${account} --by 5 --reason "..."` }
  return { question, account, context: facts, options: [KEEP_STOPPED] }
}

/** What is held and limited; where no money is held, because nothing bounded it then, what the task may cost by now. */
function boundsOf({ governor }: FabricState, hold: HoldRow, amount: Amount): Bound[] {
  const limits = hold.accounts.map((id) => limitOf(governor.books.account(id), governor))
  const spent = add(hold.settled, amount)
  const bounds = AMOUNT_FIELDS.flatMap((field): Bound[] => {
    const most = hold.amount[field]
    const counts = most > 0 && (field === 'nanos' || limits.some((limit) => limit?.[field] !== undefined))
    return counts ? [{ field, spent: spent[field], most }] : []
  })
  if (hold.amount.nanos > 0) return bounds
  const own = governor.books.account(taskAccount(hold.kind, hold.task))
  const most = limitOf(own, governor)?.nanos
  return most === undefined ? bounds : [{ field: 'nanos', spent: own.settled.nanos + amount.nanos, most }, ...bounds]
}

function show(field: AmountField, value: number): string {
  return field === 'nanos' ? formatDollars(value) : `${value} ${field}`
}

export const budgetWarned: Evolve<EntryOf<'budget_warned'>> = (state, entry) => {
  const { subject, data } = entry
  const { field = 'nanos', spent = data.spentNanos, held = data.heldNanos } = data
  if (state.governor.books.holds.has(data.hold)) state.governor.books.warn(data.hold)
  const text = `${show(field, spent)} of ${show(field, held)} are spent on ${subject}. Finish soon.`
  state.deliver(data.swarm, { ...entry, actor: FABRIC_ACTOR }, { kind: 'budget_warned', task: subject, text })
}
