import { taskAccount } from '../governor/budget/books.js'
import type { Amount, HoldRow } from '../model/budget.js'
import { FABRIC_ACTOR } from '../model/entry.js'
import { formatDollars } from '../model/money.js'
import type { Spender } from './book-usage.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { escalate } from './escalate.js'
import { policyDigest } from './policy-digest.js'
import type { FabricState } from './state.js'
import type { DecisionContext, Evolve } from './transition.js'

/** Warns the holder when most of its hold is spent, and stops the claim when all of it is. */
export function boundClaim(
  state: FabricState,
  hold: HoldRow,
  { task, swarm, epoch }: Spender,
  amount: Amount,
  context: DecisionContext,
  entries: CoordinatorDraft[],
): void {
  const heldNanos = hold.amount.nanos
  if (heldNanos === 0) return
  const spentNanos = hold.settled.nanos + amount.nanos
  const { warnPercent } = state.governor.policy.budgets
  if (spentNanos >= heldNanos && hold.kind === 'claim') {
    stop(state, { task, swarm, epoch, hold: hold.id }, spentNanos, context, entries)
  } else if (!hold.warned && spentNanos * 100 >= warnPercent * heldNanos) {
    const data = { swarm, epoch, hold: hold.id, spentNanos, heldNanos }
    entries.push({ type: 'budget_warned', subject: task.id, data })
  }
}

function stop(
  state: FabricState,
  { task, swarm, epoch }: Spender,
  spentNanos: number,
  context: DecisionContext,
  entries: CoordinatorDraft[],
): void {
  if (state.tasks.get(task.id)?.claim?.stoppedAt !== undefined) return
  const reason = `it has spent ${formatDollars(spentNanos)}, all that was held for it`
  entries.push({
    type: 'claim_stopped',
    subject: task.id,
    data: { swarm, epoch, reason, ...policyDigest(state, context) },
  })
  const account = taskAccount('claim', task.id)
  const question = `${swarm} has spent all that ${task.id} may cost. May it spend more?`
  const facts = { spent: formatDollars(spentNanos), extend: `ifab cost extend ${account} --by 5 --reason "..."` }
  const about = { severity: 'warning', task: task.id, swarm, account } as const
  escalate(state, { kind: 'budget', question, context: facts, ...about }, context, entries)
}

export const budgetWarned: Evolve<EntryOf<'budget_warned'>> = (state, entry) => {
  const { subject, data } = entry
  state.governor.books.warn(data.hold)
  const text = `${formatDollars(data.spentNanos)} of ${formatDollars(data.heldNanos)} are spent on ${subject}. Finish soon.`
  state.deliver(data.swarm, { ...entry, actor: FABRIC_ACTOR }, { kind: 'budget_warned', task: subject, text })
}
