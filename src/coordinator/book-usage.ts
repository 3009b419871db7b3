import { amountOf } from '../governor/budget/price.js'
import { type AccountRow, type Amount, type HoldKind, type HoldRow, NOTHING, type Usage } from '../model/budget.js'
import { actorSwarm } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import type { TaskSpec } from '../model/task.js'
import { type BudgetQuestion, boundClaim } from './bound-claim.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { escalate, KEEP_STOPPED } from './escalate.js'
import { accountsAfter, freezeOverdrawn } from './freeze-budget.js'
import { claimHold } from './holds.js'
import { latchWhenSpent } from './latch-spender.js'
import type { FabricState } from './state.js'
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
  const { swarm, epoch } = spender
  const priced = usage.model === undefined ? {} : { model: usage.model, prices: policy.prices.version }
  const data = { swarm, epoch, hold: hold.id, report: usage.id, ...amount, ...priced, late }
  entries.push({ type: 'usage_reported', subject: spender.task.id, data })
  const accounts = accountsAfter(state, hold, spender, usage.model, amount)
  const frozen = freezeOverdrawn(state, hold, spender, amount, accounts, entries)
  const latched = latchWhenSpent(state, swarm, accounts, context, entries)
  const question = latched || late ? undefined : boundClaim(state, hold, spender, amount, context, entries)
  askAboutBudget(state, spender, frozen, question, context, entries)
  return { amount, repeated: false, late }
}

/** One question for all that one report leads to. */
function askAboutBudget(
  state: FabricState,
  { task, swarm }: Spender,
  frozen: readonly AccountRow[],
  stopped: BudgetQuestion | undefined,
  context: DecisionContext,
  entries: CoordinatorDraft[],
): void {
  const about = { kind: 'budget', task: task.id, swarm } as const
  const [first] = frozen
  if (first === undefined) {
    if (stopped !== undefined) escalate(state, { ...about, severity: 'warning', ...stopped }, context, entries)
    return
  }
  const question = `${swarm} spent more on ${task.id} than was held for it. May more be spent?`
  const account = frozen.find(({ id }) => id === stopped?.account)?.id ?? first.id
  const names = frozen.map(({ id }) => id).join(', ')
  const facts = { frozen: names, extend: `ifab cost extend ${account} --by 5 --reason "..."`, ...stopped?.context }
  const options = [KEEP_STOPPED]
  escalate(state, { ...about, severity: 'critical', question, account, context: facts, options }, context, entries)
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
