import type { CoordinatorEntry, Hold } from '../../src/coordinator/entries.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../../src/governor/policy/policy.js'

/** An entry as far as the books are concerned; what is not known is passed over. */
export type LedgerEntry = Pick<CoordinatorEntry, 'type' | 'subject' | 'data' | 'at' | 'index'>

const FIELDS = ['nanos', 'inputTokens', 'outputTokens', 'cachedTokens'] as const
type Sum = Record<(typeof FIELDS)[number], number>
type Limits = GovernorPolicy['budgets']['fabric']

export interface Account {
  settled: Sum
  wasted: number
  extended: number
  frozen: boolean
}

interface HeldAmount {
  readonly kind: 'claim' | 'help'
  readonly task: string
  readonly board: string | undefined
  readonly swarm: string
  readonly at: number
  amount: Sum
  settled: Sum
  /** What was booked where, so that it can be called wasted there. */
  readonly booked: Map<string, number>
  accounts: readonly string[]
  ended: boolean
  wasted: boolean
}

interface Task {
  board?: string
  maxCostNanos?: number
  requires: readonly string[]
}

/**
 * The books as the log alone tells them, in another way than the product keeps them: nothing is carried forward, `held`
 * is summed up whenever somebody asks. Throws at the first hold that is larger than a limit allows.
 */
export class Ledger {
  readonly accounts = new Map<string, Account>()
  readonly holds = new Map<string, HeldAmount>()
  policy: GovernorPolicy
  readonly #tasks = new Map<string, Task>()
  readonly #budgets = new Map<string, number | undefined>()
  /** Task -> hold of its live claim. */
  readonly #claims = new Map<string, string>()
  /** Blocker that is not resolved -> its task and the hold that its helpers spend from. */
  readonly #blockers = new Map<string, { task: string; swarm: string; hold?: string }>()

  constructor(policy: GovernorPolicy = DEFAULT_GOVERNOR_POLICY) {
    this.policy = policy
  }

  read(entry: LedgerEntry): void {
    const { type, subject, data } = entry as CoordinatorEntry
    switch (type) {
      case 'task_created':
      case 'task_updated':
        this.#tasks.set(subject, data)
        return
      case 'swarm_registered':
        if (this.#budgets.get(subject) === data.budgetNanos) return
        this.#budgets.set(subject, data.budgetNanos)
        this.#rebind(({ swarm }) => swarm === subject)
        return
      case 'policy_applied':
        this.policy = data.policy
        this.#rebind()
        return
      case 'task_claimed':
        this.#claims.set(subject, `claim-${entry.index}`)
        this.#place(`claim-${entry.index}`, 'claim', subject, data.swarm, data.hold, entry.at)
        return
      case 'task_completed':
        this.#endClaim(subject, false)
        return
      case 'task_released':
      case 'task_attempt_failed':
      case 'task_cancelled':
        this.#endClaim(subject, true)
        return
      case 'usage_reported':
        this.#spend(subject, data, entry.at)
        return
      case 'budget_extended':
        this.#extend(subject, data)
        return
      case 'budget_frozen':
        this.#account(subject).frozen = true
        return
      case 'task_archived':
        this.#tasks.delete(subject)
        this.#forget(subject)
        return
      default:
        this.#readBlocker(entry as CoordinatorEntry)
    }
  }

  /** What a task that left memory cost is in the accounts of others only. */
  #forget(task: string): void {
    this.accounts.delete(`task:${task}/total`)
    this.accounts.delete(`help:${task}/total`)
  }

  #readBlocker({ type, subject, data, at }: CoordinatorEntry): void {
    if (type === 'blocker_raised') this.#blockers.set(subject, { task: data.task, swarm: data.swarm })
    const blocker = this.#blockers.get(subject)
    if (blocker === undefined) return
    if (type === 'help_requested') {
      if (data.hold !== undefined) this.#place(subject, 'help', blocker.task, blocker.swarm, data.hold, at)
      const others = [...this.#blockers.values()].filter(({ task }) => task === blocker.task)
      const hold = data.hold === undefined ? (blocker.hold ?? others.find((one) => one.hold)?.hold) : subject
      if (hold !== undefined) blocker.hold = hold
    } else if (type === 'blocker_resolved') {
      this.#blockers.delete(subject)
      const { hold } = blocker
      const isShared = [...this.#blockers.values()].some((other) => other.hold === hold)
      if (hold !== undefined && !isShared && data.cause !== 'claim_ended') this.#end(hold, false)
    }
  }

  #place(id: string, kind: 'claim' | 'help', task: string, swarm: string, hold: Hold | undefined, at: number): void {
    const amount = { ...nothing(), ...hold?.amount }
    const { board } = this.#tasks.get(task) ?? {}
    const about = { kind, task, board, swarm, at, settled: nothing(), booked: new Map<string, number>() }
    const placed: HeldAmount = { ...about, amount, accounts: [], ended: false, wasted: false }
    const wanted = this.limitedAccounts(placed)
    if (hold === undefined) {
      if (wanted.length > 0) throw new Error(`${id} holds nothing although ${wanted.join(', ')} have limits`)
      return
    }
    const named = [...hold.accounts].sort()
    if (named.join() !== wanted.join()) throw new Error(`${id} is held in ${named}, and limited in ${wanted}`)
    placed.accounts = wanted
    this.holds.set(id, placed)
    this.#requireRoom(id, placed)
  }

  /** Rule 3, at the moment of a hold. */
  #requireRoom(id: string, { accounts }: HeldAmount): void {
    for (const account of accounts) {
      const row = this.#account(account)
      if (row.frozen) throw new Error(`${id} is held in ${account}, which is frozen`)
      const limit = this.limitOf(account)
      const held = this.held(account)
      for (const field of FIELDS) {
        const most = limit?.[field]
        if (most === undefined) continue
        const sum = row.settled[field] + held[field]
        if (sum > most) throw new Error(`${id} makes ${sum} ${field} in ${account}, of ${most}`)
      }
    }
  }

  #spend(task: string, data: Extract<CoordinatorEntry, { type: 'usage_reported' }>['data'], at: number): void {
    const hold = this.holds.get(data.hold) ?? this.#unheld(data.hold, task, data.swarm, at)
    const windows = ['total', ...windowsAt(hold.at)]
    const scopes = ['fabric', `swarm:${data.swarm}`, ...(hold.board === undefined ? [] : [`board:${hold.board}`])]
    const booked = scopes.flatMap((scope) => windows.map((window) => `${scope}/${window}`))
    const own = `${hold.kind === 'claim' ? 'task' : 'help'}:${hold.task}/total`
    for (const account of [own, `model:${data.model ?? 'none'}/total`, ...booked]) {
      const row = this.#account(account)
      addTo(row.settled, data)
      if (hold.ended && hold.wasted) row.wasted += data.nanos
      hold.booked.set(account, (hold.booked.get(account) ?? 0) + data.nanos)
    }
    addTo(hold.settled, data)
    if (!this.#tasks.has(task)) this.#forget(task)
  }

  /** Spending of a claim, or of a helper, that needed no hold. */
  #unheld(id: string, task: string, swarm: string, at: number): HeldAmount {
    const kind = id.startsWith('claim-') ? 'claim' : 'help'
    const { board } = this.#tasks.get(task) ?? {}
    const sums = { amount: nothing(), settled: nothing(), booked: new Map<string, number>() }
    const hold: HeldAmount = { kind, task, board, swarm, at, ...sums, accounts: [], ended: false, wasted: false }
    this.holds.set(id, hold)
    const blocker = this.#blockers.get(id)
    if (blocker !== undefined) blocker.hold = id
    else if (kind === 'help') hold.ended = true
    return hold
  }

  #extend(account: string, data: Extract<CoordinatorEntry, { type: 'budget_extended' }>['data']): void {
    const row = this.#account(account)
    row.extended += data.nanos
    row.frozen = data.frozen ?? false
    const hold = data.hold === undefined ? undefined : this.holds.get(data.hold)
    if (hold === undefined || data.hold === undefined) return
    const open = Math.max(0, hold.amount.nanos - hold.settled.nanos)
    hold.amount.nanos += data.holdNanos ?? data.nanos
    // What it grows by for what was overspent reserves nothing.
    if (hold.amount.nanos - hold.settled.nanos > open) this.#requireRoom(data.hold, hold)
  }

  #endClaim(task: string, wasted: boolean): void {
    const hold = this.#claims.get(task)
    this.#claims.delete(task)
    if (hold !== undefined) this.#end(hold, wasted)
    for (const [id, help] of this.holds) {
      if (help.kind === 'help' && help.task === task && !help.ended) this.#end(id, wasted)
    }
  }

  #end(id: string, wasted: boolean): void {
    const hold = this.holds.get(id)
    if (hold === undefined) return
    if (hold.ended) throw new Error(`${id} ends twice`)
    hold.ended = true
    hold.wasted = wasted
    if (wasted) for (const [account, nanos] of hold.booked) this.#account(account).wasted += nanos
  }

  #rebind(wanted: (hold: HeldAmount) => boolean = () => true): void {
    for (const hold of this.holds.values()) {
      if (!hold.ended && wanted(hold)) hold.accounts = this.limitedAccounts(hold)
    }
  }

  /** What live holds have reserved in an account and not spent. */
  held(account: string): Sum {
    const sum = nothing()
    for (const { accounts, amount, settled, ended } of this.holds.values()) {
      if (ended || !accounts.includes(account)) continue
      for (const field of FIELDS) sum[field] += Math.max(0, amount[field] - settled[field])
    }
    return sum
  }

  /** Accounts with a limit in which a hold of this kind has to be, sorted. */
  limitedAccounts({ kind, task, board, swarm, at }: HeldAmount): string[] {
    const { fabric } = this.policy.budgets
    const accounts = windowAccounts('fabric', fabric, at)
    if (board !== undefined) accounts.push(...windowAccounts(`board:${board}`, this.#boardLimits(board), at))
    if (kind === 'claim') accounts.push(...windowAccounts(`swarm:${swarm}`, this.#swarmLimits(swarm), at))
    const own = kind === 'claim' ? this.#taskCap(task) : this.policy.maxCostPerTaskNanos
    if (own !== undefined) accounts.push(`${kind === 'claim' ? 'task' : 'help'}:${task}/total`)
    return accounts.sort()
  }

  limitOf(account: string): Partial<Sum> | undefined {
    const [scope = '', window = ''] = account.split('/')
    const [kind = '', id = ''] = [scope.slice(0, `${scope}:`.indexOf(':')), scope.slice(scope.indexOf(':') + 1)]
    const windowKind = window.slice(0, `${window}:`.indexOf(':')) as keyof Limits
    const extended = this.#account(account).extended
    const limit = this.#plainLimit(kind, id, windowKind)
    return limit?.nanos === undefined ? limit : { ...limit, nanos: limit.nanos + extended }
  }

  #plainLimit(kind: string, id: string, window: keyof Limits): Partial<Sum> | undefined {
    if (kind === 'fabric') return this.policy.budgets.fabric[window]
    if (kind === 'board') return this.#boardLimits(id)[window]
    if (kind === 'swarm') return this.#swarmLimits(id)[window]
    const nanos = kind === 'task' ? this.#taskCap(id) : kind === 'help' ? this.policy.maxCostPerTaskNanos : undefined
    return nanos === undefined ? undefined : { nanos }
  }

  #boardLimits(board: string): Limits {
    const { boards } = this.policy.budgets
    return boards[board] ?? boards['*'] ?? {}
  }

  #swarmLimits(swarm: string): Limits {
    const { swarms } = this.policy.budgets
    const limits = swarms[swarm] ?? swarms['*'] ?? {}
    const own = this.#budgets.get(swarm)
    if (own === undefined) return limits
    return { ...limits, total: { ...limits.total, nanos: Math.min(own, limits.total?.nanos ?? own) } }
  }

  #taskCap(id: string): number | undefined {
    const { maxCostNanos, requires = [] } = this.#tasks.get(id) ?? {}
    const rules = requires.map((name) => this.policy.capabilityRules[name]?.maxCostNanos)
    const caps = [this.policy.maxCostPerTaskNanos, maxCostNanos, ...rules].filter((cap) => cap !== undefined)
    return caps.length === 0 ? undefined : Math.min(...caps)
  }

  #account(id: string): Account {
    const known = this.accounts.get(id)
    if (known !== undefined) return known
    const row: Account = { settled: nothing(), wasted: 0, extended: 0, frozen: false }
    this.accounts.set(id, row)
    return row
  }
}

function nothing(): Sum {
  return { nanos: 0, inputTokens: 0, outputTokens: 0, cachedTokens: 0 }
}

function addTo(sum: Sum, more: Sum): void {
  for (const field of FIELDS) sum[field] += more[field]
}

function windowAccounts(scope: string, limits: Limits, at: number): string[] {
  const [day, week, month] = windowsAt(at)
  const names = { total: 'total', day, week, month } as const
  return Object.keys(limits).map((kind) => `${scope}/${names[kind as keyof Limits]}`)
}

/** Day, week and month of a moment, by the calendar of `Date`. */
function windowsAt(at: number): string[] {
  const iso = new Date(at).toISOString()
  const thursday = new Date(at)
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7))
  const year = thursday.getUTCFullYear()
  const week = Math.ceil(((thursday.getTime() - Date.UTC(year, 0, 1)) / 86_400_000 + 1) / 7)
  return [`day:${iso.slice(0, 10)}`, `week:${year}-W${String(week).padStart(2, '0')}`, `month:${iso.slice(0, 7)}`]
}

/** Whether the product keeps this account for good: past windows of swarms and boards it forgets. */
export function isKept(account: string, now: number): boolean {
  const [scope, window = ''] = account.split('/')
  return scope === 'fabric' || window === 'total' || windowsAt(now).includes(window)
}
