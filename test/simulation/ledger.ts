/** The part of an event that the audits read. */
export interface Event {
  readonly id: string
  readonly type: string
  readonly subject: string
  readonly time: string
  readonly actor: string
  readonly data: Record<string, unknown> & { readonly swarm: string; readonly epoch: number; readonly task: string }
}

export type Hold = (condition: boolean, event: Event, rule: string) => void

const FIELDS = ['nanos', 'inputTokens', 'outputTokens', 'cachedTokens'] as const
type Amount = Record<(typeof FIELDS)[number], number>
type Limit = Partial<Amount>
type Windows = Partial<Record<Kind, Limit>>
const KINDS = ['total', 'day', 'week', 'month'] as const
type Kind = (typeof KINDS)[number]

/** What of a policy the audit reads, and what is in force before the log names one. */
export interface Policy {
  readonly maxSwarmsPerTask: number
  readonly maxCostPerTaskNanos?: number
  readonly minCapabilityMatch: number
  readonly minReputation: number
  readonly capabilityRules: Readonly<
    Record<string, { grantedOnly?: boolean; minimumReputation?: number; maxCostNanos?: number }>
  >
  readonly budgets: { fabric: Windows; boards: Record<string, Windows>; swarms: Record<string, Windows> }
}

export const BUILT_IN: Policy = {
  maxSwarmsPerTask: 3,
  maxCostPerTaskNanos: 10_000_000_000,
  minCapabilityMatch: 0.7,
  minReputation: 0,
  capabilityRules: {},
  budgets: { fabric: {}, boards: {}, swarms: {} },
}

export function ruleFor({ capabilityRules }: Policy, name: string) {
  return capabilityRules[name] ?? capabilityRules[`${name.split(':')[0]}:*`]
}

interface Task {
  readonly board?: string
  readonly requires: readonly string[]
  readonly maxCostNanos?: number
}

interface Placed {
  readonly kind: 'claim' | 'help'
  readonly task: string
  readonly board: string | undefined
  readonly swarm: string
  readonly at: number
  /** Accounts in which it would be held if they had a limit. */
  readonly accounts: ReadonlySet<string>
  /** Those that had one when it was placed, or when the policy or the profile of its swarm last changed. */
  bound: ReadonlySet<string>
  amount: Amount
  settled: Amount
  released: boolean
}

const NOTHING: Amount = { nanos: 0, inputTokens: 0, outputTokens: 0, cachedTokens: 0 }

/**
 * The books, from the entries alone: which limits there are, what is held and what is spent is worked out anew at each
 * question. Fails at the first hold that exceeds a limit, and at spending that is not answered as the rules say.
 */
export class Ledger {
  readonly #require: Hold
  #policy = BUILT_IN
  readonly #budgets = new Map<string, number | undefined>()
  readonly #tasks = new Map<string, Task>()
  readonly #claims = new Map<string, number>()
  readonly #holds = new Map<string, Placed>()
  readonly #live = new Set<Placed>()
  readonly #reports = new Set<string>()
  readonly #settled = new Map<string, Amount>()
  readonly #extended = new Map<string, number>()
  readonly #frozen = new Set<string>()
  /** Open blocker -> its task, and the hold that its helpers spend from. */
  readonly #blockers = new Map<string, { readonly task: string; hold?: string }>()
  /** Accounts that have to be frozen now, and others that may be. */
  readonly #mustFreeze = new Set<string>()
  readonly #mayFreeze = new Set<string>()

  constructor(require: Hold) {
    this.#require = require
  }

  follow(name: string, event: Event): void {
    if (name === 'budget_frozen') this.#freeze(event)
    else this.#endFreezing(event)
    const { subject, data } = event
    switch (name) {
      case 'policy_applied':
        this.#policy = data.policy as Policy
        this.#bind(() => true)
        break
      case 'swarm_registered':
        if (this.#budgets.get(subject) === data.budgetNanos) break
        this.#budgets.set(subject, data.budgetNanos as number | undefined)
        this.#bind(({ swarm }) => swarm === subject)
        break
      case 'task_created':
      case 'task_updated':
        this.#tasks.set(subject, data as unknown as Task)
        break
      case 'task_archived':
        this.#tasks.delete(subject)
        for (const kind of ['task', 'help']) this.#settled.delete(`${kind}:${subject}/total`)
        break
      case 'task_claimed':
        this.#claims.set(subject, Number(event.id))
        this.#place(`claim-${event.id}`, 'claim', subject, data.swarm, event)
        break
      case 'task_released':
      case 'task_attempt_failed':
      case 'task_completed':
      case 'task_cancelled':
        this.#release(`claim-${this.#claims.get(subject)}`)
        this.#claims.delete(subject)
        break
      default:
        this.#followSpending(name, event)
    }
  }

  #followSpending(name: string, event: Event): void {
    const { subject, data } = event
    switch (name) {
      case 'blocker_raised':
        this.#blockers.set(subject, { task: data.task })
        break
      case 'help_requested':
        this.#requestHelp(event)
        break
      case 'blocker_resolved': {
        const hold = this.#blockers.get(subject)?.hold
        this.#blockers.delete(subject)
        const others = [...this.#blockers.values()].some((other) => other.hold === hold)
        if (hold !== undefined && !others) this.#release(hold)
        break
      }
      case 'usage_reported':
        this.#settle(event)
        break
      case 'budget_extended':
        this.#extend(event)
        break
    }
  }

  #requestHelp(event: Event): void {
    const { subject, data } = event
    const blocker = this.#blockers.get(subject)
    if (blocker === undefined) return
    const shared = [...this.#blockers.values()].find(({ task, hold }) => task === data.task && hold !== undefined)
    if (shared?.hold !== undefined) {
      this.#require(data.hold === undefined, event, 'blockers of one claim share one hold')
      blocker.hold = shared.hold
      return
    }
    this.#place(subject, 'help', data.task, '', event)
    if (data.hold !== undefined) blocker.hold = subject
  }

  /** Rule 3 and the costs of rule 5: what is held is held in each account with a limit, and fits in each. */
  #place(id: string, kind: 'claim' | 'help', task: string, swarm: string, event: Event): void {
    const hold = event.data.hold as { amount: Amount; accounts: string[] } | undefined
    const placed = this.#newHold(kind, task, swarm, event)
    const limited = this.#limitedAccounts(placed)
    placed.bound = new Set(limited)
    const accounts = hold?.accounts ?? []
    this.#require(sameSet(accounts, limited), event, `what is held is held in ${limited}`)
    if (hold === undefined) return
    this.#require(
      FIELDS.every((field) => isCount(hold.amount[field])),
      event,
      'what is held is a sum',
    )
    placed.amount = hold.amount
    this.#holds.set(id, placed)
    this.#live.add(placed)
    for (const account of accounts) {
      this.#require(!this.#frozen.has(account), event, `nothing is held in the frozen ${account}`)
      const beyond = this.#beyond(account)
      this.#require(beyond === undefined, event, `${account} has room: ${beyond}`)
    }
  }

  #newHold(kind: Placed['kind'], task: string, swarm: string, event: Event): Placed {
    const { board } = this.#tasks.get(task) ?? {}
    const at = Date.parse(event.time)
    const scopes = [
      'fabric',
      ...(board === undefined ? [] : [`board:${board}`]),
      ...(kind === 'claim' ? [`swarm:${swarm}`] : []),
    ]
    const own = `${kind === 'claim' ? 'task' : 'help'}:${task}/total`
    const accounts = new Set([own, ...scopes.flatMap((scope) => KINDS.map((one) => `${scope}/${windowOf(one, at)}`))])
    return {
      kind,
      task,
      board,
      swarm,
      at,
      accounts,
      bound: new Set(),
      amount: NOTHING,
      settled: NOTHING,
      released: false,
    }
  }

  #bind(wanted: (hold: Placed) => boolean): void {
    for (const hold of this.#live) if (wanted(hold)) hold.bound = new Set(this.#limitedAccounts(hold))
  }

  #release(id: string): void {
    const hold = this.#holds.get(id)
    if (hold === undefined) return
    hold.released = true
    this.#live.delete(hold)
  }

  #settle(event: Event): void {
    const { data, subject } = event
    const amount = data as unknown as Amount
    this.#require(
      FIELDS.every((field) => isCount(amount[field])),
      event,
      'what is spent is a sum',
    )
    const report = `${data.hold} ${data.epoch} ${data.report}`
    this.#require(!this.#reports.has(report), event, 'a report is booked once')
    this.#reports.add(report)
    const hold = this.#spendingHold(event)
    this.#require(data.late === hold.released, event, 'what comes after the end is late')
    const open = hold.released ? NOTHING : openPart(hold)
    const unreserved = map((field) => Math.max(0, amount[field] - open[field]))
    hold.settled = sum(hold.settled, amount)
    const own = `${hold.kind === 'claim' ? 'task' : 'help'}:${subject}/total`
    const scopes = ['fabric', `swarm:${data.swarm}`, ...(hold.board === undefined ? [] : [`board:${hold.board}`])]
    const booked = [own, ...scopes.flatMap((scope) => KINDS.map((kind) => `${scope}/${windowOf(kind, hold.at)}`))]
    const now = Date.parse(event.time)
    for (const account of booked) {
      this.#settled.set(account, sum(this.#settled.get(account) ?? NOTHING, amount))
      const current = isCurrent(account, now)
      if (this.#limitOf(account) === undefined || (current && this.#frozen.has(account))) continue
      const beyondHold = account === own && !hold.released && hold.amount.nanos > 0
      const overdrawn = beyondHold && hold.settled.nanos > hold.amount.nanos
      // What was held is no overspending, also where a limit was lowered under it.
      const fields = hold.bound.has(account) ? unreserved : amount
      const beyond = this.#beyond(
        account,
        FIELDS.filter((field) => fields[field] > 0),
      )
      if (!overdrawn && beyond === undefined) continue
      // Windows that are over may have been forgotten, and that they were frozen with them.
      if (current) this.#mustFreeze.add(account)
      else this.#mayFreeze.add(account)
    }
  }

  #spendingHold(event: Event): Placed {
    const { subject, data } = event
    const id = data.hold as string
    const known = this.#holds.get(id)
    if (known !== undefined) return known
    const kind = id.startsWith('claim-') ? 'claim' : 'help'
    const blocker = this.#blockers.get(id)
    const released = kind === 'help' ? blocker === undefined : this.#claims.get(subject) !== data.epoch
    const placed = this.#newHold(kind, subject, data.swarm, event)
    placed.released = released
    this.#holds.set(id, placed)
    if (!released) this.#live.add(placed)
    if (blocker !== undefined) blocker.hold = id
    return placed
  }

  #endFreezing(event: Event): void {
    this.#require(this.#mustFreeze.size === 0, event, `${[...this.#mustFreeze]} is overdrawn and gets frozen`)
    this.#mayFreeze.clear()
  }

  #freeze(event: Event): void {
    const { subject } = event
    const due = this.#mustFreeze.delete(subject) || this.#mayFreeze.delete(subject)
    this.#require(due, event, 'only what is overdrawn is frozen')
    this.#frozen.add(subject)
  }

  #extend(event: Event): void {
    const { subject, data } = event
    const nanos = data.nanos as number
    this.#require(isCount(nanos) && !event.actor.startsWith('swarm:'), event, 'a person extends a budget')
    this.#extended.set(subject, (this.#extended.get(subject) ?? 0) + nanos)
    if (data.frozen !== true) this.#frozen.delete(subject)
    const hold = this.#holds.get(data.hold as string)
    if (hold === undefined) return
    const before = openPart(hold).nanos
    hold.amount = sum(hold.amount, { ...NOTHING, nanos: (data.holdNanos as number | undefined) ?? nanos })
    if (openPart(hold).nanos <= before) return
    for (const account of hold.bound) {
      const beyond = this.#beyond(account, ['nanos'])
      this.#require(beyond === undefined, event, `${account} has room for the larger hold: ${beyond}`)
    }
  }

  /** What there is more of than the limit of an account allows. */
  #beyond(account: string, fields: readonly (keyof Amount)[] = FIELDS): string | undefined {
    const limit = this.#limitOf(account) ?? {}
    const settled = this.#settled.get(account) ?? NOTHING
    let held = NOTHING
    for (const hold of this.#live) if (hold.bound.has(account)) held = sum(held, openPart(hold))
    const field = fields.find((name) => settled[name] + held[name] > (limit[name] ?? Number.MAX_SAFE_INTEGER))
    return field && `${settled[field]} + ${held[field]} > ${limit[field]} ${field}`
  }

  #limitedAccounts({ accounts }: Placed): string[] {
    return [...accounts].filter((account) => this.#limitOf(account) !== undefined)
  }

  #limitOf(account: string): Limit | undefined {
    const [scope = '', window = ''] = splitLast(account, '/')
    const limit = this.#baseLimit(scope, window.split(':')[0] as Kind)
    if (limit?.nanos === undefined) return limit
    return { ...limit, nanos: limit.nanos + (this.#extended.get(account) ?? 0) }
  }

  #baseLimit(scope: string, kind: Kind): Limit | undefined {
    const { budgets, maxCostPerTaskNanos } = this.#policy
    const id = scope.slice(scope.indexOf(':') + 1)
    if (scope === 'fabric') return budgets.fabric[kind]
    if (scope.startsWith('board:')) return (budgets.boards[id] ?? budgets.boards['*'])?.[kind]
    if (scope.startsWith('help:')) return inNanos(maxCostPerTaskNanos)
    if (scope.startsWith('task:')) return this.#taskLimit(id)
    const limit = (budgets.swarms[id] ?? budgets.swarms['*'])?.[kind]
    const own = kind === 'total' ? this.#budgets.get(id) : undefined
    return own === undefined ? limit : { ...limit, nanos: Math.min(own, limit?.nanos ?? own) }
  }

  #taskLimit(id: string): Limit | undefined {
    const task = this.#tasks.get(id)
    if (task === undefined) return undefined
    const rules = task.requires.map((name) => ruleFor(this.#policy, name)?.maxCostNanos)
    const caps = [this.#policy.maxCostPerTaskNanos, task.maxCostNanos, ...rules].flatMap((cap) => cap ?? [])
    return caps.length === 0 ? undefined : { nanos: Math.min(...caps) }
  }
}

function inNanos(nanos: number | undefined): Limit | undefined {
  return nanos === undefined ? undefined : { nanos }
}

function openPart({ amount, settled }: Placed): Amount {
  return map((field) => Math.max(0, amount[field] - settled[field]))
}

function sum(a: Amount, b: Amount): Amount {
  return map((field) => a[field] + b[field])
}

function map(partOf: (field: (typeof FIELDS)[number]) => number): Amount {
  return Object.fromEntries(FIELDS.map((field) => [field, partOf(field)])) as Amount
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && new Set([...a, ...b]).size === a.length
}

function splitLast(text: string, mark: string): [string, string] {
  const at = text.lastIndexOf(mark)
  return [text.slice(0, at), text.slice(at + 1)]
}

function isCurrent(account: string, now: number): boolean {
  const [, window] = splitLast(account, '/')
  return window === windowOf(window.split(':')[0] as Kind, now)
}

const windows = new Map<string, string>()

function windowOf(kind: Kind, at: number): string {
  if (kind === 'total') return kind
  const date = new Date(at).toISOString().slice(0, 10)
  if (kind === 'day') return `day:${date}`
  if (kind === 'month') return `month:${date.slice(0, 7)}`
  const known = windows.get(date)
  if (known !== undefined) return known
  const window = weekOf(date)
  windows.set(date, window)
  return window
}

/** ISO 8601: the first week of a year is the one with its fourth of January. */
function weekOf(date: string): string {
  const dayMs = 86_400_000
  const monday = (at: number) => at - ((new Date(at).getUTCDay() + 6) % 7) * dayMs
  const own = monday(Date.parse(date))
  const firstOf = (year: number) => monday(Date.UTC(year, 0, 4))
  let year = new Date(own).getUTCFullYear() + 1
  while (firstOf(year) > own) year -= 1
  return `week:${year}-W${String(1 + Math.round((own - firstOf(year)) / (7 * dayMs))).padStart(2, '0')}`
}
