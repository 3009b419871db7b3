import { add, fieldBeyond, remainder, requireExact } from '../governor/budget/amount.js'
import { openPart, spendingAccounts, taskAccount } from '../governor/budget/books.js'
import { limitOf } from '../governor/budget/limits.js'
import { amountOf } from '../governor/budget/price.js'
import { windowKindOf, windowOf } from '../governor/budget/window.js'
import { type AccountRow, type Amount, type HoldKind, type HoldRow, NOTHING, type Usage } from '../model/budget.js'
import { actorSwarm, FABRIC_ACTOR } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import { formatDollars } from '../model/money.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import type { TaskSpec } from '../model/task.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { escalate } from './escalate.js'
import { openBreaker } from './open-breaker.js'
import { policyDigest } from './policy-digest.js'
import { claimHold, type FabricState } from './state.js'
import type { DecisionContext, Evolve } from './transition.js'

/** Who spent something, on which task, and the hold that it is booked under. */
export interface Spender {
  readonly task: Pick<TaskSpec, 'id' | 'board'>
  readonly swarm: string
  readonly epoch: number
  readonly hold: string
}

export interface UsageOutcome {
  readonly amount: Amount
  readonly repeated: boolean
  readonly late: boolean
}

/**
 * Appends the entries of a usage report and of what follows from it: a warning, the end of the claim's budget, frozen
 * accounts, a latched breaker. Real spending is booked in full, whatever was held. The same report is booked once.
 */
export function bookUsage(
  state: FabricState,
  spender: Spender,
  usage: Usage,
  context: DecisionContext,
  entries: CoordinatorDraft[],
): UsageOutcome {
  const { books, policy } = state.governor
  const amount = amountOf(usage, policy.prices)
  const hold = books.hold(spender.hold) ?? unheld(state, spender, context.now)
  const late = hold.released !== undefined
  if (hold.reports.includes(reportName(hold, spender.epoch, usage.id))) return { amount, repeated: true, late }
  requireExact(add(books.account('fabric/total').settled, amount))
  const { swarm, epoch } = spender
  const priced = usage.model === undefined ? {} : { model: usage.model, prices: policy.prices.version }
  const data = { swarm, epoch, hold: hold.id, report: usage.id, ...amount, ...priced, late }
  entries.push({ type: 'usage_reported', subject: spender.task.id, data })
  const accounts = accountsAfter(state, hold, spender, usage.model, amount)
  freezeOverdrawn(state, hold, spender, amount, accounts, context, entries)
  if (!latchWhenSpent(state, swarm, accounts, context, entries) && !late) {
    boundClaim(state, hold, spender, amount, context, entries)
  }
  return { amount, repeated: false, late }
}

/** What was spent is for whoever spent it, or for a person, to say. Throws FORBIDDEN. */
export function requireOwnSpending(actor: string, swarm: string): void {
  const speaker = actorSwarm(actor)
  if (speaker === undefined || speaker === swarm) return
  throw new FabricError('FORBIDDEN', `${speaker} cannot report what ${swarm} spent.`, { swarm: speaker })
}

/** Stands for the hold of a claim, or of help with a blocker, that needed none. */
function unheld({ blockers }: FabricState, { task, swarm, epoch, hold: id }: Spender, at: number): HoldRow {
  const ended = blockers.get(id)?.state === 'resolved'
  const board = task.board === undefined ? {} : { board: task.board }
  const none = { accounts: [], settledIn: {}, reports: [], warned: false }
  return {
    id,
    kind: holdKind(id),
    task: task.id,
    ...board,
    swarm,
    epoch,
    at,
    amount: NOTHING,
    settled: NOTHING,
    ...none,
    ...(ended && { released: { at, wasted: false } }),
  }
}

function holdKind(id: string): HoldKind {
  return id.startsWith(claimHold('')) ? 'claim' : 'help'
}

/** Helpers share a hold, and each names its reports as it likes. */
function reportName({ kind }: Pick<HoldRow, 'kind'>, epoch: number, report: string): string {
  return kind === 'claim' ? report : `${epoch}/${report}`
}

/** An account after a report was booked in it, and what of that was not reserved there. */
interface Booked extends AccountRow {
  readonly unreserved: Amount
}

/** The accounts with a limit in which it is booked, as they are afterwards. */
function accountsAfter(
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
function freezeOverdrawn(
  state: FabricState,
  hold: HoldRow,
  { task, swarm }: Spender,
  amount: Amount,
  accounts: readonly Booked[],
  context: DecisionContext,
  entries: CoordinatorDraft[],
): void {
  const own = taskAccount(hold.kind, hold.task)
  const beyondHold =
    hold.released === undefined && hold.amount.nanos > 0 && hold.settled.nanos + amount.nanos > hold.amount.nanos
  const frozen = accounts.filter((account) => {
    if (account.frozenAt !== undefined) return false
    const limit = limitOf(account, state.governor) ?? {}
    const { settled, held, unreserved } = account
    return (
      (beyondHold && account.id === own) || fieldBeyond(onlyWhere(unreserved, add(settled, held)), limit) !== undefined
    )
  })
  for (const { id, settled, held } of frozen) {
    const data = { task: task.id, swarm, settledNanos: settled.nanos, heldNanos: held.nanos }
    entries.push({ type: 'budget_frozen', subject: id, data })
  }
  const [first] = frozen
  if (first === undefined) return
  const question = `${swarm} spent more on ${task.id} than was held for it. May more be spent?`
  const names = frozen.map(({ id }) => id).join(', ')
  const about = { severity: 'critical', task: task.id, swarm, account: first.id } as const
  escalate(state, { kind: 'budget', question, context: { frozen: names }, ...about }, context, entries)
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

/** A swarm that has spent its own budget is latched. Answers whether it was. */
function latchWhenSpent(
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

/** Warns the holder when most of its hold is spent, and stops the claim when all of it is. */
function boundClaim(
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

export const usageReported: Evolve<EntryOf<'usage_reported'>> = (state, { subject, at, data }) => {
  const { books } = state.governor
  const { swarm, epoch, hold, report, model, nanos, inputTokens, outputTokens, cachedTokens } = data
  const board = state.tasks.get(subject)?.board
  if (books.hold(hold) === undefined) {
    const about = { task: subject, ...(board !== undefined && { board }), swarm, epoch, at }
    books.place({ id: hold, kind: holdKind(hold), ...about, amount: NOTHING }, [])
    // Help that needed no hold has this one from now on: it ends with the blocker, and no other takes its name.
    const blocker = state.blockers.get(hold)
    if (data.late) books.release(hold, at, false)
    else if (blocker !== undefined) state.putBlocker({ ...blocker, hold })
  }
  const amount = { nanos, inputTokens, outputTokens, cachedTokens }
  const named = reportName({ kind: holdKind(hold) }, epoch, report)
  books.settle({ hold, report: named, swarm, ...(model !== undefined && { model }), amount })
  if (data.late) books.forgetPast(hold, at)
  if (!state.tasks.has(subject)) books.forgetTask(subject)
  state.refreshReady(subject)
}

export const budgetWarned: Evolve<EntryOf<'budget_warned'>> = (state, entry) => {
  const { subject, data } = entry
  state.governor.books.warn(data.hold)
  const text = `${formatDollars(data.spentNanos)} of ${formatDollars(data.heldNanos)} are spent on ${subject}. Finish soon.`
  state.deliver(data.swarm, { ...entry, actor: FABRIC_ACTOR }, { kind: 'budget_warned', task: subject, text })
}

export const budgetFrozen: Evolve<EntryOf<'budget_frozen'>> = (state, entry) => {
  const { subject, at, data } = entry
  const { books } = state.governor
  books.accounts.set(subject, { ...books.account(subject), frozenAt: at })
  state.refreshReady(data.task)
  const text = `The budget ${subject} is frozen: more was spent on ${data.task} than was held.`
  state.deliver(ORCHESTRATOR, entry, { kind: 'budget_warned', task: data.task, text })
}
