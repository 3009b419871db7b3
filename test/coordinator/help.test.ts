import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CommandOf, CoordinatorCommand } from '../../src/coordinator/commands.js'
import { FabricState } from '../../src/coordinator/state.js'
import type { StateRow } from '../../src/coordinator/state-row.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../../src/governor/policy/policy.js'
import type { BlockerRow } from '../../src/model/blocker.js'
import { ADMIN_ACTOR, FABRIC_ACTOR, swarmActor } from '../../src/model/entry.js'
import { FabricError } from '../../src/model/errors.js'
import { NANOS_PER_DOLLAR as DOLLAR } from '../../src/model/money.js'
import { ORCHESTRATOR } from '../../src/model/swarm.js'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/model/time.js'
import { makeTask } from '../../src/testing/factories.js'
import { openTestFabric } from '../../src/testing/test-fabric.js'
import { World } from './world.js'

const SIP = 'net:sip'
const ICE = 'net:ice'
const RTP = 'net:rtp'

/** A stuck holder `s1` of `t1`, and the swarms that are named, each with its capabilities. */
function worldWith(swarms: Record<string, string[]>, governor: Partial<GovernorPolicy> = {}): World {
  const world = new World({}, governor)
  world.register('s1')
  for (const [swarm, capabilities] of Object.entries(swarms)) world.register(swarm, { capabilities })
  world.create('t1')
  return world
}

const blockerRow = (world: World, id: string): BlockerRow => {
  const row = world.state.blockers.get(id)
  if (row === undefined) throw new Error(`no blocker ${id}`)
  return row
}
/** Who was asked and has not declined. */
const asked = (world: World, id: string) =>
  blockerRow(world, id)
    .helpers.filter(({ state }) => state !== 'declined')
    .map(({ swarm }) => swarm)
const answer = (world: World, blocker: string, swarm: string, accept: boolean) =>
  world.send({ type: 'answer_help', blocker, swarm, accept })
const accept = (world: World, blocker: string, swarm: string): number =>
  answer(world, blocker, swarm, true).helpers.find((helper) => helper.swarm === swarm)?.epoch ?? -1
const questions = (world: World, blocker: string) =>
  [...world.state.governor.escalations.values()].filter((row) => row.blocker === blocker && row.state === 'open')
const written = (world: World, type: string, subject: string) =>
  world.log.filter((entry) => entry.type === type && entry.subject === subject)
const account = (world: World, id: string) => world.state.governor.books.account(id)
const kinds = (world: World, reader: string) => world.mail(reader).map(({ kind }) => kind)

/** Nobody is asked any more; people are, once. */
function expectUnavailable(world: World, blocker: string, why: RegExp): void {
  expect(asked(world, blocker)).toEqual([])
  const entries = written(world, 'help_unavailable', blocker)
  expect(entries).not.toEqual([])
  expect(entries.at(-1)?.data).toMatchObject({ task: 't1', reason: expect.stringMatching(why) })
  expect(questions(world, blocker)).toHaveLength(1)
  expect(questions(world, blocker)[0]).toMatchObject({
    kind: 'help',
    asker: 'swarm:s1',
    task: 't1',
    swarm: 's1',
    blocker,
    context: { needs: 'a hand' },
  })
  expect(blockerRow(world, blocker).escalation).toBe(questions(world, blocker)[0]?.id)
}

describe('the governor asks', () => {
  test('one swarm that can do all of it rather than two that share it, in the decision that raises the blocker', () => {
    const world = worldWith({ ice: [ICE], sip: [SIP] })
    world.register('whole', { capabilities: [SIP, ICE], reputation: 0.2 })
    const epoch = world.claim('t1', 's1')
    const from = world.log.length
    const id = world.block('t1', epoch, { requires: [SIP, ICE] })
    expect(world.log.slice(from)).toMatchObject([
      { type: 'blocker_raised', subject: id },
      {
        type: 'help_requested',
        subject: id,
        data: { task: 't1', swarms: ['whole'], asks: { whole: expect.arrayContaining([SIP, ICE]) } },
      },
    ])
    expect(blockerRow(world, id)).toMatchObject({
      state: 'assigned',
      helpers: [{ swarm: 'whole', state: 'requested' }],
    })
    expect(world.mail('whole')).toMatchObject([{ kind: 'help_requested', task: 't1', blocker: id }])
    expect([kinds(world, 'ice'), kinds(world, 'sip')]).toEqual([[], []])
    expect(questions(world, id)).toEqual([])
  })

  test('two that together can do it, each for its own part, with one decision and one hold', () => {
    const world = worldWith({ sip: [SIP], ice: [ICE], other: ['doc:md'] })
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP, ICE] })
    expect(asked(world, id).sort()).toEqual(['ice', 'sip'])
    const [request] = written(world, 'help_requested', id)
    expect(written(world, 'help_requested', id)).toHaveLength(1)
    expect(request?.data).toMatchObject({
      asks: { sip: [SIP], ice: [ICE] },
      hold: { amount: { nanos: 10 * DOLLAR }, accounts: ['help:t1/total'] },
    })
    expect(world.mail('sip')[0]?.text).toContain(SIP)
    expect(world.mail('sip')[0]?.text).not.toContain(ICE)
    expect(world.state.governor.books.holds.size).toBe(2)
  })

  test('the better of two that could: by reputation and by cost', () => {
    const world = new World({}, {})
    world.register('s1')
    world.register('a-poor', { capabilities: [SIP], reputation: 0.5 })
    world.register('b-good', { capabilities: [SIP], reputation: 0.9 })
    world.create('t1', 't2')
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    expect(asked(world, id)).toEqual(['b-good'])
    world.register('c-cheap', { capabilities: [SIP], reputation: 0.9, costPerHourNanos: DOLLAR / 10 })
    world.register('s2')
    const other = world.block('t2', world.claim('t2', 's2'), { requires: [SIP] })
    expect(asked(world, other)).toEqual(['c-cheap'])
  })

  test('one that has time rather than a better one that is at work', () => {
    const world = new World({}, {})
    world.register('s1')
    world.register('busy', { capabilities: [SIP] })
    world.register('idle', { capabilities: [SIP], reputation: 0.3 })
    world.create('t1', 't2')
    world.claim('t2', 'busy')
    expect(asked(world, world.block('t1', world.claim('t1', 's1'), { requires: [SIP] }))).toEqual(['idle'])
  })

  test('for what the task needs where the blocker names nothing', () => {
    const world = new World({}, {})
    world.register('s1', { capabilities: [SIP, ICE] })
    world.register('any', { capabilities: ['doc:md'] })
    world.register('expert', { capabilities: [SIP, ICE], reputation: 0.2 })
    world.create(makeTask('t1', { requires: [SIP, ICE] }), 't2')
    const id = world.block('t1', world.claim('t1', 's1'))
    expect(asked(world, id)).toEqual(['expert'])
    expect(blockerRow(world, id).helpers[0]?.asks).toEqual(expect.arrayContaining([SIP, ICE]))
  })

  test('anybody, the best one, where neither names anything', () => {
    const world = worldWith({})
    world.register('good', { reputation: 0.9 })
    world.register('poor', { reputation: 0.1 })
    expect(asked(world, world.block('t1', world.claim('t1', 's1')))).toEqual(['good'])
  })

  test.each(['task', 'human', 'external'] as const)('nobody for a blocker of kind %s', (kind) => {
    const world = worldWith({ expert: [SIP] })
    world.create('t2')
    const waitsFor = kind === 'task' ? { waitsFor: 't2' } : {}
    const id = world.block('t1', world.claim('t1', 's1'), { kind, requires: [SIP], ...waitsFor })
    expect(blockerRow(world, id).helpers).toEqual([])
    expect(written(world, 'help_unavailable', id)).toEqual([])
    expect(questions(world, id)).toHaveLength(kind === 'human' ? 1 : 0)
  })

  test('nobody by itself where the policy leaves it to the orchestrator', () => {
    const world = worldWith({ expert: [SIP] }, { help: { ...DEFAULT_GOVERNOR_POLICY.help, automatic: false } })
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    expect([blockerRow(world, id).helpers, questions(world, id)]).toEqual([[], []])
  })
})

describe('never asked is', () => {
  const OBSTACLES: Record<string, (world: World) => void> = {
    'one that is retired': (world) => world.send({ type: 'retire_swarm', swarm: 'expert' }),
    'one whose breaker is latched': (world) => trip(world, 'expert'),
    'one whose breaker is open': (world) => fail(world, 'expert'),
    'one whose breaker is half-open': (world) => {
      fail(world, 'expert')
      world.pass(40 * SECOND_MS)
      expect(world.state.governor.breaker('expert').state).toBe('half_open')
    },
    'one below the minimum reputation': (world) =>
      world.register('expert', { capabilities: [SIP, ICE], reputation: 0.49 }),
    'one whose capability only a grant makes count': (world) => {
      const policy = { ...world.state.governor.policy, capabilityRules: { [ICE]: { grantedOnly: true } } }
      world.send({ type: 'apply_policy', policy, digest: 'a'.repeat(64) })
    },
    'one below the reputation that a capability asks for': (world) => {
      const policy = { ...world.state.governor.policy, capabilityRules: { 'net:*': { minimumReputation: 1 } } }
      world.register('expert', { capabilities: [SIP, ICE], reputation: 0.99 })
      world.send({ type: 'apply_policy', policy, digest: 'a'.repeat(64) })
    },
    'one that can do only part of it': (world) => world.register('expert', { capabilities: [SIP] }),
  }

  const worldWithExpert = () => worldWith({ expert: [SIP, ICE], other: ['doc:md'] }, { minReputation: 0.5 })

  test.each(Object.entries(OBSTACLES))('%s', (_, hinder) => {
    const free = worldWithExpert()
    const helped = free.block('t1', free.claim('t1', 's1'), { requires: [SIP, ICE] })
    expect(asked(free, helped), 'without the obstacle').toEqual(['expert'])

    const world = worldWithExpert()
    hinder(world)
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP, ICE] })
    expectUnavailable(world, id, /nobody/)
    expect(kinds(world, 'expert')).not.toContain('help_requested')
  })

  test('one below the minimum reputation, also where nothing special is needed', () => {
    const world = worldWith({}, { minReputation: 0.5 })
    world.register('novice', { reputation: 0.4 })
    expectUnavailable(world, world.block('t1', world.claim('t1', 's1')), /nobody/)
  })

  test.each([trip, fail])('one whose breaker is open, also by the orchestrator', (open) => {
    const world = worldWith({ expert: [SIP] })
    open(world, 'expert')
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    const assign = { type: 'assign_helpers', blocker: id, swarms: ['expert'] } as const
    expect(world.refused(assign).code).toBe('BREAKER_OPEN')
    expect(asked(world, id)).toEqual([])
  })

  test('the swarm that is stuck, whatever it can do', () => {
    const world = new World({}, {})
    world.register('s1', { capabilities: [SIP] })
    world.create('t1')
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    expectUnavailable(world, id, /nobody/)
  })
})

describe('swarms on one task', () => {
  test('are at most as many as the policy allows, its holder and the helpers of all its blockers counted', () => {
    const world = worldWith({ a: [SIP], b: [ICE], c: [RTP] })
    const epoch = world.claim('t1', 's1')
    const [first, second, third] = [[SIP], [ICE], [RTP]].map((requires) => world.block('t1', epoch, { requires }))
    expect([asked(world, first ?? ''), asked(world, second ?? '')]).toEqual([['a'], ['b']])
    expectUnavailable(world, third ?? '', /as many swarms as may/)
    world.send({ type: 'resolve_blocker', blocker: first ?? '' })
    const fourth = world.block('t1', epoch, { requires: [RTP] })
    expect(asked(world, fourth), 'a place became free').toEqual(['c'])
  })

  test('leave no place for a team larger than what is left', () => {
    const world = worldWith({ a: [SIP], b: [ICE], c: [RTP] })
    const epoch = world.claim('t1', 's1')
    expect(asked(world, world.block('t1', epoch, { requires: [SIP] }))).toEqual(['a'])
    expectUnavailable(world, world.block('t1', epoch, { requires: [ICE, RTP] }), /nobody/)
  })

  test('may be only its holder', () => {
    const world = worldWith({ a: [SIP] }, { maxSwarmsPerTask: 1 })
    expectUnavailable(world, world.block('t1', world.claim('t1', 's1'), { requires: [SIP] }), /as many swarms/)
  })
})

describe('the hold for help', () => {
  const HELP = 'help:t1/total'

  test('is one, of at most max_cost_per_task, shared by the blockers of a claim and released with the last', () => {
    const world = worldWith({ a: [SIP], b: [ICE] })
    const epoch = world.claim('t1', 's1')
    const first = world.block('t1', epoch, { requires: [SIP] })
    const second = world.block('t1', epoch, { requires: [ICE] })
    expect([first, second].map((id) => blockerRow(world, id).hold)).toEqual([first, first])
    expect(account(world, HELP).held.nanos).toBe(10 * DOLLAR)
    expect(world.state.governor.books.holds.get(first)).toMatchObject({ kind: 'help', task: 't1', swarm: 's1', epoch })
    world.send({ type: 'resolve_blocker', blocker: first })
    expect(account(world, HELP).held.nanos, 'while one is left').toBe(10 * DOLLAR)
    world.send({ type: 'resolve_blocker', blocker: second })
    expect(account(world, HELP).held.nanos).toBe(0)
    expect(world.state.governor.books.hold(first)?.released).toMatchObject({ wasted: false })
  })

  test('survives a snapshot in which the blocker that placed it is resolved', () => {
    const world = worldWith({ a: [SIP], b: [ICE] })
    const epoch = world.claim('t1', 's1')
    const first = world.block('t1', epoch, { requires: [SIP] })
    const second = world.block('t1', epoch, { requires: [ICE] })
    world.send({ type: 'resolve_blocker', blocker: first })
    reload(world)
    expect(account(world, HELP).held.nanos).toBe(10 * DOLLAR)
    world.send({ type: 'resolve_blocker', blocker: second })
    expect(account(world, HELP).held.nanos).toBe(0)
  })

  test('ends with the claim, and the next claim may have what is left of the budget for help', () => {
    const world = worldWith({ a: [SIP] })
    const epoch = world.claim('t1', 's1')
    const id = world.block('t1', epoch, { requires: [SIP] })
    spend(world, accept(world, id, 'a'), 'a', 4 * DOLLAR)
    world.send({ type: 'release_task', task: 't1', epoch })
    expect(account(world, HELP)).toMatchObject({ held: { nanos: 0 }, settled: { nanos: 4 * DOLLAR } })
    expect(account(world, HELP).wastedNanos).toBe(4 * DOLLAR)
    const again = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    expect(world.state.governor.books.holds.get(again)?.amount.nanos).toBe(6 * DOLLAR)
  })

  test('is not placed twice when helpers of a task without limits spent before it got one', () => {
    const { maxCostPerTaskNanos: _, ...unlimited } = DEFAULT_GOVERNOR_POLICY
    const world = worldWith({ a: [SIP], b: [SIP] }, { maxCostPerTaskNanos: undefined } as never)
    world.state.applyPolicy({ policy: unlimited })
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    spend(world, accept(world, id, 'a'), 'a', DOLLAR)
    world.send({ type: 'apply_policy', policy: DEFAULT_GOVERNOR_POLICY, digest: 'b'.repeat(64) })
    answer(world, id, 'a', false)
    world.pass(0)
    expect(asked(world, id)).toEqual(['b'])
    world.send({ type: 'resolve_blocker', blocker: id })
    expect(world.state.governor.books.holds.has(id)).toBe(false)
  })

  test('of a blocker without limits ends with it', () => {
    const { maxCostPerTaskNanos: _, ...unlimited } = DEFAULT_GOVERNOR_POLICY
    const world = worldWith({ a: [SIP] })
    world.state.applyPolicy({ policy: unlimited })
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    const own = accept(world, id, 'a')
    spend(world, own, 'a', DOLLAR)
    world.send({ type: 'resolve_blocker', blocker: id })
    expect([...world.state.governor.books.holds.keys()]).toEqual([])
    expect(spend(world, own, 'a', DOLLAR, 'again')).toMatchObject({ late: true })
    expect(account(world, 'swarm:a/total').settled.nanos).toBe(2 * DOLLAR)
  })
})

describe('others are found', () => {
  const worldOfThree = () => {
    const world = worldWith({})
    for (const [position, swarm] of ['a', 'b', 'c'].entries()) {
      world.register(swarm, { capabilities: [SIP], reputation: 0.9 - position / 10 })
    }
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    expect(asked(world, id)).toEqual(['a'])
    return { world, id }
  }

  test('when the one that was asked declines; it is not asked again', () => {
    const { world, id } = worldOfThree()
    answer(world, id, 'a', false)
    expect(asked(world, id)).toEqual([])
    world.pass(0)
    expect(asked(world, id)).toEqual(['b'])
    answer(world, id, 'b', false)
    world.pass(0)
    expect(asked(world, id)).toEqual(['c'])
    expect(questions(world, id)).toEqual([])
    answer(world, id, 'c', false)
    world.pass(0)
    expectUnavailable(world, id, /nobody/)
    expect(written(world, 'help_requested', id)).toHaveLength(3)
    expect(world.state.governor.books.account('help:t1/total').held.nanos).toBe(10 * DOLLAR)
    world.pass(HOUR_MS)
    expect(written(world, 'help_unavailable', id).length).toBe(1)
  })

  test('when it does not answer within five minutes, and not before', () => {
    const { world, id } = worldOfThree()
    world.pass(5 * MINUTE_MS - 1)
    expect(asked(world, id)).toEqual(['a'])
    world.pass(1)
    expect(asked(world, id)).toEqual(['b'])
    expect(blockerRow(world, id).helpers[0]).toMatchObject({ swarm: 'a', state: 'declined' })
    expect(world.refused({ type: 'answer_help', blocker: id, swarm: 'a', accept: true }).code).toBe('WRONG_STATE')
  })

  test('when it accepted and is silent for half an hour; accepting again says that it is at it', () => {
    const { world, id } = worldOfThree()
    const epoch = accept(world, id, 'a')
    const stay = () => {
      const task = world.task('t1')
      world.send({ type: 'heartbeat', task: 't1', epoch: task.claim?.epoch ?? -1 })
    }
    const work = (minutes: number) => {
      for (let minute = 0; minute < minutes; minute += 1) {
        stay()
        world.pass(MINUTE_MS)
      }
    }
    work(20)
    expect(world.written(() => expect(accept(world, id, 'a')).toBe(epoch))).toEqual([])
    work(29)
    expect(asked(world, id)).toEqual(['a'])
    work(1)
    expect(asked(world, id)).toEqual(['b'])
    expect(world.refused({ type: 'resolve_blocker', blocker: id, swarm: 'a', epoch }).code).toBe('STALE_CLAIM')
  })

  test('not because of a restart: everyone gets a full term', () => {
    const { world, id } = worldOfThree()
    world.pass(4 * MINUTE_MS)
    world.restart()
    world.pass(5 * MINUTE_MS - 1)
    expect(asked(world, id)).toEqual(['a'])
    world.pass(1)
    expect(asked(world, id)).toEqual(['b'])
  })

  test.each([
    ['is retired', (world: World) => world.send({ type: 'retire_swarm', swarm: 'a' })],
    ['has its breaker opened by failures', (world: World) => fail(world, 'a')],
    ['has its breaker tripped', (world: World) => trip(world, 'a')],
    [
      'spends its own budget elsewhere',
      (world: World) => {
        world.create('t9')
        world.register('a', { capabilities: [SIP], reputation: 0.9, capacity: 2, budgetNanos: 11 * DOLLAR })
        spend(world, world.claim('t9', 'a'), 'a', 11 * DOLLAR, 'all', 't9')
      },
    ],
  ])('when a helper %s', (_, end) => {
    const { world, id } = worldOfThree()
    accept(world, id, 'a')
    end(world)
    expect(asked(world, id)).toEqual([])
    world.pass(0)
    expect(asked(world, id)).toEqual(['b'])
    expect(kinds(world, 's1')).toContain('help_declined')
  })

  test('for the part that is missing, while the others go on', () => {
    const world = worldWith({ sip: [SIP], ice: [ICE], ice2: [ICE, 'doc:md'] })
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP, ICE] })
    const [lost] = asked(world, id).filter((swarm) => swarm !== 'sip')
    accept(world, id, 'sip')
    answer(world, id, lost ?? '', false)
    world.pass(0)
    const instead = lost === 'ice' ? 'ice2' : 'ice'
    expect(asked(world, id).sort()).toEqual([instead, 'sip'])
    expect(blockerRow(world, id).helpers.find(({ swarm }) => swarm === instead)?.asks).toEqual([ICE])
    expect(written(world, 'help_requested', id).at(-1)?.data).not.toHaveProperty('hold')
  })

  test('not after the blocker is resolved', () => {
    const { world, id } = worldOfThree()
    answer(world, id, 'a', false)
    world.send({ type: 'resolve_blocker', blocker: id })
    world.pass(HOUR_MS)
    expect(written(world, 'help_requested', id)).toHaveLength(1)
    expect([...world.state.deadlines.items()].filter(({ kind }) => kind === 'help')).toEqual([])
  })
})

describe('what is due at one moment', () => {
  /** As after a pause of the machine: everything is late, and one tick finds all of it. */
  function jump(world: World, ms: number): void {
    world.now += ms
    for (let next = world.state.deadlines.first(); next !== undefined && next.at <= world.now; ) {
      world.send({ type: 'tick' }, FABRIC_ACTOR)
      next = world.state.deadlines.first()
    }
  }

  test('the end of a claim and the third failure of its helper: the blocker stays resolved', () => {
    const world = worldWith({ a: [SIP] })
    world.register('a', { capabilities: [SIP], capacity: 3 })
    world.create('t2', 't3', 't4')
    const { epoch } = world.send({ type: 'claim_task', task: 't1', swarm: 's1', leaseMs: MINUTE_MS })
    const id = world.block('t1', epoch, { requires: [SIP] })
    accept(world, id, 'a')
    for (const task of ['t2', 't3']) {
      world.send({ type: 'fail_task', task, epoch: world.claim(task, 'a'), reason: 'no', retry: true })
    }
    world.send({ type: 'claim_task', task: 't4', swarm: 'a', leaseMs: 2 * MINUTE_MS })
    jump(world, HOUR_MS)
    expect(world.state.governor.breaker('a').trips).toBe(1)
    expect(blockerRow(world, id)).toMatchObject({ state: 'resolved', resolvedBy: 'claim_ended' })
    expect([world.state.openBlockers, world.state.stuck]).toEqual([0, 0])
    expect(written(world, 'help_requested', id)).toHaveLength(1)
    expect([...world.state.helping.get('a')]).toEqual([])
  })

  test('the end of a claim and the end of the question about it: it ends once', () => {
    const world = worldWith({}, { escalationMs: 45 * MINUTE_MS })
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    const [question] = questions(world, id)
    jump(world, HOUR_MS)
    expect(blockerRow(world, id).state).toBe('resolved')
    expect(world.state.governor.escalation(question?.id ?? '')?.state).toBe('settled')
    expect(written(world, 'escalation_expired', question?.id ?? '')).toEqual([])
  })

  test('a place to fill and a breaker that opens: nobody is asked whose breaker is open', () => {
    const world = worldWith({ a: [SIP] })
    world.register('b', { capabilities: [SIP], capacity: 2, reputation: 0.5 })
    world.create('t2', 't3', 't4')
    const epoch = world.claim('t1', 's1')
    const id = world.block('t1', epoch, { requires: [SIP] })
    expect(asked(world, id)).toEqual(['a'])
    for (const task of ['t2', 't3']) {
      world.send({ type: 'fail_task', task, epoch: world.claim(task, 'b'), reason: 'no', retry: true })
    }
    world.send({ type: 'claim_task', task: 't4', swarm: 'b', leaseMs: MINUTE_MS })
    world.now += 2 * MINUTE_MS
    answer(world, id, 'a', false)
    jump(world, 0)
    const opened = world.log.findIndex(({ type, subject }) => type === 'breaker_opened' && subject === 'b')
    expect(opened).toBeGreaterThan(0)
    const later = world.log.slice(opened).filter(({ type }) => type === 'help_requested')
    expect(later).toEqual([])
    expectUnavailable(world, id, /nobody/)
  })
})

describe('people are asked', () => {
  const EXHAUSTED: Partial<GovernorPolicy> = {
    budgets: { ...DEFAULT_GOVERNOR_POLICY.budgets, fabric: { total: { nanos: 15 * DOLLAR } } },
  }

  test.each([
    ['nobody qualifies', worldWith({ other: ['doc:md'] }), /nobody/],
    ['there is no place', worldWith({ a: [SIP] }, { maxSwarmsPerTask: 1 }), /as many swarms/],
    ['there is no budget', worldWith({ a: [SIP] }, EXHAUSTED), /budget/],
  ])('once, where %s; their answer resolves the blocker and the holder hears of it at once', (_, world, why) => {
    const epoch = world.claim('t1', 's1')
    const id = world.block('t1', epoch, { requires: [SIP] })
    expectUnavailable(world, id, why)
    const [question] = questions(world, id)
    expect(question?.context).toMatchObject({ requires: SIP, why: expect.stringMatching(why) })
    expect(kinds(world, ORCHESTRATOR)).toContain('escalation_opened')
    world.pass(MINUTE_MS)
    expect(questions(world, id)).toHaveLength(1)

    const said = { type: 'answer_escalation', escalation: question?.id ?? '', answer: 'use the old parser' } as const
    const types = world.written(() => world.send(said))
    expect(types).toEqual([`escalation_answered ${question?.id}`, `blocker_resolved ${id}`])
    expect(blockerRow(world, id)).toMatchObject({ state: 'resolved', resolution: 'use the old parser' })
    expect(kinds(world, 's1')).toEqual(['escalation_answered', 'blocker_resolved'])
    expect(world.mail('s1')[0]?.text).toContain('use the old parser')
    expect(world.task('t1')).toMatchObject({ openBlockers: [], claim: { epoch } })
    expect(world.next('s1')).toBe('resume t1')
  })

  test('for each kind of end: what resolves the blocker settles the question', () => {
    const world = worldWith({})
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    const [question] = questions(world, id)
    world.send({ type: 'resolve_blocker', blocker: id })
    expect(world.state.governor.escalation(question?.id ?? '')?.state).toBe('settled')
    const late = { type: 'answer_escalation', escalation: question?.id ?? '', answer: 'too late' } as const
    expect(world.refused(late).code).toBe('WRONG_STATE')
  })

  test('of people, not of swarms: neither the stuck one nor another answers', () => {
    const world = worldWith({})
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    const said = { type: 'answer_escalation', escalation: questions(world, id)[0]?.id ?? '', answer: 'x' } as const
    for (const swarm of ['s1', 's9']) expect(world.refused(said, swarmActor(swarm)).code).toBe('FORBIDDEN')
    expect(world.send(said).state).toBe('answered')
  })

  test('a second time only when the first question is over', () => {
    const world = worldWith({ a: [SIP] })
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    answer(world, id, 'a', false)
    world.pass(0)
    expect(questions(world, id)).toHaveLength(1)
    // The orchestrator knows somebody; who declines too.
    world.register('b', { capabilities: [SIP] })
    world.send({ type: 'assign_helpers', blocker: id, swarms: ['b'] })
    answer(world, id, 'b', false)
    world.pass(0)
    expect(questions(world, id)).toHaveLength(1)
    expect(written(world, 'help_unavailable', id)).toHaveLength(2)
  })
})

describe('what a helper spends', () => {
  const HELP = 'help:t1/total'

  test('is reported under its own epoch, once, and booked to the hold for help and to its own budget', () => {
    const world = worldWith({})
    world.register('a', { capabilities: [SIP], budgetNanos: 50 * DOLLAR })
    const epoch = world.claim('t1', 's1')
    const id = world.block('t1', epoch, { requires: [SIP] })
    const own = accept(world, id, 'a')
    expect(spend(world, own, 'a', 3 * DOLLAR)).toMatchObject({ swarm: 'a', late: false, repeated: false })
    expect(spend(world, own, 'a', 3 * DOLLAR)).toMatchObject({ repeated: true })
    expect(account(world, HELP)).toMatchObject({ settled: { nanos: 3 * DOLLAR }, held: { nanos: 7 * DOLLAR } })
    expect(account(world, 'swarm:a/total').settled.nanos).toBe(3 * DOLLAR)
    expect(account(world, 'swarm:s1/total').settled.nanos).toBe(0)
    expect(account(world, 'task:t1/total').settled.nanos).toBe(0)
    expect(world.refused({ ...usage(own, 's1', DOLLAR) }).code).toBe('STALE_CLAIM')
    expect(world.refused(usage(epoch, 'a', DOLLAR)).code).toBe('STALE_CLAIM')
    expect(world.refused(usage(own, 'a', DOLLAR, 'other'), swarmActor('s1')).code).toBe('FORBIDDEN')
  })

  test('and reports after the blocker is resolved is late, and booked', () => {
    const world = worldWith({ a: [SIP] })
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    const own = accept(world, id, 'a')
    world.send({ type: 'resolve_blocker', blocker: id, swarm: 'a', epoch: own })
    expect(spend(world, own, 'a', 2 * DOLLAR)).toMatchObject({ late: true })
    expect(account(world, HELP)).toMatchObject({ settled: { nanos: 2 * DOLLAR }, held: { nanos: 0 } })
    expect(account(world, 'swarm:a/total').settled.nanos).toBe(2 * DOLLAR)
  })

  test('before it gave up is taken too: the money is gone all the same', () => {
    const world = worldWith({ a: [SIP], b: [SIP] })
    const id = world.block('t1', world.claim('t1', 's1'), { requires: [SIP] })
    const own = accept(world, id, 'a')
    answer(world, id, 'a', false)
    expect(spend(world, own, 'a', DOLLAR)).toMatchObject({ swarm: 'a' })
    expect(account(world, HELP).settled.nanos).toBe(DOLLAR)
    expect(world.refused({ type: 'resolve_blocker', blocker: id, swarm: 'a', epoch: own }).code).toBe('STALE_CLAIM')
  })

  test('beyond the hold freezes the budget for help: nobody else is asked, and people are', () => {
    const world = worldWith({ a: [SIP], b: [SIP] })
    const epoch = world.claim('t1', 's1')
    const id = world.block('t1', epoch, { requires: [SIP] })
    spend(world, accept(world, id, 'a'), 'a', 11 * DOLLAR)
    expect(account(world, HELP)).toMatchObject({ frozenAt: world.now, settled: { nanos: 11 * DOLLAR } })
    expect([...world.state.governor.escalations.values()]).toMatchObject([{ kind: 'budget', account: HELP }])
    world.send({ type: 'resolve_blocker', blocker: id })
    expectUnavailable(world, world.block('t1', epoch, { requires: [SIP] }), /budget/)
  })
})

describe('whatever is said around one blocker', () => {
  const SWARMS = ['a', 'b', 'c', 'd', 'e']
  const swarm = fc.constantFrom(...SWARMS)
  const word = fc.oneof(
    fc.record({ say: fc.constant('assign' as const), swarms: fc.subarray(SWARMS, { minLength: 1 }) }),
    fc.record({ say: fc.constantFrom('accept', 'decline', 'retire', 'return', 'trip', 'reset'), swarm }),
    fc.record({ say: fc.constant('raise' as const), requires: fc.subarray([SIP, ICE]) }),
    fc.record({ say: fc.constant('resolve' as const), which: fc.nat(3) }),
    fc.record({ say: fc.constant('pass' as const), minutes: fc.constantFrom(0, 1, 5, 31) }),
    fc.record({ say: fc.constant('reload' as const) }),
  )
  type Word = typeof word extends fc.Arbitrary<infer One> ? One : never

  test('no more help than the policy allows, nobody twice, no open breaker, one question', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40, size: 'max' }), (words) => {
        const world = worldWith({ a: [SIP], b: [SIP, ICE], c: [ICE], d: [SIP, ICE], e: [] })
        const epoch = world.claim('t1', 's1')
        world.block('t1', epoch, { requires: [SIP, ICE] })
        for (const one of words) {
          for (const command of commandsOf(world, epoch, one)) attempt(world, command)
          if (one.say === 'pass') {
            attempt(world, { type: 'heartbeat', task: 't1', epoch })
            world.pass(one.minutes * MINUTE_MS)
          } else if (one.say === 'reload') reload(world)
          requireSound(world)
        }
      }),
      { numRuns: 300 },
    )
  })

  function commandsOf(world: World, epoch: number, one: Word): CoordinatorCommand[] {
    const open = [...world.state.blockers.values()].filter(({ state }) => state !== 'resolved')
    switch (one.say) {
      case 'assign':
        return open.slice(0, 1).map(({ id }) => ({ type: 'assign_helpers', blocker: id, swarms: one.swarms }))
      case 'raise':
        return [{ type: 'raise_blocker', task: 't1', epoch, kind: 'help', needs: 'a hand', requires: one.requires }]
      case 'resolve':
        return open.slice(one.which, one.which + 1).map(({ id }) => ({ type: 'resolve_blocker', blocker: id }))
      case 'pass':
      case 'reload':
        return []
      case 'retire':
        return [{ type: 'retire_swarm', swarm: one.swarm }]
      case 'return': {
        const { capabilities = [] } = world.state.swarms.get(one.swarm) ?? {}
        return [{ type: 'register_swarm', swarm: one.swarm, capabilities, capacity: 1, metadata: {} }]
      }
      case 'trip':
        return [{ type: 'trip_breaker', swarm: one.swarm, cause: 'administrator', reason: 'no' }]
      case 'reset':
        return [{ type: 'reset_breaker', swarm: one.swarm, reason: 'yes' }]
      default: {
        const accepts = one.say === 'accept'
        return open.map(({ id }) => ({ type: 'answer_help', blocker: id, swarm: one.swarm, accept: accepts }))
      }
    }
  }

  function requireSound(world: World): void {
    const blockers = [...world.state.blockers.values()]
    const unresolved = blockers.filter(({ state }) => state !== 'resolved')
    for (const { id, helpers, state } of blockers) {
      const names = helpers.map((helper) => helper.swarm)
      expect(new Set(names).size, `nobody twice in ${id}`).toBe(names.length)
      expect(names).not.toContain('s1')
      if (state !== 'resolved') expect(state).toBe(asked(world, id).length > 0 ? 'assigned' : 'open')
      expect(questions(world, id).length).toBeLessThanOrEqual(state === 'resolved' ? 0 : 1)
    }
    const helping = new Set(unresolved.flatMap(({ id }) => asked(world, id)))
    expect(helping.size).toBeLessThanOrEqual(2)
    for (const one of helping) {
      expect(world.state.swarms.get(one)?.state).toBe('active')
      expect(world.state.governor.breaker(one).state).toBe('closed')
    }
    const holds = [...world.state.governor.books.holds.values()].filter(({ kind }) => kind === 'help')
    expect(holds.length).toBeLessThanOrEqual(1)
    const helped = unresolved.some(({ hold }) => hold !== undefined)
    expect(account(world, 'help:t1/total').held.nanos).toBe(helped ? 10 * DOLLAR : 0)
  }
})

test('what many ask for at the same moment is decided one after the other: never more helpers than the policy allows', async () => {
  const { fabric, faults } = await openTestFabric()
  try {
    const admin = { actor: ADMIN_ACTOR }
    const swarms = Array.from({ length: 40 }, (_, position) => `h${position}`)
    for (const swarm of ['s1', ...swarms]) await fabric.submit(registration(swarm), admin)
    await fabric.submit({ type: 'create_task', task: makeTask('t1') }, admin)
    const { epoch } = await fabric.submit({ type: 'claim_task', task: 't1', swarm: 's1' }, admin)
    const needs = { kind: 'help', needs: 'a hand', requires: [] } as const
    const raise = { type: 'raise_blocker', task: 't1', epoch, ...needs } as const
    const raised = await Promise.all([fabric.submit(raise, admin), fabric.submit(raise, admin)])
    const commands = raised.flatMap(({ id: blocker }) =>
      swarms.flatMap((swarm) => [
        { type: 'assign_helpers', blocker, swarms: [swarm] } as const,
        { type: 'answer_help', blocker, swarm, accept: true } as const,
      ]),
    )
    const outcomes = await Promise.allSettled(commands.map((command) => fabric.submit(command, admin)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeLessThan(12)
    const helpers = await fabric.read(({ blockers }) =>
      raised.flatMap(({ id }) => (blockers.get(id)?.helpers ?? []).map((helper) => helper.swarm)),
    )
    expect(new Set(helpers).size).toBe(2)
    expect(faults).toEqual([])
  } finally {
    await fabric.close()
  }
})

function registration(swarm: string): CommandOf<'register_swarm'> {
  return { type: 'register_swarm', swarm, capabilities: [], capacity: 1, metadata: {} }
}

function usage(epoch: number, swarm: string, costNanos: number, id = 'first', task = 't1'): CommandOf<'report_usage'> {
  return { type: 'report_usage', task, epoch, swarm, usage: { id, costNanos } }
}

function spend(world: World, epoch: number, swarm: string, costNanos: number, id = 'first', task = 't1') {
  return world.send(usage(epoch, swarm, costNanos, id, task))
}

function trip(world: World, swarm: string): void {
  const reason = 'it edits what it must not'
  world.send({ type: 'trip_breaker', swarm, cause: 'administrator', reason }, ADMIN_ACTOR)
}

/** Opens a breaker without latching it. */
function fail(world: World, swarm: string): void {
  for (let call = 0; call < 3; call += 1) {
    world.send({ type: 'report_call', swarm, succeeded: false, generation: world.log.length })
  }
  expect(world.state.governor.breaker(swarm)).toMatchObject({ state: 'open', latched: false })
}

function attempt(world: World, command: CoordinatorCommand): void {
  try {
    world.send(command, ADMIN_ACTOR)
  } catch (error) {
    if (!(error instanceof FabricError) || error.code === 'INTERNAL') throw error
  }
}

/** As a restart from a snapshot: the rows alone, and nothing that is volatile. */
function reload(world: World): void {
  const state = new FabricState(world.policy)
  for (const row of world.state.rows()) state.putRow(structuredClone(row) as StateRow)
  state.forgetNews()
  state.startedAt = world.now
  const rows = (one: FabricState) => [...one.rows()].map((row) => JSON.stringify(row)).sort()
  expect(rows(state), 'rows of a snapshot').toEqual(rows(world.state))
  world.state = state
}

describe('a second blocker on a task', () => {
  function busy(requires: Record<string, string[]>) {
    const world = worldWith(requires)
    const epoch = world.claim('t1', 's1')
    world.block('t1', epoch, { requires: ['x:a', 'x:b'] })
    return { world, epoch }
  }

  test('asks a swarm that helps there already, although all places are taken', () => {
    const { world, epoch } = busy({ h1: ['x:a'], h2: ['x:b'] })
    const second = world.block('t1', epoch, { requires: ['x:a'] })
    expect(blockerRow(world, second).helpers).toMatchObject([{ swarm: 'h1', state: 'requested' }])
    expect(questions(world, second)).toEqual([])
  })
})

test('a swarm that is called as a cause is still a swarm: the hold for help ends with its word', () => {
  const world = worldWith({ claim_ended: ['x:a'] })
  const id = world.block('t1', world.claim('t1', 's1'), { requires: ['x:a'] })
  world.send({ type: 'answer_help', swarm: 'claim_ended', blocker: id, accept: true })
  const { epoch } = blockerRow(world, id).helpers[0] ?? {}
  world.send({ type: 'resolve_blocker', blocker: id, swarm: 'claim_ended', epoch: epoch ?? 0 })
  expect([...world.state.governor.books.holds.keys()]).not.toContain(id)
})
