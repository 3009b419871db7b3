import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Books, openPart } from '../../../src/governor/budget/books.js'
import { type LimitSource, limitOf } from '../../../src/governor/budget/limits.js'
import { isExhausted, reserveForClaim, reserveForHelp } from '../../../src/governor/budget/reserve.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../../../src/governor/policy/policy.js'
import type { HoldRow } from '../../../src/model/budget.js'
import type { SwarmRow } from '../../../src/model/swarm.js'
import { DAY_MS } from '../../../src/model/time.js'
import { makeTask } from '../../../src/testing/factories.js'

const DOLLAR = 1_000_000_000
const NOON = Date.UTC(2026, 10, 25, 12)
const money = (nanos: number) => ({ nanos, inputTokens: 0, outputTokens: 0, cachedTokens: 0 })

function swarm(id: string, changes: Partial<SwarmRow> = {}): SwarmRow {
  return { id, state: 'active', capabilities: [], capacity: 9, metadata: {}, registeredAt: 0, ...changes }
}

/** Books with everything that limits them. */
class Office implements LimitSource {
  readonly books = new Books()
  readonly swarms = new Map<string, SwarmRow>()
  readonly tasks = new Map<string, ReturnType<typeof makeTask>>()
  policy: GovernorPolicy

  constructor(changes: Partial<GovernorPolicy> = {}) {
    this.policy = { ...DEFAULT_GOVERNOR_POLICY, ...changes }
  }

  swarm(id: string) {
    return this.swarms.get(id)
  }

  task(id: string) {
    return this.tasks.get(id)
  }

  /** Places the hold of a claim, or says why there is none. */
  claim(epoch: number, task: ReturnType<typeof makeTask>, worker: SwarmRow, at = NOON): string | undefined {
    this.tasks.set(task.id, task)
    this.swarms.set(worker.id, worker)
    const result = reserveForClaim(this.books, this, task, worker, at)
    if ('shortage' in result) return result.shortage().code
    const board = task.board === undefined ? {} : { board: task.board }
    const about = { task: task.id, ...board, swarm: worker.id, epoch, at }
    this.books.place({ id: `claim-${epoch}`, kind: 'claim', ...about, amount: result.amount }, result.accounts)
    return undefined
  }

  spend(epoch: number, nanos: number, report = `r${epoch}-${nanos}`): void {
    this.books.settle({ hold: `claim-${epoch}`, report, swarm: 'a', amount: money(nanos) })
  }
}

describe('the hold of a claim', () => {
  test('is the most that its task may still cost', () => {
    const office = new Office()
    office.claim(1, makeTask('t', { maxCostNanos: 4 * DOLLAR }), swarm('a'))
    expect(office.books.holds.get('claim-1')?.amount.nanos).toBe(4 * DOLLAR)
    office.spend(1, DOLLAR)
    office.books.release('claim-1', NOON, true)
    office.claim(2, makeTask('t', { maxCostNanos: 4 * DOLLAR }), swarm('a'))
    expect(office.books.holds.get('claim-2')?.amount.nanos).toBe(3 * DOLLAR)
  })

  test('is refused where a task may cost more than the policy lets it', () => {
    const office = new Office()
    expect(office.claim(1, makeTask('t', { maxCostNanos: 11 * DOLLAR }), swarm('a'))).toBe('POLICY_VIOLATION')
  })

  test('is placed in every scope or in none', () => {
    const budgets = {
      ...DEFAULT_GOVERNOR_POLICY.budgets,
      fabric: { total: { nanos: 100 * DOLLAR } },
      boards: { b: { total: { nanos: 5 * DOLLAR } } },
    }
    const office = new Office({ budgets })
    expect(office.claim(1, makeTask('t', { board: 'b' }), swarm('a'))).toBe('BUDGET_EXCEEDED')
    expect([...office.books.accounts.keys()]).toEqual([])
    expect(office.claim(2, makeTask('u', { board: 'b', maxCostNanos: 5 * DOLLAR }), swarm('a'))).toBeUndefined()
    expect(office.books.account('fabric/total').held.nanos).toBe(5 * DOLLAR)
    expect(office.books.account('board:b/total').held.nanos).toBe(5 * DOLLAR)
    expect(office.books.account('task:u/total').held.nanos).toBe(5 * DOLLAR)
  })

  test('has a room for each window, and a new day is a new room', () => {
    const budgets = { ...DEFAULT_GOVERNOR_POLICY.budgets, swarms: { '*': { day: { nanos: 10 * DOLLAR } } } }
    const office = new Office({ budgets })
    expect(office.claim(1, makeTask('t'), swarm('a'))).toBeUndefined()
    expect(office.claim(2, makeTask('u'), swarm('a'))).toBe('BUDGET_EXCEEDED')
    expect(office.claim(3, makeTask('u'), swarm('b'))).toBeUndefined()
    expect(office.claim(4, makeTask('v'), swarm('a'), NOON + DAY_MS)).toBeUndefined()
    office.spend(1, DOLLAR)
    expect(office.books.account('swarm:a/day:2026-11-25').settled.nanos).toBe(DOLLAR)
    expect(office.books.account('swarm:a/day:2026-11-26').held.nanos).toBe(10 * DOLLAR)
  })

  test('takes the smaller of what the policy and the profile of a swarm allow', () => {
    const budgets = { ...DEFAULT_GOVERNOR_POLICY.budgets, swarms: { a: { total: { nanos: 50 * DOLLAR } } } }
    const office = new Office({ budgets })
    expect(office.claim(1, makeTask('t'), swarm('a', { budgetNanos: 9 * DOLLAR }))).toBe('BUDGET_EXCEEDED')
    expect(office.claim(2, makeTask('t'), swarm('a', { budgetNanos: 10 * DOLLAR }))).toBeUndefined()
  })

  test('reserves tokens where tokens are limited', () => {
    const budgets = {
      ...DEFAULT_GOVERNOR_POLICY.budgets,
      fabric: { total: { outputTokens: 2_500 } },
      holdTokens: { inputTokens: 0, outputTokens: 1_000, cachedTokens: 0 },
    }
    const office = new Office({ budgets })
    expect([1, 2, 3].map((epoch) => office.claim(epoch, makeTask(`t${epoch}`), swarm('a')))).toEqual([
      undefined,
      undefined,
      'BUDGET_EXCEEDED',
    ])
  })

  test('is not there where nothing bounds a task, and refused where a scope is bounded', () => {
    const { maxCostPerTaskNanos: _, ...unbounded } = DEFAULT_GOVERNOR_POLICY
    const office = new Office()
    office.policy = unbounded
    expect(reserveForClaim(office.books, office, makeTask('t'), swarm('a'), NOON)).toMatchObject({ accounts: [] })
    office.policy = { ...unbounded, budgets: { ...unbounded.budgets, fabric: { total: { nanos: 1 } } } }
    expect(office.claim(1, makeTask('t'), swarm('a'))).toBe('BUDGET_EXCEEDED')
  })

  test('is refused in a frozen account, and for a task that has used everything up', () => {
    const office = new Office()
    const task = makeTask('t', { maxCostNanos: DOLLAR })
    office.claim(1, task, swarm('a'))
    office.spend(1, DOLLAR)
    office.books.release('claim-1', NOON, true)
    expect(isExhausted(office.books, office.policy, task)).toBe(true)
    expect(office.claim(2, task, swarm('a'))).toBe('BUDGET_EXCEEDED')
    const frozen = { ...office.books.account('task:u/total'), frozenAt: NOON }
    office.books.accounts.set(frozen.id, frozen)
    expect(office.claim(3, makeTask('u'), swarm('a'))).toBe('BUDGET_EXCEEDED')
  })
})

describe('spending', () => {
  test('is booked in full, also beyond the hold and after it has ended', () => {
    const office = new Office()
    office.claim(1, makeTask('t', { maxCostNanos: DOLLAR }), swarm('a'))
    office.spend(1, 3 * DOLLAR)
    expect(office.books.account('fabric/total').settled.nanos).toBe(3 * DOLLAR)
    expect(office.books.account('task:t/total').held.nanos).toBe(0)
    office.books.release('claim-1', NOON, false)
    office.spend(1, DOLLAR, 'late')
    expect(office.books.account('swarm:a/total').settled.nanos).toBe(4 * DOLLAR)
    expect(office.books.account('swarm:a/total').wastedNanos).toBe(0)
  })

  test('of a claim without a result is wasted, what comes late too', () => {
    const office = new Office()
    office.claim(1, makeTask('t'), swarm('a'))
    office.spend(1, DOLLAR)
    office.books.release('claim-1', NOON, true)
    office.spend(1, 2 * DOLLAR, 'late')
    for (const account of ['fabric/total', 'swarm:a/total', 'task:t/total', 'model:none/total']) {
      expect(office.books.account(account).wastedNanos, account).toBe(3 * DOLLAR)
    }
  })

  test('of help counts against the help with the task, and for whoever spent it', () => {
    const office = new Office()
    const result = reserveForHelp(office.books, office, { id: 't' }, NOON)
    if ('shortage' in result) throw new Error(result.shortage().message)
    const about = { task: 't', swarm: 'a', epoch: 1, at: NOON, amount: result.amount }
    office.books.place({ id: 'blocker-1', kind: 'help', ...about }, result.accounts)
    office.books.settle({ hold: 'blocker-1', report: 'x', swarm: 'b', amount: money(DOLLAR) })
    expect(office.books.account('help:t/total').settled.nanos).toBe(DOLLAR)
    expect(office.books.account('task:t/total').settled.nanos).toBe(0)
    expect(office.books.account('swarm:b/total').settled.nanos).toBe(DOLLAR)
    expect(office.books.account('swarm:a/total').settled.nanos).toBe(0)
  })
})

test('days of a swarm are forgotten when they are past and nothing is held in them', () => {
  const budgets = { ...DEFAULT_GOVERNOR_POLICY.budgets, swarms: { '*': { day: { nanos: 100 * DOLLAR } } } }
  const office = new Office({ budgets })
  office.claim(1, makeTask('t'), swarm('a'))
  office.spend(1, DOLLAR)
  office.books.release('claim-1', NOON + DAY_MS, false)
  expect(office.books.accounts.has('swarm:a/day:2026-11-25')).toBe(false)
  expect(office.books.accounts.has('fabric/day:2026-11-25')).toBe(true)
  expect(office.books.account('swarm:a/total').settled.nanos).toBe(DOLLAR)
})

test('a new window of a swarm or board takes the place of the one before it', () => {
  const budgets = {
    ...DEFAULT_GOVERNOR_POLICY.budgets,
    boards: { '*': { week: { nanos: 1_000 * DOLLAR } } },
    swarms: { '*': { day: { nanos: 100 * DOLLAR } } },
  }
  const office = new Office({ budgets })
  for (let day = 0; day < 30; day += 1) {
    const at = NOON + day * DAY_MS
    office.claim(day, makeTask(`t${day}`, { board: 'b' }), swarm('a'), at)
    office.spend(day, DOLLAR)
    office.books.release(`claim-${day}`, at, false)
  }
  const windows = [...office.books.accounts.values()].filter(({ scope }) => scope === 'swarm:a' || scope === 'board:b')
  expect(windows.map(({ window }) => window).sort()).toEqual(
    ['day:2026-12-24', 'month:2026-12', 'total', 'week:2026-W52'].flatMap((window) => [window, window]),
  )
  const restored = new Books()
  for (const row of office.books.accounts.values()) restored.restoreAccount(row)
  expect([...restored.accounts.values()]).toEqual([...office.books.accounts.values()])
})

type Step =
  | { readonly kind: 'claim'; readonly task: number; readonly swarm: number; readonly day: number }
  | { readonly kind: 'spend'; readonly hold: number; readonly nanos: number }
  | { readonly kind: 'release'; readonly hold: number; readonly wasted: boolean }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('claim' as const), task: fc.nat(5), swarm: fc.nat(2), day: fc.nat(2) }),
  fc.record({ kind: fc.constant('spend' as const), hold: fc.nat(20), nanos: fc.nat(12) }),
  fc.record({ kind: fc.constant('release' as const), hold: fc.nat(20), wasted: fc.boolean() }),
)

test('held is what live holds have open, and no hold is placed beyond a limit', () => {
  const budgets = {
    ...DEFAULT_GOVERNOR_POLICY.budgets,
    fabric: { total: { nanos: 60 }, day: { nanos: 40 } },
    boards: { '*': { week: { nanos: 30 } } },
    swarms: { '*': { total: { nanos: 25 } } },
  }
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const office = new Office({ budgets, maxCostPerTaskNanos: 10 })
      let epoch = 0
      for (const one of steps) {
        const holds = [...office.books.holds.keys()]
        const picked = 'hold' in one ? holds[one.hold % Math.max(1, holds.length)] : undefined
        if (one.kind === 'claim') {
          epoch += 1
          const task = makeTask(`t${one.task}`, { board: `b${one.task % 2}` })
          if (office.claim(epoch, task, swarm(`s${one.swarm}`), NOON + one.day * DAY_MS) === undefined) {
            withinLimits(office, office.books.holds.get(`claim-${epoch}`))
          }
        } else if (picked !== undefined && one.kind === 'spend') {
          const spender = office.books.holds.get(picked)?.swarm ?? ''
          const report = `r${office.books.account('fabric/total').settled.nanos}`
          office.books.settle({ hold: picked, report, swarm: spender, amount: money(one.nanos) })
        } else if (picked !== undefined && one.kind === 'release') office.books.release(picked, NOON, one.wasted)
        balanced(office.books)
      }
    }),
  )
})

function withinLimits(office: Office, hold: HoldRow | undefined): void {
  for (const id of hold?.accounts ?? []) {
    const account = office.books.account(id)
    const limit = limitOf(account, office)?.nanos ?? Number.POSITIVE_INFINITY
    expect(account.settled.nanos + account.held.nanos, id).toBeLessThanOrEqual(limit)
  }
}

function balanced(books: Books): void {
  const held = new Map<string, number>()
  for (const hold of books.holds.values()) {
    for (const id of hold.accounts) held.set(id, (held.get(id) ?? 0) + openPart(hold).nanos)
  }
  for (const account of books.accounts.values()) expect(account.held.nanos, account.id).toBe(held.get(account.id) ?? 0)
}
