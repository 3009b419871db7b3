import { type Amount, type AmountField, type HoldRow, NOTHING } from '../../model/budget.js'
import { type ErrorCode, FabricError } from '../../model/errors.js'
import { formatDollars } from '../../model/money.js'
import type { SwarmRow } from '../../model/swarm.js'
import type { TaskSpec } from '../../model/task.js'
import type { GovernorPolicy, WindowLimits } from '../policy/policy.js'
import { add, fieldBeyond } from './amount.js'
import { accountId, type Books, taskAccount } from './books.js'
import { boardLimits, fabricLimits, type LimitSource, limitOf, swarmLimits, taskCap } from './limits.js'
import { windowOf } from './window.js'

/** What a claim, or help, would reserve, and where. */
export interface Reservation {
  readonly amount: Amount
  readonly accounts: readonly string[]
}

/** Why there is no room. */
export interface Shortage {
  readonly code: Extract<ErrorCode, 'BUDGET_EXCEEDED' | 'POLICY_VIOLATION'>
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

export type ReservationResult = Reservation | { readonly shortage: Shortage }

type Work = Pick<TaskSpec, 'id' | 'board' | 'requires' | 'maxCostNanos'>

/** The worst case of a claim: all that the task may still cost. It is held in every account with a limit, or in none. */
export function reserveForClaim(
  books: Books,
  source: LimitSource,
  task: Work,
  swarm: SwarmRow,
  at: number,
): ReservationResult {
  const { policy } = source
  const { maxCostNanos } = task
  if (
    maxCostNanos !== undefined &&
    policy.maxCostPerTaskNanos !== undefined &&
    maxCostNanos > policy.maxCostPerTaskNanos
  ) {
    return { shortage: tooDear(task.id, maxCostNanos, policy.maxCostPerTaskNanos) }
  }
  const own = taskAccount('claim', task.id)
  const cap = taskCap(policy, task)
  const accounts = cap === undefined ? [] : [own]
  collect(accounts, `swarm:${swarm.id}`, swarmLimits(policy, swarm.id, swarm), at)
  if (task.board !== undefined) collect(accounts, `board:${task.board}`, boardLimits(policy, task.board), at)
  collect(accounts, 'fabric', fabricLimits(policy), at)
  if (accounts.length === 0) return { amount: NOTHING, accounts }
  const nanos = cap === undefined ? undefined : remaining(books, own, cap)
  return reserve(books, source, task.id, accounts, own, nanos)
}

/** The same for all help with one blocker: at most what the policy lets help with a task cost. */
export function reserveForHelp(
  books: Books,
  source: LimitSource,
  task: Pick<Work, 'id' | 'board'>,
  at: number,
): ReservationResult {
  const { policy } = source
  const own = taskAccount('help', task.id)
  const cap = policy.maxCostPerTaskNanos
  const accounts = cap === undefined ? [] : [own]
  if (task.board !== undefined) collect(accounts, `board:${task.board}`, boardLimits(policy, task.board), at)
  collect(accounts, 'fabric', fabricLimits(policy), at)
  if (accounts.length === 0) return { amount: NOTHING, accounts }
  return reserve(books, source, task.id, accounts, own, cap === undefined ? undefined : remaining(books, own, cap))
}

/** Accounts in which a hold that exists would be reserved under this policy. */
export function accountsOfHold(source: LimitSource, hold: HoldRow): string[] {
  const { policy } = source
  const task = source.task(hold.task)
  const bound = hold.kind === 'help' ? policy.maxCostPerTaskNanos : task && taskCap(policy, task)
  const accounts = bound === undefined ? [] : [taskAccount(hold.kind, hold.task)]
  if (hold.kind === 'claim') {
    collect(accounts, `swarm:${hold.swarm}`, swarmLimits(policy, hold.swarm, source.swarm(hold.swarm)), hold.at)
  }
  if (hold.board !== undefined) collect(accounts, `board:${hold.board}`, boardLimits(policy, hold.board), hold.at)
  collect(accounts, 'fabric', fabricLimits(policy), hold.at)
  return accounts
}

/** Throws BUDGET_EXCEEDED or POLICY_VIOLATION where there is no room. */
export function requireReservation(result: ReservationResult): Reservation {
  if (!('shortage' in result)) return result
  const { code, message, details } = result.shortage
  throw new FabricError(code, message, details)
}

/** Whether a task has nothing left that it may cost, so that nobody can claim it before somebody extends its budget. */
export function isExhausted(books: Books, policy: GovernorPolicy, task: Work): boolean {
  const account = books.accounts.get(taskAccount('claim', task.id))
  if (account === undefined) return false
  const cap = taskCap(policy, task)
  return account.frozenAt !== undefined || (cap !== undefined && remaining(books, account.id, cap) === 0)
}

function remaining(books: Books, account: string, cap: number): number {
  const { settled, held, extendedNanos } = books.account(account)
  return Math.max(0, cap + extendedNanos - settled.nanos - held.nanos)
}

function collect(accounts: string[], scope: string, limits: WindowLimits, at: number): void {
  for (const kind in limits) accounts.push(accountId(scope, windowOf(kind as keyof WindowLimits, at)))
}

function reserve(
  books: Books,
  source: LimitSource,
  task: string,
  accounts: readonly string[],
  own: string,
  nanos: number | undefined,
): ReservationResult {
  if (nanos === 0) return { shortage: spent(task, books, own) }
  const amount = { nanos: nanos ?? 0, ...source.policy.budgets.holdTokens }
  for (const id of accounts) {
    const shortage = shortageIn(books, source, id, amount, nanos === undefined)
    if (shortage !== undefined) return { shortage }
  }
  return { amount, accounts }
}

/** `unbounded` says that nothing bounds what the work may cost, so that a limit in money has no room for it. */
function shortageIn(
  books: Books,
  source: LimitSource,
  id: string,
  amount: Amount,
  unbounded: boolean,
): Shortage | undefined {
  const account = books.account(id)
  const limit = limitOf(account, source)
  if (limit === undefined) return undefined
  if (account.frozenAt !== undefined) {
    const message = `The budget ${id} is frozen, because more was spent than was held. A person extends it with \`ifab cost extend ${id}\`.`
    return { code: 'BUDGET_EXCEEDED', message, details: { account: id, frozen: true } }
  }
  if (unbounded && limit.nanos !== undefined) {
    const message = `Nothing bounds what this may cost, and the budget ${id} has a limit. Give the task a max cost, or the policy a max_cost_per_task.`
    return { code: 'BUDGET_EXCEEDED', message, details: { account: id } }
  }
  const field = fieldBeyond(add(add(account.settled, account.held), amount), limit)
  return field === undefined ? undefined : full(id, account, field, amount, limit[field] ?? 0)
}

function full(
  id: string,
  { settled, held }: { settled: Amount; held: Amount },
  field: AmountField,
  amount: Amount,
  limit: number,
): Shortage {
  const show = (value: number) => (field === 'nanos' ? formatDollars(value) : `${value} ${field}`)
  const message = `The budget ${id} has no room for ${show(amount[field])}: of ${show(limit)}, ${show(settled[field])} are spent and ${show(held[field])} are held. Wait for others to finish, lower the max cost of the task, or extend it with \`ifab cost extend ${id}\`.`
  const details = { account: id, field, limit, settled: settled[field], held: held[field], needed: amount[field] }
  return { code: 'BUDGET_EXCEEDED', message, details }
}

function spent(task: string, books: Books, account: string): Shortage {
  const { settled, held } = books.account(account)
  const message = `${task} has used up what it may cost: ${formatDollars(settled.nanos)} are spent and ${formatDollars(held.nanos)} are held. Extend it with \`ifab cost extend ${account}\`.`
  return { code: 'BUDGET_EXCEEDED', message, details: { account, settled: settled.nanos, held: held.nanos } }
}

function tooDear(task: string, maxCostNanos: number, most: number): Shortage {
  const message = `${task} may cost ${formatDollars(maxCostNanos)}, and the policy allows ${formatDollars(most)} for a task. Lower its max cost, or raise max_cost_per_task.`
  return { code: 'POLICY_VIOLATION', message, details: { task, maxCostNanos, maxCostPerTaskNanos: most } }
}
