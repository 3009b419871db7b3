import {
  type AccountRow,
  AMOUNT_FIELDS,
  type Amount,
  HOLD_KINDS,
  type HoldKind,
  type HoldRow,
  NOTHING,
  WINDOW_KINDS,
} from '../../model/budget.js'
import { assertInvariant } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { add, addCounts, remainder } from './amount.js'
import { windowKindOf, windowOf } from './window.js'

/** A hold that is to be placed. */
type NewHold = Pick<HoldRow, 'id' | 'kind' | 'task' | 'board' | 'swarm' | 'epoch' | 'at' | 'amount'>

/** Something that was spent under a hold. */
export interface Spending {
  readonly hold: string
  /** Name of the report. */
  readonly report: string
  /** Who spent it: the holder, or a helper. */
  readonly swarm: string
  readonly model?: string
  readonly amount: Amount
}

/** Stands for all tasks that left memory; no task can be called so. */
const ARCHIVED = '(archived)'

export function accountId(scope: string, window: string): string {
  return `${scope}/${window}`
}

/** Id of the account that bounds what a task may cost: its claims together, or all help with it. */
export function taskAccount(kind: HoldKind, task: string): string {
  return accountId(`${kind === 'claim' ? 'task' : 'help'}:${task}`, 'total')
}

/**
 * Accounts and holds. What is spent is booked in every account it concerns; what is reserved, in those that have a
 * limit. Rows are immutable and replaced. Nothing here refuses: whether there is room was decided before.
 */
export class Books {
  readonly accounts = new Map<string, AccountRow>()
  readonly holds = new Map<string, HoldRow>()
  /** Holds that ended, oldest first, for reports that come late. */
  readonly ended = new Map<string, HoldRow>()
  /** Scope and kind of window -> account of its newest window, of boards and swarms. */
  readonly #newest = new Map<string, string>()

  account(id: string): AccountRow {
    const known = this.accounts.get(id)
    if (known !== undefined) return known
    const end = id.lastIndexOf('/')
    const [scope, window] = [id.slice(0, end), id.slice(end + 1)]
    return { id, scope, window, settled: NOTHING, held: NOTHING, wastedNanos: 0, extendedNanos: 0 }
  }

  /** A hold, live or ended lately. */
  hold(id: string): HoldRow | undefined {
    return this.holds.get(id) ?? this.ended.get(id)
  }

  /** Reserves an amount in some accounts. */
  place(hold: NewHold, accounts: readonly string[]): void {
    assertInvariant(!this.holds.has(hold.id), `the hold ${hold.id} is placed twice`)
    this.holds.set(hold.id, newHold(hold, accounts))
    this.#reserve(accounts, hold.amount)
  }

  /** Makes a live hold larger, in the accounts that it is in. */
  grow(id: string, by: Amount): void {
    const hold = this.#live(id)
    const before = openPart(hold)
    const grown = { ...hold, amount: add(hold.amount, by), warned: false }
    this.holds.set(id, grown)
    this.#unreserve(hold.accounts, before)
    this.#reserve(hold.accounts, openPart(grown))
  }

  warn(id: string): void {
    this.holds.set(id, { ...this.#live(id), warned: true })
  }

  /** Books what was spent, in full, whatever was held. */
  settle({ hold: id, report, swarm, model, amount }: Spending): void {
    const hold = this.hold(id)
    assertInvariant(hold !== undefined, `spending is booked under the unknown hold ${id}`)
    const settled = add(hold.settled, amount)
    const settledIn: Record<string, number> = { ...hold.settledIn }
    for (const account of spendingAccounts(hold, swarm, model)) {
      const row = this.#open(account)
      const wasted = hold.released?.wasted === true ? amount.nanos : 0
      this.accounts.set(account, {
        ...row,
        settled: add(row.settled, amount),
        wastedNanos: addCounts(row.wastedNanos, wasted),
      })
      settledIn[account] = addCounts(settledIn[account] ?? 0, amount.nanos)
    }
    const reports = [...hold.reports, report].slice(-LIMITS.usageReportsPerHold)
    const after = { ...hold, settled, settledIn, reports }
    if (hold.released !== undefined) this.ended.set(id, after)
    else {
      this.holds.set(id, after)
      this.#unreserve(hold.accounts, remainder(openPart(hold), openPart(after)))
    }
  }

  /** Gives back what is left of a hold. `wasted` says that nothing came of what was spent. */
  release(id: string, at: number, wasted: boolean): void {
    const hold = this.holds.get(id)
    if (hold === undefined) return
    this.holds.delete(id)
    this.#unreserve(hold.accounts, openPart(hold))
    this.ended.set(id, { ...hold, released: { at, wasted } })
    if (this.ended.size > LIMITS.endedHolds) this.#forgetOldest()
    if (wasted) this.#waste(hold)
    for (const account of Object.keys(hold.settledIn)) this.#dropPast(account, at)
    for (const account of hold.accounts) this.#dropPast(account, at)
  }

  /** Reserves the open part of every live hold anew, in the accounts that `accountsOf` names. */
  rebind(accountsOf: (hold: HoldRow) => readonly string[], wanted: (hold: HoldRow) => boolean = () => true): void {
    for (const hold of this.holds.values()) {
      if (!wanted(hold)) continue
      const accounts = accountsOf(hold)
      const open = openPart(hold)
      this.#unreserve(hold.accounts, open)
      this.#reserve(accounts, open)
      this.holds.set(hold.id, { ...hold, accounts })
    }
  }

  /** Spending that came late under a hold brings no window back that was forgotten. */
  forgetPast(hold: string, at: number): void {
    for (const account of Object.keys(this.ended.get(hold)?.settledIn ?? {})) this.#dropPast(account, at)
  }

  /** A task that left memory takes its accounts along; what it cost is added to that of all that left before it. */
  forgetTask(task: string): void {
    for (const kind of HOLD_KINDS) {
      const id = taskAccount(kind, task)
      const row = this.accounts.get(id)
      this.accounts.delete(id)
      if (row === undefined || AMOUNT_FIELDS.every((field) => row.settled[field] === 0)) continue
      const archived = this.account(taskAccount('claim', ARCHIVED))
      this.accounts.set(archived.id, {
        ...archived,
        settled: add(archived.settled, row.settled),
        wastedNanos: addCounts(archived.wastedNanos, row.wastedNanos),
      })
    }
  }

  /** A row of a snapshot. */
  restoreAccount(row: AccountRow): void {
    this.accounts.set(row.id, row)
    this.#enterWindow(row)
  }

  /** The account to book in. With the first booking of a new window the one before it is forgotten. */
  #open(id: string): AccountRow {
    const known = this.accounts.get(id)
    if (known !== undefined) return known
    const row = this.account(id)
    const before = this.#enterWindow(row)
    if (before !== undefined) this.#dropEmpty(before)
    return row
  }

  /** Remembers the newest window of a scope and kind; answers with the account of the one that it replaces. */
  #enterWindow({ id, scope, window }: AccountRow): string | undefined {
    if (window === 'total' || scope === 'fabric') return undefined
    const key = accountId(scope, windowKindOf(window))
    const newest = this.#newest.get(key)
    if (newest !== undefined && newest >= id) return undefined
    this.#newest.set(key, id)
    return newest
  }

  #dropEmpty(id: string): void {
    const row = this.accounts.get(id)
    if (row !== undefined && AMOUNT_FIELDS.every((field) => row.held[field] === 0)) this.accounts.delete(id)
  }

  #live(id: string): HoldRow {
    const hold = this.holds.get(id)
    assertInvariant(hold !== undefined, `the hold ${id} is not live`)
    return hold
  }

  #reserve(accounts: readonly string[], amount: Amount): void {
    for (const id of accounts) {
      const row = this.#open(id)
      this.accounts.set(id, withHeld(row, add(row.held, amount)))
    }
  }

  #unreserve(accounts: readonly string[], amount: Amount): void {
    for (const id of accounts) {
      const row = this.account(id)
      assertInvariant(row.held.nanos >= amount.nanos, `more is given back to ${id} than was held`)
      this.accounts.set(id, withHeld(row, remainder(row.held, amount)))
    }
  }

  #waste({ settledIn }: HoldRow): void {
    for (const [id, nanos] of Object.entries(settledIn)) {
      const row = this.account(id)
      this.accounts.set(id, { ...row, wastedNanos: addCounts(row.wastedNanos, nanos) })
    }
  }

  /** Past windows of boards and swarms are forgotten once nothing is held in them; the days of the fabric are history. */
  #dropPast(id: string, at: number): void {
    const row = this.accounts.get(id)
    if (row === undefined || row.window === 'total' || row.scope === 'fabric') return
    if (row.window === windowOf(windowKindOf(row.window), at)) return
    this.#dropEmpty(id)
  }

  #forgetOldest(): void {
    for (const id of this.ended.keys()) {
      this.ended.delete(id)
      return
    }
  }
}

const NOWHERE: HoldRow['settledIn'] = {}
const NONE: readonly string[] = []

/** Written out, as each claim makes one: a spread costs several times as much. */
function newHold({ id, kind, task, board, swarm, epoch, at, amount }: NewHold, accounts: readonly string[]): HoldRow {
  const spent = { settled: NOTHING, settledIn: NOWHERE, reports: NONE, warned: false }
  if (board === undefined) return { id, kind, task, swarm, epoch, at, amount, accounts, ...spent }
  return { id, kind, task, board, swarm, epoch, at, amount, accounts, ...spent }
}

/** The same, for the six accounts or so of each claim. */
function withHeld(row: AccountRow, held: Amount): AccountRow {
  const { id, scope, window, settled, wastedNanos, extendedNanos, frozenAt } = row
  if (frozenAt === undefined) return { id, scope, window, settled, held, wastedNanos, extendedNanos }
  return { id, scope, window, settled, held, wastedNanos, extendedNanos, frozenAt }
}

/** What of a hold is not spent yet. */
export function openPart({ amount, settled }: HoldRow): Amount {
  return remainder(amount, settled)
}

/**
 * Accounts in which spending under a hold is booked: its task, its model, and all windows of the fabric, the board and
 * whoever spent it. The windows are those in which the hold was placed.
 */
export function* spendingAccounts(hold: HoldRow, spender: string, model: string | undefined): Generator<string> {
  yield taskAccount(hold.kind, hold.task)
  yield accountId(`model:${model ?? 'none'}`, 'total')
  for (const kind of WINDOW_KINDS) {
    const window = windowOf(kind, hold.at)
    yield accountId('fabric', window)
    yield accountId(`swarm:${spender}`, window)
    if (hold.board !== undefined) yield accountId(`board:${hold.board}`, window)
  }
}
