import { beforeEach, describe, expect, test } from 'vitest'
import type { CommandOf } from '../../src/coordinator/commands.js'
import type { EntryOf } from '../../src/coordinator/entries.js'
import { reportCosts } from '../../src/coordinator/governor-queries.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy, type WindowLimits } from '../../src/governor/policy/policy.js'
import type { Usage } from '../../src/model/budget.js'
import { ADMIN_ACTOR, swarmActor } from '../../src/model/entry.js'
import { LIMITS } from '../../src/model/limits.js'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/model/time.js'
import { makeTask } from '../../src/testing/factories.js'
import { World } from './world.js'

const DOLLAR = 1_000_000_000
const PRICES = {
  version: '2026-01',
  models: { sonnet: { inputNanos: 3_000_000_000, outputNanos: 15, cachedNanos: 0 } },
}

let world: World

interface Scopes {
  readonly fabric?: WindowLimits
  readonly boards?: Record<string, WindowLimits>
  readonly swarms?: Record<string, WindowLimits>
}

function policyWith(scopes: Scopes, more: Partial<GovernorPolicy> = {}): GovernorPolicy {
  const budgets = { ...DEFAULT_GOVERNOR_POLICY.budgets, ...scopes }
  return { ...DEFAULT_GOVERNOR_POLICY, prices: PRICES, ...more, budgets }
}

function start(scopes: Scopes = {}, more: Partial<GovernorPolicy> = {}): void {
  world = new World({}, policyWith(scopes, { help: { automatic: false, answerMs: DAY_MS, leaseMs: DAY_MS }, ...more }))
  for (const swarm of ['s1', 's2', 's3']) world.register(swarm)
}

const total = (dollars: number): WindowLimits => ({ total: { nanos: dollars * DOLLAR } })
const account = (id: string) => world.state.governor.books.account(id)
const settled = (id: string) => account(id).settled.nanos / DOLLAR
const held = (id: string) => account(id).held.nanos / DOLLAR
const open = () => [...world.state.governor.escalations.values()].filter(({ state }) => state === 'open')

function report(task: string, epoch: number, usage: Partial<Usage> & { readonly id: string }, actor?: string) {
  const spent = usage.model === undefined ? { costNanos: 0, ...usage } : usage
  return world.send({ type: 'report_usage', task, epoch, usage: spent }, actor)
}

function spend(task: string, epoch: number, dollars: number, id = `r${world.log.length}`) {
  return report(task, epoch, { id, costNanos: dollars * DOLLAR })
}

function beat(task: string, epoch: number, dollars: number, id = `b${world.log.length}`) {
  return world.send({ type: 'heartbeat', task, epoch, usage: { id, costNanos: dollars * DOLLAR } })
}

function extend(id: string, dollars: number) {
  return world.send({ type: 'extend_budget', account: id, nanos: dollars * DOLLAR, reason: 'it is worth it' })
}

/** Whether a restart leads to the same rows, byte for byte. */
function expectSameAfterRestart(): void {
  const rows = () => JSON.stringify([...world.state.rows()])
  const before = rows()
  world.restart()
  expect(rows()).toBe(before)
}

beforeEach(() => {
  start()
  world.create(makeTask('t1', { board: 'b', maxCostNanos: 4 * DOLLAR }), makeTask('t2', { board: 'b' }))
})

describe('the hold of a claim', () => {
  const LIMITED = [
    'task:t1/total',
    'swarm:s1/day:2026-01-01',
    'swarm:s1/total',
    'board:b/week:2026-W01',
    'fabric/total',
  ]

  beforeEach(() => {
    start({
      fabric: total(20),
      boards: { '*': { week: { nanos: 12 * DOLLAR } } },
      swarms: { s1: { day: { nanos: 6 * DOLLAR }, ...total(9) } },
    })
    world.create(makeTask('t1', { board: 'b', maxCostNanos: 4 * DOLLAR }), makeTask('t2', { board: 'b' }))
  })

  test('is in the entry of the claim, and in every scope with a limit', () => {
    expect(world.written(() => world.claim('t1', 's1'))).toEqual(['task_claimed t1'])
    const { hold } = (world.log.at(-1) as EntryOf<'task_claimed'>).data
    expect([...(hold?.accounts ?? [])].sort()).toEqual([...LIMITED].sort())
    expect(hold?.amount.nanos).toBe(4 * DOLLAR)
    for (const id of LIMITED) expect(held(id), id).toBe(4)
  })

  test('is in no scope where one has no room, and the refusal names that one', () => {
    const refusal = world.refused({ type: 'claim_task', task: 't2', swarm: 's1' })
    expect(refusal).toMatchObject({
      code: 'BUDGET_EXCEEDED',
      details: { account: 'swarm:s1/day:2026-01-01', limit: 6 * DOLLAR, needed: 10 * DOLLAR },
    })
    expect([...world.state.governor.books.accounts.keys()]).toEqual([])
    expect(world.task('t2').state).toBe('available')
    expect(world.claim('t2', 's2')).toBeGreaterThan(0)
    // 10 of the board's 12 are held now.
    expect(world.refused({ type: 'claim_task', task: 't1', swarm: 's1' }).details).toMatchObject({
      account: 'board:b/week:2026-W01',
    })
    for (const id of LIMITED.slice(0, 3)) expect(held(id), id).toBe(0)
  })

  test('of two who want the last of it only the first gets it', () => {
    world.create(makeTask('t3', { board: 'c' }), makeTask('t4', { board: 'd' }))
    expect([world.claim('t3', 's2') > 0, held('fabric/total')]).toEqual([true, 10])
    world.claim('t1', 's1')
    expect(world.refused({ type: 'claim_task', task: 't4', swarm: 's3' }).details).toMatchObject({
      account: 'fabric/total',
      held: 14 * DOLLAR,
    })
  })

  test('is not placed again by who holds it already', () => {
    const epoch = world.claim('t1', 's1')
    expect(world.claim('t1', 's1')).toBe(epoch)
    expect(held('fabric/total')).toBe(4)
  })

  test('of a task dearer than the policy allows is a violation, not a shortage', () => {
    world.create(makeTask('dear', { maxCostNanos: 11 * DOLLAR }))
    expect(world.refused({ type: 'claim_task', task: 'dear', swarm: 's2' }).code).toBe('POLICY_VIOLATION')
  })
})

describe('a hold ends once, with', () => {
  const word = (epoch: number) => ({ task: 't1', epoch }) as const
  const ENDS: readonly [string, (epoch: number) => void, boolean][] = [
    ['completion', (epoch) => world.send({ type: 'complete_task', ...word(epoch), evidence: [] }), false],
    ['failure', (epoch) => world.send({ type: 'fail_task', ...word(epoch), reason: 'x', retry: true }), true],
    ['failure for good', (epoch) => world.send({ type: 'fail_task', ...word(epoch), reason: 'x', retry: false }), true],
    ['release by the holder', (epoch) => world.send({ type: 'release_task', ...word(epoch) }), true],
    ['release by an operator', () => world.send({ type: 'release_task', task: 't1' }), true],
    ['the end of the lease', () => world.pass(30 * MINUTE_MS), true],
    ['cancellation', () => world.send({ type: 'cancel_task', task: 't1', cascade: false }), true],
    ['the end of its swarm', () => world.send({ type: 'retire_swarm', swarm: 's1' }), true],
    [
      'a breaker that opens',
      () => world.send({ type: 'trip_breaker', swarm: 's1', cause: 'administrator', reason: 'x' }, ADMIN_ACTOR),
      true,
    ],
  ]

  test.each(ENDS)('%s', (_, end, wasted) => {
    start({ fabric: total(20), swarms: { '*': total(20) } })
    world.create(makeTask('t1', { maxCostNanos: 4 * DOLLAR }))
    const epoch = world.claim('t1', 's1')
    spend('t1', epoch, 1)
    expect([held('fabric/total'), held('swarm:s1/total'), held('task:t1/total')]).toEqual([3, 3, 3])
    end(epoch)
    for (const id of ['fabric/total', 'swarm:s1/total', 'task:t1/total']) {
      const { wastedNanos } = account(id)
      expect([settled(id), held(id), wastedNanos / DOLLAR], id).toEqual([1, 0, wasted ? 1 : 0])
    }
    const { books } = world.state.governor
    expect([books.holds.size, books.ended.get(`claim-${epoch}`)?.released?.wasted]).toEqual([0, wasted])
    expectSameAfterRestart()
  })

  test.each(ENDS)('%s: what comes late is booked, and wasted where the rest is', (_, end, wasted) => {
    const epoch = world.claim('t1', 's1')
    end(epoch)
    expect(spend('t1', epoch, 1)).toMatchObject({ late: true, repeated: false, spentNanos: DOLLAR })
    expect([settled('fabric/total'), account('fabric/total').wastedNanos > 0]).toEqual([1, wasted])
    expect(world.mail('s1').filter(({ kind }) => kind === 'claim_stopped')).toEqual([])
    expectSameAfterRestart()
  })

  test('its own claim only: the next claim of the same task has a hold of its own', () => {
    const first = world.claim('t1', 's1')
    spend('t1', first, 1)
    world.send({ type: 'release_task', task: 't1', epoch: first })
    const second = world.claim('t1', 's2')
    expect(world.state.governor.books.holds.get(`claim-${second}`)?.amount.nanos).toBe(3 * DOLLAR)
    expect(spend('t1', first, 1)).toMatchObject({ late: true })
    expect(world.state.governor.books.holds.get(`claim-${second}`)?.settled.nanos).toBe(0)
    expect([settled('swarm:s1/total'), settled('swarm:s2/total')]).toEqual([2, 0])
  })
})

describe('usage', () => {
  let epoch: number

  beforeEach(() => {
    epoch = world.claim('t1', 's1')
  })

  test('comes with a heartbeat, which renews the lease and says what is left', () => {
    world.pass(10 * MINUTE_MS)
    const reply = beat('t1', epoch, 1)
    expect(reply).toMatchObject({
      leaseEndsAt: world.now + 30 * MINUTE_MS,
      budget: { heldNanos: 4 * DOLLAR, spentNanos: DOLLAR },
    })
    expect(reply).not.toHaveProperty('stop')
    expect(settled('fabric/total')).toBe(1)
  })

  test('comes as plain cost with tokens beside it, or as tokens of a model, which the price table turns into money', () => {
    report('t1', epoch, { id: 'a', costNanos: 7, inputTokens: 3 })
    const reply = report('t1', epoch, { id: 'b', model: 'sonnet', inputTokens: 100, outputTokens: 1, cachedTokens: 9 })
    // 100 x 3,000,000,000 / 1,000,000 and a fraction for the one token of output, rounded up.
    const nanos = 300_001
    expect(reply.amount).toEqual({ nanos, inputTokens: 100, outputTokens: 1, cachedTokens: 9 })
    expect(world.log.at(-1)).toMatchObject({ type: 'usage_reported', data: { model: 'sonnet', prices: '2026-01' } })
    const { settled: sum } = account('fabric/total')
    expect(sum).toEqual({ nanos: nanos + 7, inputTokens: 103, outputTokens: 1, cachedTokens: 9 })
    expect(account('model:sonnet/total').settled.nanos).toBe(nanos)
    expect(account('model:none/total').settled.nanos).toBe(7)
  })

  test.each([
    ['negative', -1],
    ['not a number', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
    ['unsafe', 2 ** 53],
    ['gigantic', 1e300],
    ['a fraction', 0.5],
    ['a text', '5' as unknown as number],
    ['nothing', null as unknown as number],
  ])('that is %s is refused, in money and in tokens, and books nothing', (_, value) => {
    const usages = [
      { id: 'x', costNanos: value },
      { id: 'x', costNanos: 1, inputTokens: value },
      { id: 'x', model: 'sonnet', outputTokens: value },
      { id: 'x', model: 'sonnet', inputTokens: 1, cachedTokens: value },
    ]
    for (const usage of usages) {
      for (const type of ['report_usage', 'heartbeat'] as const) {
        const refusal = world.refused({ type, task: 't1', epoch, usage })
        expect(refusal.code, JSON.stringify(usage)).toBe('INVALID_ARGUMENT')
      }
    }
    expect(world.state.governor.books.holds.get(`claim-${epoch}`)?.settled.nanos).toBe(0)
  })

  test('of an unknown model is refused, also where the name is one of JavaScript; so is money and a model, or neither', () => {
    for (const model of ['opus', '__proto__', 'constructor', 'toString']) {
      const usage = { id: 'x', model, inputTokens: 1 }
      expect(world.refused({ type: 'report_usage', task: 't1', epoch, usage }).code, model).toBe('POLICY_VIOLATION')
    }
    for (const usage of [{ id: 'x' }, { id: 'x', model: 'sonnet', costNanos: 1 }]) {
      expect(world.refused({ type: 'report_usage', task: 't1', epoch, usage }).code).toBe('INVALID_ARGUMENT')
    }
    expect(account('fabric/total').settled.nanos).toBe(0)
  })

  test('beyond what one report may name is refused, and leaves everybody else as they were', () => {
    const { usageNanos } = LIMITS
    const dear = { type: 'report_usage', task: 't1', epoch, usage: { id: 'a', costNanos: usageNanos + 1 } } as const
    expect(world.refused(dear).code).toBe('INVALID_ARGUMENT')
    expect(report('t1', epoch, { id: 'b', costNanos: usageNanos }).amount.nanos).toBe(usageNanos)
    expect(spend('t2', world.claim('t2', 's2'), 1)).toMatchObject({ repeated: false })
  })

  test('adds up to the largest exact sum at most, and is not refused for what others spent', () => {
    const { books } = world.state.governor
    const most = { nanos: Number.MAX_SAFE_INTEGER - 1, inputTokens: 0, outputTokens: 0, cachedTokens: 0 }
    books.accounts.set('fabric/total', { ...books.account('fabric/total'), settled: most })
    const other = world.claim('t2', 's2')
    expect([spend('t1', epoch, 1).late, spend('t2', other, 1).late]).toEqual([false, false])
    expect(account('fabric/total').settled.nanos).toBe(Number.MAX_SAFE_INTEGER)
    expect([settled('swarm:s1/total'), settled('swarm:s2/total')]).toEqual([1, 1])
    world.send({ type: 'fail_task', task: 't1', epoch, reason: 'x', retry: true })
    expect(account('fabric/total').wastedNanos).toBe(DOLLAR)
  })

  test('under a name that was booked is booked once, whichever way and however late it comes again', () => {
    expect(spend('t1', epoch, 1, 'r1')).toMatchObject({ repeated: false })
    expect(world.written(() => expect(spend('t1', epoch, 1, 'r1')).toMatchObject({ repeated: true }))).toEqual([])
    expect(world.written(() => beat('t1', epoch, 1, 'r1'))).toEqual([])
    spend('t1', epoch, 1, 'r3')
    spend('t1', epoch, 1, 'r2')
    world.send({ type: 'release_task', task: 't1', epoch })
    expect(spend('t1', epoch, 1, 'r3')).toMatchObject({ repeated: true, late: true })
    world.restart()
    expect(spend('t1', epoch, 1, 'r2')).toMatchObject({ repeated: true, late: true })
    expect(settled('fabric/total')).toBe(3)
  })

  test('is booked under the same name for another claim', () => {
    spend('t1', epoch, 1, 'r1')
    spend('t2', world.claim('t2', 's2'), 1, 'r1')
    expect(settled('fabric/total')).toBe(2)
  })

  test('is the holder’s to report: nobody else names its epoch, by neither way', () => {
    const usage = { id: 'x', costNanos: DOLLAR }
    for (const type of ['report_usage', 'heartbeat'] as const) {
      const word = { type, task: 't1', epoch, usage }
      expect(world.refused(word, swarmActor('s2')).code, type).toBe('FORBIDDEN')
      expect(world.refused({ ...word, swarm: 's2' }).code, type).toBe('STALE_CLAIM')
    }
    world.send({ type: 'release_task', task: 't1', epoch })
    expect(world.refused({ type: 'report_usage', task: 't1', epoch, swarm: 's2', usage }).code).toBe('STALE_CLAIM')
    expect(world.refused({ type: 'report_usage', task: 't1', epoch, usage }, swarmActor('s2')).code).toBe('FORBIDDEN')
    expect(world.refused({ type: 'report_usage', task: 't2', epoch, usage }).code).toBe('STALE_CLAIM')
    expect(world.refused({ type: 'report_usage', task: 't1', epoch: 1, usage }).code).toBe('STALE_CLAIM')
    expect(world.refused({ type: 'report_usage', task: 'none', epoch, usage }).code).toBe('NOT_FOUND')
    expect(settled('fabric/total')).toBe(0)
  })

  test('comes also after the task has left memory', () => {
    world.send({ type: 'complete_task', task: 't1', epoch, evidence: [] })
    world.pass(8 * DAY_MS)
    expect(world.state.tasks.has('t1')).toBe(false)
    expect(spend('t1', epoch, 1)).toMatchObject({ late: true })
    expect([settled('fabric/total'), settled('swarm:s1/total'), settled('board:b/total')]).toEqual([1, 1, 1])
    // Nothing comes back that would stay for ever: neither the account of the task nor windows that are past.
    const known = [...world.state.governor.books.accounts.keys()]
    const past = known.filter((id) => id.includes('2026-01-01') || id.startsWith('task:'))
    expect(past).toEqual(['fabric/day:2026-01-01', 'task:(archived)/total'])
    expectSameAfterRestart()
  })

  test('adds up by task also when some have left memory, with what help with them cost', () => {
    world.send({ type: 'complete_task', task: 't1', epoch, evidence: [] })
    spend('t1', epoch, 1)
    world.pass(8 * DAY_MS)
    spend('t2', world.claim('t2', 's1'), 2)
    const { rows, total } = reportCosts(world.state, 'task', { limit: 100 })
    expect(rows.map(({ name, settled: { nanos } }) => [name, nanos / DOLLAR])).toEqual([
      ['(archived)', 1],
      ['t2', 2],
    ])
    expect(total.settled.nanos).toBe(3 * DOLLAR)
  })
})

describe('usage of a claim without any limit', () => {
  test('is booked all the same, and never stops it', () => {
    const { maxCostPerTaskNanos: _, ...unbounded } = policyWith({})
    world.send({ type: 'apply_policy', policy: unbounded, digest: 'unbounded' })
    const epoch = world.claim('t2', 's1')
    expect(world.log.at(-1)?.data).not.toHaveProperty('hold')
    expect(beat('t2', epoch, 500)).not.toHaveProperty('stop')
    expect(settled('fabric/total')).toBe(500)
    expect(open()).toEqual([])
    world.send({ type: 'fail_task', task: 't2', epoch, reason: 'x', retry: true })
    expect(account('swarm:s1/total').wastedNanos).toBe(500 * DOLLAR)
    expect(world.state.governor.books.holds.size).toBe(0)
    expectSameAfterRestart()
  })
})

describe('most of a hold', () => {
  let epoch: number

  beforeEach(() => {
    epoch = world.claim('t1', 's1')
  })

  test('at 80% warns its holder, once', () => {
    expect(world.written(() => spend('t1', epoch, 3.19))).toEqual(['usage_reported t1'])
    expect(world.written(() => spend('t1', epoch, 0.01))).toEqual(['usage_reported t1', 'budget_warned t1'])
    expect(world.mail('s1')).toMatchObject([{ kind: 'budget_warned', task: 't1', from: 'fabric' }])
    expect(world.written(() => spend('t1', epoch, 0.1))).toEqual(['usage_reported t1'])
  })

  test('all of it stops the claim: a word in the reply, a message, a question, and no further lease', () => {
    world.pass(10 * MINUTE_MS)
    const reply = beat('t1', epoch, 4)
    expect(reply.stop?.reason).toContain('spent')
    expect(world.mail('s1').map(({ kind }) => kind)).toEqual(['claim_stopped'])
    expect(world.mail('orchestrator').map(({ kind }) => kind)).toEqual(['claim_stopped', 'escalation_opened'])
    expect(open()).toMatchObject([{ kind: 'budget', task: 't1', swarm: 's1', account: 'task:t1/total' }])
    const { leaseEndsAt } = reply
    for (let beats = 0; beats < 2; beats += 1) {
      world.pass(10 * MINUTE_MS)
      expect(world.send({ type: 'heartbeat', task: 't1', epoch })).toMatchObject({ leaseEndsAt, stop: {} })
      world.send({ type: 'report_milestone', task: 't1', epoch, percent: 75 })
      expect(world.send({ type: 'claim_task', task: 't1', swarm: 's1' })).toMatchObject({ leaseEndsAt })
    }
    expect(world.task('t1').claim).not.toHaveProperty('stalledAt')
    world.pass(leaseEndsAt - world.now)
    expect(world.task('t1')).toMatchObject({ state: 'available', failures: 0 })
    expect(world.log.findLast(({ type }) => type === 'task_released')?.data).toMatchObject({ cause: 'budget_spent' })
    expect(world.state.governor.breakers.get('s1')?.outcomes ?? '').toBe('')
  })

  test('asks once: what is spent after the stop is booked without another question', () => {
    beat('t1', epoch, 4)
    expect(world.written(() => beat('t1', epoch, 0))).toEqual(['usage_reported t1'])
    expect(open()).toHaveLength(1)
  })

  test('a stopped holder may still complete, and gets its result', () => {
    beat('t1', epoch, 4)
    world.send({ type: 'complete_task', task: 't1', epoch, evidence: [] })
    expect([settled('task:t1/total'), account('task:t1/total').wastedNanos]).toEqual([4, 0])
  })

  test('an extension lets it go on, answers the question, and warns anew', () => {
    beat('t1', epoch, 4)
    world.pass(20 * MINUTE_MS)
    const written = world.written(() => extend('task:t1/total', 5))
    const [question] = world.state.governor.endedEscalations.values()
    expect(written).toEqual([
      'budget_extended task:t1/total',
      'claim_resumed t1',
      `escalation_answered ${question?.id}`,
    ])
    expect(question).toMatchObject({ state: 'answered', option: 'extended', answeredBy: 'admin' })
    expect(world.mail('s1').at(-1)?.kind).toBe('claim_resumed')
    expect(world.state.leaseEndsAt(world.task('t1'))).toBe(world.now + 30 * MINUTE_MS)
    const reply = world.send({ type: 'heartbeat', task: 't1', epoch })
    expect(reply).toMatchObject({ leaseEndsAt: world.now + 30 * MINUTE_MS, budget: { heldNanos: 9 * DOLLAR } })
    expect(reply).not.toHaveProperty('stop')
    expect(world.written(() => beat('t1', epoch, 3.2))).toEqual(['usage_reported t1', 'budget_warned t1'])
    expect(beat('t1', epoch, 1.8)).toHaveProperty('stop')
    expectSameAfterRestart()
  })

  test('is not extended by a swarm, nor where nothing is limited, nor by what cannot be counted', () => {
    const command = { type: 'extend_budget', account: 'task:t1/total', nanos: DOLLAR, reason: 'more' } as const
    expect(world.refused(command, swarmActor('s1')).code).toBe('FORBIDDEN')
    for (const account of ['fabric/total', 'swarm:s1/total', 'task:none/total', 'model:none/total', 'nonsense']) {
      expect(world.refused({ ...command, account }).code, account).toBe('NOT_FOUND')
    }
    for (const nanos of [-1, 0.5, Number.NaN, 1e300, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER]) {
      expect(world.refused({ ...command, nanos }).code, String(nanos)).toBe('INVALID_ARGUMENT')
    }
  })
})

describe('an extension of a claimed task', () => {
  beforeEach(() => {
    start({ fabric: total(20), swarms: { '*': total(6) } })
    world.create(makeTask('t1', { maxCostNanos: 4 * DOLLAR }))
  })

  test('makes the hold larger in all scopes, or is refused and changes nothing', () => {
    const epoch = world.claim('t1', 's1')
    beat('t1', epoch, 4)
    const refusal = world.refused({ type: 'extend_budget', account: 'task:t1/total', nanos: 3 * DOLLAR, reason: 'x' })
    expect(refusal).toMatchObject({ code: 'BUDGET_EXCEEDED', details: { account: 'swarm:s1/total' } })
    expect([held('fabric/total'), account('task:t1/total').extendedNanos]).toEqual([0, 0])
    extend('swarm:s1/total', 1)
    extend('task:t1/total', 3)
    for (const id of ['fabric/total', 'swarm:s1/total', 'task:t1/total']) expect(held(id), id).toBe(3)
    expect(world.task('t1').claim).not.toHaveProperty('stoppedAt')
  })

  test('is refused while another of its scopes is frozen', () => {
    start({ boards: { b: total(8) } })
    world.create(
      makeTask('t1', { board: 'b', maxCostNanos: 2 * DOLLAR }),
      makeTask('t2', { board: 'b', maxCostNanos: DOLLAR }),
    )
    world.claim('t1', 's1')
    spend('t2', world.claim('t2', 's2'), 7)
    expect(account('board:b/total').frozenAt).toBe(world.now)
    world.send({ type: 'apply_policy', policy: policyWith({ boards: { b: total(99) } }), digest: 'room again' })
    const command = { type: 'extend_budget', account: 'task:t1/total', nanos: 1, reason: 'x' } as const
    expect(world.refused(command).details).toMatchObject({ account: 'board:b/total' })
    extend('board:b/total', 0)
    expect(world.send(command).extendedNanos).toBe(1)
  })

  test('makes it no larger than a limit allows that was lowered meanwhile', () => {
    const epoch = world.claim('t1', 's1')
    spend('t1', epoch, 1)
    world.send({ type: 'apply_policy', policy: policyWith({}, { maxCostPerTaskNanos: 2 * DOLLAR }), digest: 'low' })
    extend('task:t1/total', 1)
    // 3 may be spent now, and 4 are held: there is no room for more.
    expect([settled('task:t1/total'), held('task:t1/total')]).toEqual([1, 3])
    extend('task:t1/total', 3)
    // 6 may be spent, so it grows by 2 of these 3.
    expect([settled('task:t1/total'), held('task:t1/total')]).toEqual([1, 5])
    expectSameAfterRestart()
  })

  test('that is not enough for what was overspent leaves it stopped', () => {
    const epoch = world.claim('t1', 's1')
    beat('t1', epoch, 5)
    extend('task:t1/total', 1)
    expect(world.task('t1').claim).toHaveProperty('stoppedAt')
    expect(held('task:t1/total')).toBe(0)
    expect(account('task:t1/total')).toHaveProperty('frozenAt')
    expect(open()).toMatchObject([{ account: 'task:t1/total' }])
    expect(world.written(() => extend('task:t1/total', 1))).toContain('claim_resumed t1')
    expect(held('task:t1/total')).toBe(1)
    expect(account('task:t1/total')).not.toHaveProperty('frozenAt')
    expect(open()).toEqual([])
    expectSameAfterRestart()
  })
})

describe('spending beyond the hold', () => {
  test('is booked in full, freezes the scope, and asks people; an extension thaws it', () => {
    start({ fabric: total(100) })
    world.create(makeTask('t1', { maxCostNanos: 4 * DOLLAR }))
    const epoch = world.claim('t1', 's1')
    const written = world.written(() => beat('t1', epoch, 5))
    expect(written.map((line) => line.split(' ')[0])).toEqual([
      'usage_reported',
      'budget_frozen',
      'claim_stopped',
      'escalation_opened',
    ])
    expect([settled('task:t1/total'), held('task:t1/total'), settled('fabric/total')]).toEqual([5, 0, 5])
    expect(open()).toMatchObject([{ severity: 'critical', account: 'task:t1/total' }])
    expect(open()).toHaveLength(1)
    expect(account('fabric/total')).not.toHaveProperty('frozenAt')
    world.send({ type: 'release_task', task: 't1', epoch })
    expect(world.next('s2')).toBe('none')
    expect(world.refused({ type: 'claim_task', task: 't1', swarm: 's2' }).code).toBe('BUDGET_EXCEEDED')
    extend('task:t1/total', 3)
    expect(open()).toEqual([])
    expect(account('task:t1/total')).not.toHaveProperty('frozenAt')
    expect(world.next('s2', true)).toBe('primary t1')
    expect(held('task:t1/total')).toBe(2)
    expectSameAfterRestart()
  })

  test('freezes each scope that it brings beyond its limit, for everybody', () => {
    start({ fabric: total(10), boards: { b: total(50) } })
    world.create(makeTask('t1', { board: 'b', maxCostNanos: 4 * DOLLAR }), makeTask('t2', { maxCostNanos: 5 * DOLLAR }))
    world.create(makeTask('t3', { maxCostNanos: DOLLAR }))
    const first = world.claim('t1', 's1')
    const second = world.claim('t2', 's2')
    spend('t1', first, 6)
    // 6 are spent and 5 held, of 10.
    const frozen = ['fabric/total', 'task:t1/total', 'board:b/total', 'task:t2/total'].map(
      (id) => account(id).frozenAt !== undefined,
    )
    expect(frozen).toEqual([true, true, false, false])
    world.send({ type: 'release_task', task: 't2', epoch: second })
    const refusal = world.refused({ type: 'claim_task', task: 't3', swarm: 's3' })
    expect(refusal.details).toMatchObject({ account: 'fabric/total', frozen: true })
    extend('fabric/total', 0)
    expect(world.claim('t3', 's3')).toBeGreaterThan(0)
  })

  test('of tokens freezes too, and a person can thaw what has a limit of tokens only', () => {
    const budgets = {
      ...DEFAULT_GOVERNOR_POLICY.budgets,
      fabric: { total: { outputTokens: 20 } },
      holdTokens: { inputTokens: 0, outputTokens: 10, cachedTokens: 0 },
    }
    world = new World({}, { budgets })
    world.register('s1')
    world.create('t1', 't2')
    const epoch = world.claim('t1', 's1')
    report('t1', epoch, { id: 'a', outputTokens: 21 })
    expect(account('fabric/total').frozenAt).toBe(world.now)
    world.send({ type: 'complete_task', task: 't1', epoch, evidence: [] })
    const policy = { ...DEFAULT_GOVERNOR_POLICY, budgets: { ...budgets, fabric: { total: { outputTokens: 99 } } } }
    world.send({ type: 'apply_policy', policy, digest: 'more' })
    expect(world.refused({ type: 'claim_task', task: 't2', swarm: 's1' }).details).toMatchObject({ frozen: true })
    extend('fabric/total', 0)
    expect(world.claim('t2', 's1')).toBeGreaterThan(epoch)
  })
})

describe('the budget of a swarm', () => {
  const spendAll = (): number => {
    world.register('s1', { budgetNanos: 10 * DOLLAR, capacity: 3 })
    world.create(makeTask('t3', { maxCostNanos: DOLLAR }))
    world.claim('t3', 's1')
    const epoch = world.claim('t1', 's1')
    spend('t1', epoch, 10)
    return epoch
  }

  test('spent latches its breaker and releases its claims, in one decision', () => {
    spendAll()
    expect(world.state.governor.breaker('s1')).toMatchObject({ state: 'open', latched: true, cause: 'budget' })
    expect([world.task('t1').state, world.task('t3').state]).toEqual(['available', 'available'])
    expect([world.task('t1').failures, world.task('t3').failures]).toEqual([0, 0])
    expect([held('swarm:s1/total'), world.state.governor.books.holds.size]).toEqual([0, 0])
    expect(open().map(({ kind }) => kind)).toContain('breaker')
    expect(world.refused({ type: 'claim_task', task: 't3', swarm: 's1' }).code).toBe('BREAKER_OPEN')
    world.pass(DAY_MS)
    expect(world.refused({ type: 'claim_task', task: 't3', swarm: 's1' }).code).toBe('BREAKER_OPEN')
    expectSameAfterRestart()
  })

  test('spent by a heartbeat: the reply tells it to stop, and nothing is renewed', () => {
    world.register('s1', { budgetNanos: 5 * DOLLAR })
    const epoch = world.claim('t1', 's1')
    expect(beat('t1', epoch, 5).stop?.reason).toContain('ended')
    expect(world.task('t1').state).toBe('available')
    expect([...world.state.renewals.keys()]).toEqual([])
  })

  test('stays spent after a reset, until a person extends it', () => {
    const epoch = spendAll()
    world.send({ type: 'reset_breaker', swarm: 's1', reason: 'looked at' }, ADMIN_ACTOR)
    expect(world.refused({ type: 'claim_task', task: 't3', swarm: 's1' }).code).toBe('BUDGET_EXCEEDED')
    extend('swarm:s1/total', 2)
    expect(world.claim('t3', 's1')).toBeGreaterThan(epoch)
  })

  test('is the smaller of the policy’s and its own, and a swarm by another name has one of its own', () => {
    start({ swarms: { '*': total(5) } })
    world.create(makeTask('t1', { maxCostNanos: 4 * DOLLAR }), makeTask('t2', { maxCostNanos: 4 * DOLLAR }))
    world.register('s1', { budgetNanos: 100 * DOLLAR, capacity: 2 })
    world.claim('t1', 's1')
    expect(world.refused({ type: 'claim_task', task: 't2', swarm: 's1' }).code).toBe('BUDGET_EXCEEDED')
    world.register('s2', { budgetNanos: 3 * DOLLAR })
    expect(world.refused({ type: 'claim_task', task: 't2', swarm: 's2' }).code).toBe('BUDGET_EXCEEDED')
    expect(world.claim('t2', 's3')).toBeGreaterThan(0)
  })

  test('that it gets while it works holds what it works on', () => {
    world.claim('t1', 's1')
    expect(held('swarm:s1/total')).toBe(0)
    world.register('s1', { budgetNanos: 3 * DOLLAR })
    expect(held('swarm:s1/total')).toBe(4)
    world.register('s1', { budgetNanos: 9 * DOLLAR })
    expect(held('swarm:s1/total')).toBe(4)
    world.send({ type: 'release_task', task: 't1' })
    expect(held('swarm:s1/total')).toBe(0)
    expectSameAfterRestart()
  })
})

describe('a limit that is lowered under what is held', () => {
  const apply = (dollars: number) =>
    world.send({ type: 'apply_policy', policy: policyWith({ fabric: total(dollars) }), digest: `of ${dollars}` })
  let epochs: number[]

  beforeEach(() => {
    start({ fabric: total(20) })
    world.create('t1', 't2', 't3')
    epochs = [world.claim('t1', 's1'), world.claim('t2', 's2')]
    apply(5)
  })

  test('lets claims go on and nothing new begin, until there is room again', () => {
    const [first = 0, second = 0] = epochs
    expect([held('fabric/total'), world.task('t1').state]).toEqual([20, 'claimed'])
    expect(world.refused({ type: 'claim_task', task: 't3', swarm: 's3' }).code).toBe('BUDGET_EXCEEDED')
    world.send({ type: 'complete_task', task: 't1', epoch: first, evidence: [] })
    expect(world.refused({ type: 'claim_task', task: 't3', swarm: 's3' }).code).toBe('BUDGET_EXCEEDED')
    world.send({ type: 'complete_task', task: 't2', epoch: second, evidence: [] })
    apply(10)
    expect(world.claim('t3', 's3')).toBeGreaterThan(0)
    expectSameAfterRestart()
  })

  test('does not make overspending of what is within its hold', () => {
    const [first = 0] = epochs
    expect(world.written(() => spend('t1', first, 1))).toEqual(['usage_reported t1'])
    expect(account('fabric/total')).not.toHaveProperty('frozenAt')
    apply(30)
    expect(world.claim('t3', 's3')).toBeGreaterThan(0)
  })
})

describe('windows', () => {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10)

  test('a hold belongs to the window in which it was placed, wherever its spending comes', () => {
    start({ swarms: { '*': { day: { nanos: 10 * DOLLAR } } } })
    world.create('t1', 't2', 't3')
    world.register('s1', { capacity: 3 })
    world.pass(DAY_MS - MINUTE_MS)
    const epoch = world.claim('t1', 's1')
    const yesterday = `swarm:s1/day:${day(world.now)}`
    expect(world.refused({ type: 'claim_task', task: 't2', swarm: 's1' }).code).toBe('BUDGET_EXCEEDED')
    world.pass(MINUTE_MS)
    const today = `swarm:s1/day:${day(world.now)}`
    world.claim('t2', 's1')
    expect(world.refused({ type: 'claim_task', task: 't3', swarm: 's1' }).code).toBe('BUDGET_EXCEEDED')
    spend('t1', epoch, 6)
    expect([settled(yesterday), held(yesterday), settled(today), held(today)]).toEqual([6, 4, 0, 10])
    world.send({ type: 'complete_task', task: 't1', epoch, evidence: [] })
    expect(world.state.governor.books.accounts.has(yesterday)).toBe(false)
    expect([settled(today), settled('swarm:s1/total')]).toEqual([0, 6])
    expectSameAfterRestart()
  })

  test.each([
    ['day', Date.UTC(2026, 1, 28, 23, 59), 'day:2026-02-28', 'day:2026-03-01'],
    ['week', Date.UTC(2026, 11, 31, 23, 59), 'week:2026-W53', 'week:2026-W53'],
    ['week', Date.UTC(2027, 0, 3, 23, 59), 'week:2026-W53', 'week:2027-W01'],
    ['month', Date.UTC(2027, 11, 31, 23, 59), 'month:2027-12', 'month:2028-01'],
  ] as const)('of a %s change at its end by UTC, and only then', (kind, at, before, after) => {
    start({ fabric: { [kind]: { nanos: 10 * DOLLAR } } })
    world.create('t1', 't2')
    world.now = at
    world.claim('t1', 's1')
    expect(held(`fabric/${before}`)).toBe(10)
    world.pass(MINUTE_MS - 1)
    expect(world.refused({ type: 'claim_task', task: 't2', swarm: 's2' }).code).toBe('BUDGET_EXCEEDED')
    world.pass(1)
    if (before === after) {
      expect(world.refused({ type: 'claim_task', task: 't2', swarm: 's2' }).code).toBe('BUDGET_EXCEEDED')
    } else {
      world.claim('t2', 's2')
      expect([held(`fabric/${before}`), held(`fabric/${after}`)]).toEqual([10, 10])
    }
  })

  test('a clock that jumps a year ahead ends leases and opens new windows; nothing stays held in the old ones', () => {
    start({ fabric: { day: { nanos: 10 * DOLLAR } }, boards: { '*': { month: { outputTokens: 5 } } } })
    world.create(makeTask('t1', { board: 'b' }), 't2')
    const epoch = world.claim('t1', 's1')
    world.now += 365 * DAY_MS
    world.claim('t2', 's2')
    world.pass(0)
    expect(world.task('t1')).toMatchObject({ state: 'available', failures: 1 })
    expect([held('fabric/day:2026-01-01'), held('fabric/day:2027-01-01')]).toEqual([0, 10])
    expect(spend('t1', epoch, 1)).toMatchObject({ late: true })
    expect(settled('fabric/day:2026-01-01')).toBe(1)
    expectSameAfterRestart()
  })

  test('a window in which tokens are still held is kept', () => {
    const holdTokens = { inputTokens: 0, outputTokens: 10, cachedTokens: 0 }
    const budgets = { ...DEFAULT_GOVERNOR_POLICY.budgets, swarms: { '*': { day: { outputTokens: 99 } } }, holdTokens }
    world = new World({}, { budgets, maxCostPerTaskNanos: 0 })
    const { maxCostPerTaskNanos: _, ...policy } = { ...DEFAULT_GOVERNOR_POLICY, budgets }
    world.send({ type: 'apply_policy', policy, digest: 'tokens only' })
    world.register('s1', { capacity: 2 })
    world.create('t1', 't2')
    const epochs = [world.claim('t1', 's1'), world.claim('t2', 's1')]
    world.pass(29 * MINUTE_MS)
    world.now += DAY_MS
    world.send({ type: 'complete_task', task: 't1', epoch: epochs[0] ?? 0, evidence: [] })
    expect(account('swarm:s1/day:2026-01-01').held.outputTokens).toBe(10)
    world.send({ type: 'complete_task', task: 't2', epoch: epochs[1] ?? 0, evidence: [] })
    expect(world.state.governor.books.accounts.has('swarm:s1/day:2026-01-01')).toBe(false)
  })
})

describe('offers', () => {
  const offer = (swarm: string, claim = false) => world.send({ type: 'offer_next', swarm, claim })

  test('pass over what no budget has room for, and take the next that fits', () => {
    start({ fabric: total(12) })
    world.create(
      makeTask('dear', { priority: 90 }),
      makeTask('dearer', { priority: 80, requires: ['x:y'] }),
      makeTask('cheap', { priority: 10, maxCostNanos: 2 * DOLLAR }),
    )
    world.register('s2', { capabilities: ['x:y'] })
    expect(world.next('s1', true)).toBe('primary dear')
    expect(world.next('s2', true)).toBe('primary cheap')
    expect(held('fabric/total')).toBe(12)
    expect(offer('s3')).toEqual({ kind: 'none' })
  })

  test('say that there is work which no budget has room for', () => {
    start({ fabric: total(12) })
    world.create('t1', 't2', makeTask('other', { requires: ['x:y'] }))
    const { claim } = offer('s1', true)
    expect(offer('s2', true)).toEqual({ kind: 'none', short: true })
    expect(world.state.counts.claimed).toBe(1)
    world.send({ type: 'complete_task', task: 't1', epoch: claim?.epoch ?? 0, evidence: [] })
    expect(world.next('s2', true)).toBe('primary t2')
    expect(offer('s3')).toEqual({ kind: 'none' })
  })

  test('take a filler where no primary task fits, and a task of the swarm’s own board first where that fits', () => {
    start({ boards: { full: total(1) } })
    world.create(
      makeTask('t1', { board: 'full', owner: 's1', priority: 99 }),
      makeTask('f1', { kind: 'filler', priority: 1 }),
    )
    expect(offer('s1')).toMatchObject({ kind: 'filler', task: { id: 'f1' } })
  })

  test('find the one that fits behind many that do not', () => {
    start({ boards: { full: total(1) } })
    for (let at = 0; at < 200; at += 1) world.create(makeTask(`t${at}`, { board: 'full', priority: 60 }))
    world.create(makeTask('fits'))
    expect(world.next('s1', true)).toBe('primary fits')
  })

  test('leave out a task that has used up what it may cost, until it is extended', () => {
    const first = world.claim('t1', 's1')
    beat('t1', first, 4)
    world.send({ type: 'cancel_task', task: 't2', cascade: false })
    world.send({ type: 'release_task', task: 't1', epoch: first })
    expect(offer('s2')).toEqual({ kind: 'none' })
    expect(world.refused({ type: 'claim_task', task: 't1', swarm: 's2' }).code).toBe('BUDGET_EXCEEDED')
    world.restart()
    expect(offer('s2')).toEqual({ kind: 'none' })
    extend('task:t1/total', 1)
    expect(world.next('s2', true)).toBe('primary t1')
    expect(held('task:t1/total')).toBe(1)
  })

  test('leave it out also when late spending uses it up, and offer it when the policy allows more', () => {
    const first = world.claim('t2', 's1')
    world.send({ type: 'release_task', task: 't2', epoch: first })
    world.send({ type: 'cancel_task', task: 't1', cascade: false })
    expect(world.next('s2')).toBe('primary t2')
    spend('t2', first, 10)
    // It is not in line at all: it does not even count as work that is short of a budget.
    expect(offer('s2')).toEqual({ kind: 'none' })
    const policy = policyWith({}, { maxCostPerTaskNanos: 15 * DOLLAR })
    world.send({ type: 'apply_policy', policy, digest: 'more' })
    expect(world.next('s2')).toBe('primary t2')
    world.send({ type: 'apply_policy', policy: policyWith({}), digest: 'as before' })
    expect(world.next('s2')).toBe('none')
  })

  test('a task that was overspent is offered where nothing bounds what tasks cost any more', () => {
    world.send({ type: 'cancel_task', task: 't1', cascade: false })
    const first = world.claim('t2', 's1')
    spend('t2', first, 11)
    world.send({ type: 'release_task', task: 't2', epoch: first })
    const { maxCostPerTaskNanos: _, ...unbounded } = policyWith({})
    world.send({ type: 'apply_policy', policy: unbounded, digest: 'unbounded' })
    expect(world.next('s2', true)).toBe('primary t2')
  })
})

describe('help', () => {
  const helped = (): { blocker: string; epochs: number[] } => {
    const blocker = world.block('t1', world.claim('t1', 's1'))
    world.send({ type: 'assign_helpers', blocker, swarms: ['s2', 's3'] })
    const epochs = ['s2', 's3'].map((swarm) => {
      const { helpers } = world.send({ type: 'answer_help', blocker, swarm, accept: true } as CommandOf<'answer_help'>)
      return helpers.find((helper) => helper.swarm === swarm)?.epoch ?? -1
    })
    return { blocker, epochs }
  }

  test('has one hold for all helpers of a blocker, which ends with it', () => {
    const { blocker, epochs } = helped()
    expect([held('help:t1/total'), held('task:t1/total')]).toEqual([10, 4])
    for (const epoch of epochs) spend('t1', epoch, 2)
    expect([settled('help:t1/total'), held('help:t1/total'), settled('task:t1/total')]).toEqual([4, 6, 0])
    expect(['s1', 's2', 's3'].map((swarm) => settled(`swarm:${swarm}/total`))).toEqual([0, 2, 2])
    world.send({ type: 'resolve_blocker', blocker })
    expect([held('help:t1/total'), account('help:t1/total').wastedNanos]).toEqual([0, 0])
    expect(world.state.governor.books.holds.size).toBe(1)
    expectSameAfterRestart()
  })

  test('reports of two helpers under the same name are two reports', () => {
    const { epochs } = helped()
    for (const epoch of epochs) expect(spend('t1', epoch, 1, 'r1')).toMatchObject({ repeated: false })
    for (const epoch of epochs) expect(spend('t1', epoch, 1, 'r1')).toMatchObject({ repeated: true })
    expect([settled('fabric/total'), settled('swarm:s2/total'), settled('swarm:s3/total')]).toEqual([2, 1, 1])
    world.restart()
    for (const epoch of epochs) expect(spend('t1', epoch, 1, 'r1')).toMatchObject({ repeated: true })
  })

  test('is wasted with a claim that comes to nothing', () => {
    const { epochs } = helped()
    spend('t1', epochs[0] ?? 0, 2)
    world.send({ type: 'release_task', task: 't1' })
    expect(account('help:t1/total').wastedNanos).toBe(2 * DOLLAR)
    expect([held('help:t1/total'), world.state.governor.books.holds.size]).toEqual([0, 0])
    expect(spend('t1', epochs[1] ?? 0, 1)).toMatchObject({ late: true })
    expectSameAfterRestart()
  })

  test('is not wasted with a task that is completed before anybody resolved its blocker', () => {
    const { epochs } = helped()
    spend('t1', epochs[0] ?? 0, 2)
    const { claim } = world.task('t1')
    world.send({ type: 'complete_task', task: 't1', epoch: claim?.epoch ?? 0, evidence: [] })
    expect(account('help:t1/total').wastedNanos).toBe(0)
  })

  test('without any limit is booked, and leaves no hold behind, also when a limit comes meanwhile', () => {
    const { maxCostPerTaskNanos: _, ...unbounded } = policyWith({}, { help: DEFAULT_GOVERNOR_POLICY.help })
    const manual = { ...unbounded, help: { automatic: false, answerMs: DAY_MS, leaseMs: DAY_MS } }
    world.send({ type: 'apply_policy', policy: manual, digest: 'unbounded' })
    world.register('s4')
    const { blocker, epochs } = helped()
    spend('t1', epochs[0] ?? 0, 2)
    const bounded = { ...manual, maxSwarmsPerTask: 9, maxCostPerTaskNanos: 5 * DOLLAR }
    world.send({ type: 'apply_policy', policy: bounded, digest: 'bounded' })
    world.send({ type: 'assign_helpers', blocker, swarms: ['s4'] })
    world.send({ type: 'resolve_blocker', blocker })
    spend('t1', epochs[1] ?? 0, 2)
    expect([settled('help:t1/total'), held('help:t1/total')]).toEqual([4, 0])
    expect([...world.state.governor.books.holds.values()].map(({ kind }) => kind)).not.toContain('help')
    expectSameAfterRestart()
  })
})

test('a day of all of it folds to the same rows, byte for byte', () => {
  start({ fabric: { day: { nanos: 60 * DOLLAR } }, swarms: { '*': total(30) } })
  world.create(...['a', 'b', 'c', 'd'].map((id) => makeTask(id, { board: 'b', maxCostNanos: 3 * DOLLAR })))
  const [a = 0, b = 0] = [world.claim('a', 's1'), world.claim('b', 's2')]
  beat('a', a, 3)
  spend('b', b, 4)
  world.pass(HOUR_MS)
  extend('task:a/total', 2)
  extend('task:b/total', 2)
  spend('c', world.claim('c', 's3'), 1)
  world.send({ type: 'apply_policy', policy: policyWith({ fabric: total(9) }), digest: 'nine' })
  world.pass(DAY_MS)
  expect(world.log.length).toBeGreaterThan(20)
  expectSameAfterRestart()
})

describe('tokens', () => {
  const limits = {
    budgets: { ...DEFAULT_GOVERNOR_POLICY.budgets, swarms: { '*': { total: { outputTokens: 1_000 } } } },
  }

  test('that are held and limited stop a claim when they are spent, and latch a swarm whose limit is', () => {
    const holdTokens = { inputTokens: 0, outputTokens: 500, cachedTokens: 0 }
    world = new World({}, { budgets: { ...limits.budgets, holdTokens } })
    world.register('s1')
    world.create('t1')
    const epoch = world.claim('t1', 's1')
    report('t1', epoch, { id: 'a', outputTokens: 400 })
    expect(world.mail('s1')).toMatchObject([
      { kind: 'budget_warned', text: '400 outputTokens of 500 outputTokens are spent on t1. Finish soon.' },
    ])
    expect(report('t1', epoch, { id: 'b', outputTokens: 100 })).toHaveProperty('stop')
    expect(open()).toHaveLength(1)
    report('t1', epoch, { id: 'c', outputTokens: 500 })
    expect(world.state.governor.breaker('s1')).toMatchObject({ latched: true, cause: 'budget' })
    expectSameAfterRestart()
  })

  test('that are not held freeze the account whose limit they reach', () => {
    const budgets = { ...DEFAULT_GOVERNOR_POLICY.budgets, fabric: { total: { outputTokens: 1_000 } } }
    world = new World({}, { budgets })
    world.register('s1')
    world.create('t1', 't2')
    report('t1', world.claim('t1', 's1'), { id: 'a', outputTokens: 1_000 })
    expect(account('fabric/total').frozenAt).toBe(world.now)
    world.register('s2')
    expect(world.refused({ type: 'claim_task', task: 't2', swarm: 's2' }).code).toBe('BUDGET_EXCEEDED')
  })
})

describe('help that spends its hold', () => {
  test('ends: the helper is told to stop, people are asked once, and nobody else is asked to spend', () => {
    world = new World()
    for (const swarm of ['s1', 's2', 's3']) world.register(swarm)
    world.create('t1')
    const blocker = world.block('t1', world.claim('t1', 's1'))
    world.send({ type: 'assign_helpers', blocker, swarms: ['s2'] })
    const { helpers } = world.send({ type: 'answer_help', blocker, swarm: 's2', accept: true })
    const epoch = helpers[0]?.epoch ?? -1
    expect(spend('t1', epoch, 9)).not.toHaveProperty('stop')
    expect(spend('t1', epoch, 1)).toHaveProperty('stop')
    expect(world.mail('s2').at(-1)).toMatchObject({ kind: 'claim_stopped', blocker })
    expect(world.state.blockers.get(blocker)?.helpers).toMatchObject([{ swarm: 's2', state: 'declined' }])
    expect(world.refused({ type: 'assign_helpers', blocker, swarms: ['s3'] }).code).toBe('BUDGET_EXCEEDED')
    expect(spend('t1', epoch, 5)).toHaveProperty('stop')
    expect(open().filter(({ kind, severity }) => kind === 'budget' && severity === 'warning')).toHaveLength(1)
    extend('help:t1/total', 10)
    world.send({ type: 'assign_helpers', blocker, swarms: ['s3'] })
    expectSameAfterRestart()
  })

  test('is not asked of a swarm whose own budget has no room for it', () => {
    start({ swarms: { s2: total(1) } })
    world.create('t1')
    const blocker = world.block('t1', world.claim('t1', 's1'))
    const refusal = world.refused({ type: 'assign_helpers', blocker, swarms: ['s2'] })
    expect(refusal).toMatchObject({ code: 'BUDGET_EXCEEDED', details: { account: 'swarm:s2/total' } })
    world.send({ type: 'assign_helpers', blocker, swarms: ['s3'] })
  })
})

test('a heartbeat with a model that has no price renews the lease and tells that its usage was refused', () => {
  const epoch = world.claim('t1', 's1')
  world.pass(10 * MINUTE_MS)
  const usage = { id: 'x', model: 'opus', inputTokens: 1 }
  const reply = world.send({ type: 'heartbeat', task: 't1', epoch, usage })
  expect(reply).toMatchObject({
    leaseEndsAt: world.now + 30 * MINUTE_MS,
    usage: { refused: { code: 'POLICY_VIOLATION', message: expect.stringContaining('opus') } },
  })
  expect(settled('fabric/total')).toBe(0)
})

test('a claim from before there was a bound is stopped by the one that came', () => {
  const { maxCostPerTaskNanos: _, ...unbounded } = policyWith({})
  world.send({ type: 'apply_policy', policy: unbounded, digest: 'unbounded' })
  const epoch = world.claim('t2', 's1')
  expect(beat('t2', epoch, 1)).not.toHaveProperty('stop')
  world.send({ type: 'apply_policy', policy: policyWith({}, { maxCostPerTaskNanos: 2 * DOLLAR }), digest: 'two' })
  expect(beat('t2', epoch, 1)).toHaveProperty('stop')
  expect(open()).toHaveLength(1)
  extend('task:t2/total', 5)
  expect(world.task('t2').claim).not.toHaveProperty('stoppedAt')
  expectSameAfterRestart()
})

test('a question about a claim ends with it', () => {
  const epoch = world.claim('t1', 's1')
  beat('t1', epoch, 4)
  expect(open()).toHaveLength(1)
  world.send({ type: 'complete_task', task: 't1', epoch, evidence: [] })
  expect(open()).toEqual([])
  expectSameAfterRestart()
})

test('a late report that spends the budget of a day that is over latches no breaker today', () => {
  const budgets = { ...DEFAULT_GOVERNOR_POLICY.budgets, swarms: { '*': { day: { nanos: 10 } } } }
  const world = new World({}, { budgets, maxCostPerTaskNanos: 5 })
  world.register('s1')
  world.create('t1')
  const epoch = world.claim('t1', 's1')
  world.send({ type: 'release_task', task: 't1', epoch })
  world.pass(2 * DAY_MS)
  world.send({ type: 'report_usage', task: 't1', epoch, usage: { id: 'late', costNanos: 10 } })
  expect(world.state.governor.breaker('s1').latched).toBe(false)
})

test.each([
  'swarm:nobody/total',
  'swarm:s1/day:banana',
  'swarm:s1/day:2020-01-01',
  'board:none/total',
  'task:none/total',
])('no budget is called %s, whatever limits all of its kind', (account) => {
  const every = { '*': { total: { nanos: 10 }, day: { nanos: 10 } } }
  const budgets = { ...DEFAULT_GOVERNOR_POLICY.budgets, boards: every, swarms: every }
  const world = new World({}, { budgets })
  world.register('s1')
  const extension = { type: 'extend_budget', account, nanos: 5, reason: 'more' } as const
  expect(world.refused(extension).code).toBe('NOT_FOUND')
  expect(world.send({ ...extension, account: 'swarm:s1/total' }).extendedNanos).toBe(5)
})
