import {
  AMOUNT_FIELDS,
  type Amount,
  type AmountField,
  type HoldKind,
  type HoldRow,
  NOTHING,
  type WindowKind,
} from '../../model/budget.js'
import { type ErrorCode, FabricError } from '../../model/errors.js'
import { formatDollars } from '../../model/money.js'
import type { SwarmRow } from '../../model/swarm.js'
import type { TaskSpec } from '../../model/task.js'
import { DAY_MS } from '../../model/time.js'
import type { GovernorPolicy, Limit, WindowLimits } from '../policy/policy.js'
import { accountId, type Books, taskAccount } from './books.js'
import { boardLimits, fabricLimits, type LimitSource, swarmLimits, taskCap } from './limits.js'
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

/** A shortage is put into words only for whoever wants to read it: most are looked at and passed over. */
export type ReservationResult = Reservation | { readonly shortage: () => Shortage }

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
  if (isTooDear(policy, task)) return { shortage: () => tooDear(policy, task) }
  return reserve(books, policy, boundsOf(policy, 'claim', { task, swarm, at }))
}

/** Whether there is room for a claim of a task before anybody's own budget is looked at. */
export function hasSharedRoom(books: Books, { policy }: Pick<LimitSource, 'policy'>, task: Work, at: number): boolean {
  return !('shortage' in reserve(books, policy, boundsOf(policy, 'claim', { task, at })))
}

/** Most that a claim of a swarm on some board could hold now, nano-dollars; infinite where nothing limits it. */
export function roomFor(
  books: Books,
  { policy }: Pick<LimitSource, 'policy'>,
  swarm: SwarmRow,
  board: string | undefined,
  at: number,
): number {
  const tokens = { ...policy.budgets.holdTokens, nanos: 0 }
  let room = Number.POSITIVE_INFINITY
  for (const [id, limit] of sharedLimits(policy, swarm, board, at)) {
    if (shortageIn(books, id, limit, tokens, false) !== undefined) return 0
    const { settled = NOTHING, held = NOTHING, extendedNanos = 0 } = books.accounts.get(id) ?? {}
    if (limit.nanos !== undefined) room = Math.min(room, limit.nanos + extendedNanos - settled.nanos - held.nanos)
  }
  return room
}

/** What a claim of a task would hold now, nano-dollars; undefined where nothing bounds it. */
export function holdOf(books: Books, policy: GovernorPolicy, task: Work): number | undefined {
  const cap = taskCap(policy, task)
  return cap === undefined ? undefined : remaining(books, taskAccount('claim', task.id), cap)
}

/** The same for all help with one blocker: at most what the policy lets help with a task cost. */
export function reserveForHelp(
  books: Books,
  source: LimitSource,
  task: Pick<Work, 'id' | 'board'>,
  at: number,
): ReservationResult {
  const { policy } = source
  return reserve(books, policy, boundsOf(policy, 'help', { task: { requires: NO_NEEDS, ...task }, at }))
}

/** What keeps a swarm from paying for all of a hold for help out of its own budgets, in which none of it is held. */
export function shortageOfHelper(
  books: Books,
  { policy }: LimitSource,
  swarm: SwarmRow,
  amount: Amount,
  at: number,
): (() => Shortage) | undefined {
  for (const [id, limit] of sharedLimits(policy, swarm, undefined, at)) {
    if (!id.startsWith('swarm:')) continue
    const shortage = shortageIn(books, id, limit, amount, policy.maxCostPerTaskNanos === undefined)
    if (shortage !== undefined) return shortage
  }
  return undefined
}

/** Accounts in which a hold that exists would be reserved under this policy. */
export function accountsOfHold(source: LimitSource, hold: HoldRow): string[] {
  const { task: id, board } = hold
  // The board is that of the moment in which it was placed, where its spending is booked.
  const { board: _, ...known } = source.task(id) ?? {}
  const task = { requires: NO_NEEDS, ...known, id, ...(board !== undefined && { board }) }
  const swarm = hold.kind === 'claim' ? { ...source.swarm(hold.swarm), id: hold.swarm } : undefined
  const { limits } = boundsOf(source.policy, hold.kind, { task, swarm, at: hold.at })
  return limits.map(([account]) => account)
}

/** Throws BUDGET_EXCEEDED or POLICY_VIOLATION where there is no room. */
export function requireReservation(result: ReservationResult): Reservation {
  if (!('shortage' in result)) return result
  const { code, message, details } = result.shortage()
  throw new FabricError(code, message, details)
}

/** Whether a task has nothing left that it may cost, so that nobody can claim it before somebody extends its budget. */
export function isExhausted(books: Books, policy: GovernorPolicy, task: Work): boolean {
  if (isTooDear(policy, task)) return true
  const account = books.accounts.get(taskAccount('claim', task.id))
  if (account === undefined) return false
  const cap = taskCap(policy, task)
  return cap !== undefined && (account.frozenAt !== undefined || remaining(books, account.id, cap) === 0)
}

function remaining(books: Books, account: string, cap: number): number {
  const { settled, held, extendedNanos } = books.account(account)
  return Math.max(0, cap + extendedNanos - settled.nanos - held.nanos)
}

type Limited = readonly [account: string, limit: Limit]

/** What bounds a hold: what the task may cost, and each account with a limit. */
interface Bounds {
  readonly task: string
  /** Account of the task itself, and most that may be spent there before extensions, where there is a bound. */
  readonly own: string
  readonly cap: number | undefined
  readonly limits: readonly Limited[]
}

interface Bounded {
  readonly task: Work
  readonly swarm?: Pick<SwarmRow, 'id' | 'budgetNanos'> | undefined
  readonly at: number
}

const NO_NEEDS: readonly string[] = []

function boundsOf(policy: GovernorPolicy, kind: HoldKind, { task, swarm, at }: Bounded): Bounds {
  const own = taskAccount(kind, task.id)
  const cap = kind === 'claim' ? taskCap(policy, task) : policy.maxCostPerTaskNanos
  const shared = sharedLimits(policy, swarm, task.board, at)
  return { task: task.id, own, cap, limits: cap === undefined ? shared : [[own, { nanos: cap }], ...shared] }
}

interface SharedLimits {
  readonly policy: GovernorPolicy
  readonly board: string | undefined
  readonly day: number
  readonly limits: readonly Limited[]
}

/** What the last claim of a swarm was bounded by: its next one is in most cases bounded by the same. */
const lastLimits = new WeakMap<object, SharedLimits>()

function sharedLimits(
  policy: GovernorPolicy,
  swarm: Bounded['swarm'],
  board: string | undefined,
  at: number,
): readonly Limited[] {
  const day = Math.floor(at / DAY_MS)
  const last = swarm && lastLimits.get(swarm)
  if (last?.policy === policy && last.board === board && last.day === day) return last.limits
  const limits: Limited[] = []
  if (swarm !== undefined) collect(limits, `swarm:${swarm.id}`, swarmLimits(policy, swarm.id, swarm), at)
  if (board !== undefined) collect(limits, `board:${board}`, boardLimits(policy, board), at)
  collect(limits, 'fabric', fabricLimits(policy), at)
  if (swarm !== undefined) lastLimits.set(swarm, { policy, board, day, limits })
  return limits
}

function collect(into: Limited[], scope: string, limits: WindowLimits, at: number): void {
  for (const kind in limits) {
    const limit = limits[kind as WindowKind]
    if (limit !== undefined) into.push([accountId(scope, windowOf(kind as WindowKind, at)), limit])
  }
}

function reserve(books: Books, policy: GovernorPolicy, { task, own, cap, limits }: Bounds): ReservationResult {
  if (limits.length === 0) return { amount: NOTHING, accounts: [] }
  const nanos = cap === undefined ? undefined : remaining(books, own, cap)
  if (nanos === 0) return { shortage: () => spent(task, books, own) }
  const { inputTokens, outputTokens, cachedTokens } = policy.budgets.holdTokens
  const amount = { nanos: nanos ?? 0, inputTokens, outputTokens, cachedTokens }
  for (const [id, limit] of limits) {
    const shortage = shortageIn(books, id, limit, amount, nanos === undefined)
    if (shortage !== undefined) return { shortage }
  }
  return { amount, accounts: limits.map(([account]) => account) }
}

/** `unbounded` says that nothing bounds what the work may cost, so that a limit in money has no room for it. */
function shortageIn(
  books: Books,
  id: string,
  limit: Limit,
  amount: Amount,
  unbounded: boolean,
): (() => Shortage) | undefined {
  if (unbounded && limit.nanos !== undefined) {
    return () => boundless(id)
  }
  const { settled = NOTHING, held = NOTHING, extendedNanos = 0, frozenAt } = books.accounts.get(id) ?? {}
  if (frozenAt !== undefined) {
    return () => frozen(id)
  }
  for (const field of AMOUNT_FIELDS) {
    const base = limit[field]
    if (base === undefined) continue
    const most = field === 'nanos' ? base + extendedNanos : base
    if (settled[field] + held[field] + amount[field] > most)
      return () => full(id, { settled, held }, field, amount, most)
  }
  return undefined
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

export function spent(task: string, books: Books, account: string): Shortage {
  const { settled, held } = books.account(account)
  const message = `${task} has used up what it may cost: ${formatDollars(settled.nanos)} are spent and ${formatDollars(held.nanos)} are held. Extend it with \`ifab cost extend ${account}\`.`
  return { code: 'BUDGET_EXCEEDED', message, details: { account, settled: settled.nanos, held: held.nanos } }
}

function frozen(account: string): Shortage {
  const message = `The budget ${account} is frozen, because more was spent than was held. A person extends it with \`ifab cost extend ${account}\`.`
  return { code: 'BUDGET_EXCEEDED', message, details: { account, frozen: true } }
}

function boundless(account: string): Shortage {
  const message = `Nothing bounds what this may cost, and the budget ${account} has a limit. Give the task a max cost, or the policy a max_cost_per_task.`
  return { code: 'BUDGET_EXCEEDED', message, details: { account } }
}

function isTooDear(
  { maxCostPerTaskNanos = Number.POSITIVE_INFINITY }: GovernorPolicy,
  { maxCostNanos = 0 }: Work,
): boolean {
  return maxCostNanos > maxCostPerTaskNanos
}

function tooDear({ maxCostPerTaskNanos = 0 }: GovernorPolicy, { id: task, maxCostNanos = 0 }: Work): Shortage {
  const message = `${task} may cost ${formatDollars(maxCostNanos)}, and the policy allows ${formatDollars(maxCostPerTaskNanos)} for a task. Import its board again with a lower max_cost, or raise max_cost_per_task.`
  return { code: 'POLICY_VIOLATION', message, details: { task, maxCostNanos, maxCostPerTaskNanos } }
}
