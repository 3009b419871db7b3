import {
  type AccountRow,
  type Amount,
  type AmountField,
  type HoldKind,
  type HoldRow,
  NOTHING,
  type WindowKind,
} from '../../model/budget.js'
import { FabricError } from '../../model/errors.js'
import type { SwarmRow } from '../../model/swarm.js'
import type { TaskSpec } from '../../model/task.js'
import { DAY_MS } from '../../model/time.js'
import type { GovernorPolicy, Limit, WindowLimits } from '../policy/policy.js'
import { accountId, type Books, taskAccount } from './books.js'
import { boardLimits, fabricLimits, type LimitSource, swarmLimits, taskCap } from './limits.js'
import { type Balance, boundless, type Explain, frozen, full, spent, tooDear } from './shortage.js'
import { windowOf } from './window.js'

/** What a claim, or help, would reserve, and where. */
export interface Reservation {
  readonly amount: Amount
  readonly accounts: readonly string[]
}

export type ReservationResult = Reservation | { readonly shortage: Explain }

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
  if (isTooDear(policy, task)) return { shortage: tooDear(policy, task) }
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
  for (const [id, limit] of sharedLimits(policy, swarm, board, at).limits) {
    if (shortageIn(books, id, limit, tokens, false) !== undefined) return 0
    const { settled, held, extendedNanos } = books.accounts.get(id) ?? UNTOUCHED
    if (limit.nanos !== undefined) room = Math.min(room, limit.nanos + extendedNanos - settled.nanos - held.nanos)
  }
  return room
}

/** What a claim of a task would hold now, nano-dollars; undefined where nothing bounds it. */
export function holdOf(books: Books, policy: GovernorPolicy, task: Work): number | undefined {
  const cap = taskCap(policy, task)
  return cap === undefined ? undefined : remaining(books.accounts.get(taskAccount('claim', task.id)), cap)
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
): Explain | undefined {
  for (const [id, limit] of sharedLimits(policy, swarm, undefined, at).limits) {
    if (!id.startsWith('swarm:')) continue
    const shortage = shortageIn(books, id, limit, amount, policy.maxCostPerTaskNanos === undefined)
    if (shortage !== undefined) return shortage
  }
  return undefined
}

/** Accounts in which a hold that exists would be reserved under this policy. */
export function accountsOfHold(source: LimitSource, hold: HoldRow): readonly string[] {
  const { task: id, board } = hold
  // The board is that of the moment in which it was placed, where its spending is booked.
  const { board: _, ...known } = source.task(id) ?? {}
  const task = { requires: NO_NEEDS, ...known, id, ...(board !== undefined && { board }) }
  const swarm = hold.kind === 'claim' ? { ...source.swarm(hold.swarm), id: hold.swarm } : undefined
  return accountsOf(boundsOf(source.policy, hold.kind, { task, swarm, at: hold.at }))
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
  return cap !== undefined && (account.frozenAt !== undefined || remaining(account, cap) === 0)
}

/** What no account differs from in which nothing was ever booked. */
const UNTOUCHED: Balance & Pick<AccountRow, 'frozenAt'> = {
  settled: NOTHING,
  held: NOTHING,
  extendedNanos: 0,
}

function remaining({ settled, held, extendedNanos } = UNTOUCHED, cap: number): number {
  return Math.max(0, cap + extendedNanos - settled.nanos - held.nanos)
}

type Limited = readonly [account: string, limit: Limit]

/** What bounds a hold: what the task may cost, and each other account with a limit. */
interface Bounds {
  readonly task: string
  /** Account of the task itself, and most that may be spent there before extensions, where there is a bound. */
  readonly own: string
  readonly cap: number | undefined
  readonly shared: SharedLimits
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
  return { task: task.id, own, cap, shared: sharedLimits(policy, swarm, task.board, at) }
}

/** The task's own account first. */
function accountsOf({ own, cap, shared }: Bounds): readonly string[] {
  return cap === undefined ? shared.accounts : [own, ...shared.accounts]
}

interface SharedLimits {
  readonly policy: GovernorPolicy
  readonly board: string | undefined
  readonly day: number
  readonly limits: readonly Limited[]
  readonly accounts: readonly string[]
}

/** What the last claim of a swarm was bounded by: its next one is in most cases bounded by the same. */
const lastLimits = new WeakMap<object, SharedLimits>()

function sharedLimits(
  policy: GovernorPolicy,
  swarm: Bounded['swarm'],
  board: string | undefined,
  at: number,
): SharedLimits {
  const day = Math.floor(at / DAY_MS)
  const last = swarm && lastLimits.get(swarm)
  if (last?.policy === policy && last.board === board && last.day === day) return last
  const limits: Limited[] = []
  if (swarm !== undefined) collect(limits, `swarm:${swarm.id}`, swarmLimits(policy, swarm.id, swarm), at)
  if (board !== undefined) collect(limits, `board:${board}`, boardLimits(policy, board), at)
  collect(limits, 'fabric', fabricLimits(policy), at)
  const shared = { policy, board, day, limits, accounts: limits.map(([account]) => account) }
  if (swarm !== undefined) lastLimits.set(swarm, shared)
  return shared
}

function collect(into: Limited[], scope: string, limits: WindowLimits, at: number): void {
  for (const kind in limits) {
    const limit = limits[kind as WindowKind]
    if (limit !== undefined) into.push([accountId(scope, windowOf(kind as WindowKind, at)), limit])
  }
}

function reserve(books: Books, policy: GovernorPolicy, bounds: Bounds): ReservationResult {
  const { task, own, cap } = bounds
  const { limits } = bounds.shared
  if (cap === undefined && limits.length === 0) return { amount: NOTHING, accounts: [] }
  const account = cap === undefined ? undefined : books.accounts.get(own)
  // All that is left there is held, so it fits there, whatever it is.
  const nanos = cap === undefined ? undefined : remaining(account, cap)
  if (nanos === 0) return { shortage: spent(task, books, own) }
  if (account?.frozenAt !== undefined) return { shortage: frozen(own) }
  const { inputTokens, outputTokens, cachedTokens } = policy.budgets.holdTokens
  const amount = { nanos: nanos ?? 0, inputTokens, outputTokens, cachedTokens }
  for (const [id, limit] of limits) {
    const shortage = shortageIn(books, id, limit, amount, nanos === undefined)
    if (shortage !== undefined) return { shortage }
  }
  return { amount, accounts: accountsOf(bounds) }
}

/** `unbounded` says that nothing bounds what the work may cost, so that a limit in money has no room for it. */
function shortageIn(books: Books, id: string, limit: Limit, amount: Amount, unbounded: boolean): Explain | undefined {
  if (unbounded && limit.nanos !== undefined) return boundless(id)
  const account = books.accounts.get(id) ?? UNTOUCHED
  if (account.frozenAt !== undefined) return frozen(id)
  const field = fieldWithoutRoom(account, limit, amount)
  return field && full(id, account, field, amount, limit)
}

/** Field by field, as every claim asks it of each of its accounts. */
function fieldWithoutRoom(
  { settled, held, extendedNanos }: Balance,
  limit: Limit,
  amount: Amount,
): AmountField | undefined {
  const { nanos, inputTokens, outputTokens, cachedTokens } = limit
  if (nanos !== undefined && settled.nanos + held.nanos + amount.nanos > nanos + extendedNanos) return 'nanos'
  if (inputTokens !== undefined && settled.inputTokens + held.inputTokens + amount.inputTokens > inputTokens) {
    return 'inputTokens'
  }
  if (outputTokens !== undefined && settled.outputTokens + held.outputTokens + amount.outputTokens > outputTokens) {
    return 'outputTokens'
  }
  if (cachedTokens !== undefined && settled.cachedTokens + held.cachedTokens + amount.cachedTokens > cachedTokens) {
    return 'cachedTokens'
  }
  return undefined
}

function isTooDear(
  { maxCostPerTaskNanos = Number.POSITIVE_INFINITY }: GovernorPolicy,
  { maxCostNanos = 0 }: Work,
): boolean {
  return maxCostNanos > maxCostPerTaskNanos
}
