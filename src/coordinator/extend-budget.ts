import { add, fieldBeyond } from '../governor/budget/amount.js'
import { openPart } from '../governor/budget/books.js'
import { limitOf } from '../governor/budget/limits.js'
import { accountsOfHold } from '../governor/budget/reserve.js'
import { windowOf } from '../governor/budget/window.js'
import { type AccountRow, type HoldRow, NOTHING, WINDOW_KINDS } from '../model/budget.js'
import { FabricError } from '../model/errors.js'
import { formatDollars, isCount } from '../model/money.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { aboutOf } from './escalate.js'
import { claimHold } from './holds.js'
import { policyDigest } from './policy-digest.js'
import { requirePerson } from './require-person.js'
import type { FabricState } from './state.js'
import type { Decide, Evolve } from './transition.js'

/**
 * Allows more in an account. When that makes room, it thaws and what was asked about it is answered. On the account of a claimed task the hold of
 * the claim grows with it, in all accounts or not at all, and a claim that was stopped goes on.
 */
export const extendBudget: Decide<'extend_budget'> = (state, command, context) => {
  requirePerson(context.actor, 'extend a budget')
  const account = requireLimited(state, command.account, context.now)
  const { nanos, reason } = command
  requireSafe(state, account, nanos)
  const hold = claimHoldOf(state, account)
  const growth = hold === undefined ? 0 : growthOf(state, hold, account, nanos)
  if (hold !== undefined) requireRoomElsewhere(state, hold, account.id, growth)
  const part = growth === nanos ? {} : { holdNanos: growth }
  const grown = hold === undefined || growth === 0 ? {} : { hold: hold.id, ...part, task: hold.task }
  const room = hasRoom(state, account, nanos)
  const cold = account.frozenAt !== undefined && !room ? { frozen: true as const } : {}
  const data = { nanos, reason, ...grown, ...cold, ...policyDigest(state, context) }
  const entries: CoordinatorDraft[] = [{ type: 'budget_extended', subject: account.id, data }]
  const claim = hold?.kind === 'claim' ? state.tasks.get(hold.task)?.claim : undefined
  const left = hold === undefined ? 0 : hold.amount.nanos + growth - hold.settled.nanos
  const stopped = claim?.stoppedAt !== undefined
  if (hold !== undefined && stopped && left > 0) {
    entries.push({ type: 'claim_resumed', subject: hold.task, data: { swarm: claim.swarm, epoch: claim.epoch } })
  }
  // Too little is no answer: the claim stays stopped, or the account frozen, and people stay asked.
  const enough = stopped ? left > 0 : room
  for (const question of enough ? openQuestions(state, account.id) : []) {
    const said = { ...aboutOf(question), option: 'extended', answer: reason }
    entries.push({ type: 'escalation_answered', subject: question.id, data: said })
  }
  return { entries, reply: (after) => after.governor.books.account(account.id) }
}

function requireLimited(state: FabricState, id: string, now: number): AccountRow {
  const account = state.governor.books.account(id)
  // One with a limit of tokens only has nothing to extend; but a person must be able to thaw it.
  const limited = account.frozenAt !== undefined || limitOf(account, state.governor)?.nanos !== undefined
  if (limited && isKnown(state, account, now)) return account
  const message = `No budget of dollars is called ${id}. See them with \`ifab cost budget\`.`
  throw new FabricError('NOT_FOUND', message, { account: id })
}

/** Whether something was booked there, or could be now: a slip in a name must not look like more room. */
function isKnown(state: FabricState, { id, scope, window }: AccountRow, now: number): boolean {
  const { books, policy } = state.governor
  if (books.accounts.has(id)) return true
  if (!WINDOW_KINDS.some((kind) => windowOf(kind, now) === window)) return false
  const [kind = '', ...rest] = scope.split(':')
  const name = rest.join(':')
  if (kind === 'swarm') return state.swarms.has(name)
  if (kind === 'task' || kind === 'help') return state.tasks.has(name)
  if (kind !== 'board') return kind === 'fabric'
  return Object.hasOwn(policy.budgets.boards, name) || [...state.tasks.values()].some(({ board }) => board === name)
}

/** Throws INVALID_ARGUMENT for what cannot be counted, or would make the limit too large to be exact. */
function requireSafe(state: FabricState, account: AccountRow, nanos: number): void {
  const limit = limitOf(account, state.governor)?.nanos ?? account.extendedNanos
  if (isCount(nanos) && isCount(limit + nanos)) return
  const message = `A budget is extended by a whole number of nano-dollars, to at most ${Number.MAX_SAFE_INTEGER} altogether.`
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'nanos' })
}

/** Whether anything may be spent there once it is extended by that much. */
function hasRoom(state: FabricState, account: AccountRow, nanos: number): boolean {
  const limit = limitOf(account, state.governor)?.nanos
  return limit === undefined || account.settled.nanos < limit + nanos
}

/** The hold of the live claim of the task, or of all help with it, that this is the account of. */
function claimHoldOf(state: FabricState, { scope }: AccountRow): HoldRow | undefined {
  if (scope.startsWith('help:')) {
    const task = scope.slice('help:'.length)
    return [...state.governor.books.holds.values()].find((hold) => hold.kind === 'help' && hold.task === task)
  }
  if (!scope.startsWith('task:')) return undefined
  const claim = state.tasks.get(scope.slice('task:'.length))?.claim
  return claim === undefined ? undefined : state.governor.books.holds.get(claimHold(claim.epoch))
}

/** By how much a hold grows with its account: by all of it, unless a limit that was lowered since has less room. */
function growthOf(state: FabricState, hold: HoldRow, account: AccountRow, nanos: number): number {
  const open = openPart(hold).nanos
  const others = account.held.nanos - (hold.accounts.includes(account.id) ? open : 0)
  const limit = limitOf(account, state.governor)?.nanos ?? 0
  const room = limit + nanos - account.settled.nanos - others
  const most = hold.settled.nanos + Math.max(open, room)
  // It held nothing, because nothing bounded it then: from now on it holds what there is room for.
  if (hold.amount.nanos === 0 && hold.settled.nanos > 0) return Math.max(0, room) === 0 ? 0 : most
  return Math.max(0, Math.min(nanos, most - hold.amount.nanos))
}

/** A larger hold must fit everywhere, as a new one must. */
function requireRoomElsewhere(state: FabricState, hold: HoldRow, own: string, growth: number): void {
  const { books } = state.governor
  const nanos = Math.max(0, hold.amount.nanos + growth - hold.settled.nanos) - openPart(hold).nanos
  if (nanos === 0) return
  for (const id of accountsOfHold(state.governor, hold)) {
    if (id === own) continue
    const account = books.account(id)
    const limit = limitOf(account, state.governor)
    const wanted = add(add(account.settled, account.held), { ...NOTHING, nanos })
    if (limit === undefined || (account.frozenAt === undefined && fieldBeyond(wanted, limit) === undefined)) continue
    const message = `The budget ${id} has no room for ${formatDollars(nanos)} more. Extend it first.`
    throw new FabricError('BUDGET_EXCEEDED', message, { account: id, needed: nanos })
  }
}

function openQuestions({ governor }: FabricState, account: string) {
  return [...governor.budgetQuestions.get(account)].flatMap((id) => governor.escalations.get(id) ?? [])
}

export const budgetExtended: Evolve<EntryOf<'budget_extended'>> = (state, { subject, data }) => {
  const { books } = state.governor
  const { frozenAt, ...account } = books.account(subject)
  const cold = data.frozen && frozenAt !== undefined ? { frozenAt } : {}
  books.accounts.set(subject, { ...account, ...cold, extendedNanos: account.extendedNanos + data.nanos })
  if (data.hold !== undefined) books.grow(data.hold, { ...NOTHING, nanos: data.holdNanos ?? data.nanos })
  state.news.room.add(subject)
  const task = subject.startsWith('task:') ? subject.slice('task:'.length, subject.lastIndexOf('/')) : data.task
  if (task !== undefined) state.refreshReady(task)
}
