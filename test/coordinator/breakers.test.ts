import { beforeEach, describe, expect, test } from 'vitest'
import type { CoordinatorCommand } from '../../src/coordinator/commands.js'
import type { CallPermit } from '../../src/coordinator/replies.js'
import { DEFAULT_GOVERNOR_POLICY, type GovernorPolicy } from '../../src/governor/policy/policy.js'
import { ADMIN_ACTOR, swarmActor } from '../../src/model/entry.js'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../src/model/time.js'
import { makeTask } from '../../src/testing/factories.js'
import { World } from './world.js'

/** Breakers open for 30 seconds, spread by a tenth. */
const LONGEST_FIRST_MS = 33 * SECOND_MS

let world: World

function start(governor: Partial<GovernorPolicy> = {}): void {
  const help = { automatic: false, answerMs: DAY_MS, leaseMs: DAY_MS }
  world = new World({ maxFailures: 1_000, backoffMs: 0 }, { help, ...governor })
  world.register('s1', { capacity: 50 })
  world.register('s2')
  world.create(...Array.from({ length: 30 }, (_, at) => `t${at}`))
}

beforeEach(() => start())

const row = (swarm = 's1') => world.state.governor.breaker(swarm)
const fail = (task: string, epoch = world.claim(task, 's1')) =>
  world.send({ type: 'fail_task', task, epoch, reason: 'broken', retry: true })
const complete = (task: string, epoch = world.claim(task, 's1')) =>
  world.send({ type: 'complete_task', task, epoch, evidence: [] })
const claim = (task: string) => ({ type: 'claim_task', task, swarm: 's1' }) as const
const admit = (): CallPermit => world.send({ type: 'admit_call', swarm: 's1' })
const reset = () => world.send({ type: 'reset_breaker', swarm: 's1', reason: 'looked at' }, ADMIN_ACTOR)

function reportCall({ generation, probe }: CallPermit, succeeded: boolean) {
  const named = probe === undefined ? {} : { probe }
  return world.send({ type: 'report_call', swarm: 's1', succeeded, generation, ...named }, ADMIN_ACTOR)
}

/** Opens the breaker by failures of tasks. */
function trip(): void {
  for (let at = 0; at < 3; at += 1) fail(`t${29 - at}`)
  expect(row()).toMatchObject({ state: 'open', latched: false })
}

/** Lets the time of an open breaker pass. */
function waitOut(): void {
  world.pass((row().opensUntil ?? 0) - world.now)
  expect(row().state).toBe('half_open')
}

/** What an accepted command, or the code of its refusal, was. */
function tryTo(command: CoordinatorCommand): string {
  const before = world.log.length
  try {
    world.send(command)
    return 'accepted'
  } catch (error) {
    expect(world.log.length).toBe(before)
    return (error as { code: string }).code
  }
}

function expectSameAfterRestart(): void {
  const rows = () => JSON.stringify([...world.state.rows()])
  const before = rows()
  world.restart()
  expect(rows()).toBe(before)
}

describe('a closed breaker', () => {
  test('opens with the third failure in a row, in the same decision', () => {
    fail('t1')
    fail('t2')
    expect(row()).toMatchObject({ state: 'closed', consecutiveFailures: 2 })
    const epoch = world.claim('t3', 's1')
    expect(world.written(() => fail('t3', epoch))).toEqual(['task_attempt_failed t3', 'breaker_opened s1'])
    expect(row()).toMatchObject({ state: 'open', cause: 'failures', trips: 1, openedAt: world.now })
    expect(world.mail('s1').at(-1)).toMatchObject({ kind: 'breaker_opened', from: 'fabric' })
    expect(world.mail('orchestrator').at(-1)).toMatchObject({ kind: 'breaker_opened' })
    expect(row('s2')).toMatchObject({ state: 'closed', outcomes: '' })
    expectSameAfterRestart()
  })

  test('a success resets the count, a release and a cancelled task do not touch it', () => {
    fail('t1')
    fail('t2')
    const epoch = world.claim('t3', 's1')
    world.send({ type: 'release_task', task: 't3', epoch })
    world.claim('t4', 's1')
    world.send({ type: 'cancel_task', task: 't4', cascade: false })
    expect(row().consecutiveFailures).toBe(2)
    complete('t5')
    fail('t6')
    fail('t7')
    expect(row()).toMatchObject({ state: 'closed', outcomes: '00100' })
    fail('t8')
    expect(row().state).toBe('open')
  })

  test('a lost lease is a failure, and three that end at once open it once', () => {
    for (const task of ['t1', 't2', 't3']) world.claim(task, 's1')
    world.pass(30 * MINUTE_MS)
    expect(world.log.filter(({ type }) => type === 'breaker_opened')).toHaveLength(1)
    expect(row()).toMatchObject({ cause: 'failures', trips: 1 })
  })

  test('calls count with tasks; nothing is written to let one through', () => {
    let permit: CallPermit | undefined
    expect(
      world.written(() => {
        permit = admit()
      }),
    ).toEqual([])
    expect(permit).toEqual({ swarm: 's1', generation: 0 })
    fail('t1')
    for (const succeeded of [true, false, false]) reportCall(admit(), succeeded)
    expect(row()).toMatchObject({ outcomes: '0100', state: 'closed' })
    expect(reportCall(admit(), false)).toMatchObject({ counted: true, breaker: { state: 'open', cause: 'failures' } })
  })

  test('is kept closed neither by calls of a swarm that it made up, nor by true ones between failed claims', () => {
    for (const task of ['t1', 't2', 't3']) {
      const madeUp = { type: 'report_call', swarm: 's1', succeeded: true, generation: row().generation } as const
      expect(world.send(madeUp)).toMatchObject({ counted: false })
      reportCall(admit(), true)
      fail(task)
    }
    expect(row()).toMatchObject({ state: 'open', cause: 'failures' })
  })

  test('opens when half of the last ten failed, though never three in a row', () => {
    for (const outcome of '110010010') reportCall(admit(), outcome === '1')
    expect(row().state).toBe('closed')
    expect(reportCall(admit(), false).breaker).toMatchObject({ state: 'open', cause: 'failure_rate' })
  })
})

describe('mistakes of its own', () => {
  test('never count, however many: the row is not even there', () => {
    world.create(makeTask('b', { dependencies: ['t0'] }), makeTask('x', { requires: ['a:b'] }), makeTask('done'))
    world.create(makeTask('dear', { maxCostNanos: 2 ** 50 }))
    complete('done', world.claim('done', 's2'))
    const mine = world.claim('t1', 's1')
    world.claim('t2', 's2')
    const before = world.state.governor.breakers.get('s1')
    const usage = { id: 'u', costNanos: -1 }
    const commands: readonly (readonly [CoordinatorCommand, string])[] = [
      [{ type: 'heartbeat', task: 't1', epoch: mine, swarm: 's1', usage }, 'INVALID_ARGUMENT'],
      [{ type: 'report_usage', task: 't1', epoch: mine, swarm: 's1', usage: { id: 'u' } }, 'INVALID_ARGUMENT'],
      [
        { type: 'report_usage', task: 't1', epoch: mine, swarm: 's1', usage: { id: 'u', model: 'unknown' } },
        'POLICY_VIOLATION',
      ],
      [claim('x'), 'NOT_ELIGIBLE'],
      [claim('b'), 'BLOCKED_BY'],
      [claim('done'), 'WRONG_STATE'],
      [claim('nowhere'), 'NOT_FOUND'],
      [claim('t2'), 'ALREADY_CLAIMED'],
      [claim('dear'), 'POLICY_VIOLATION'],
      [{ type: 'complete_task', task: 't1', swarm: 's1', epoch: 1, evidence: [] }, 'STALE_CLAIM'],
      [{ type: 'fail_task', task: 't2', swarm: 's1', epoch: mine, reason: 'x', retry: true }, 'STALE_CLAIM'],
      [{ type: 'answer_help', swarm: 's1', blocker: 'none', accept: true }, 'NOT_FOUND'],
      [{ type: 'grant_capabilities', swarm: 's1', capabilities: ['a:b'] }, 'FORBIDDEN'],
      [{ type: 'trip_breaker', swarm: 's1', cause: 'administrator', reason: 'x' }, 'FORBIDDEN'],
      [{ type: 'reset_breaker', swarm: 's1', reason: 'x' }, 'FORBIDDEN'],
    ]
    for (let round = 0; round < 200; round += 1) {
      for (const [command, code] of commands) expect(tryTo(command), command.type).toBe(code)
    }
    expect(world.state.governor.breakers.get('s1')).toBe(before)
    expect(row()).toMatchObject({ state: 'closed', outcomes: '', consecutiveFailures: 0 })
    expect(tryTo(claim('t3'))).toBe('accepted')
  })

  test('leave an open and a half-open one as they are', () => {
    trip()
    const open = world.state.governor.breakers.get('s1')
    for (let round = 0; round < 50; round += 1) expect(tryTo(claim('t1'))).toBe('BREAKER_OPEN')
    expect(world.state.governor.breakers.get('s1')).toBe(open)
    waitOut()
    const half = world.state.governor.breakers.get('s1')
    for (let round = 0; round < 50; round += 1) expect(tryTo(claim('nowhere'))).toBe('NOT_FOUND')
    expect(world.state.governor.breakers.get('s1')).toBe(half)
  })
})

describe('an open breaker', () => {
  test('takes its swarm from all it does: claims, blockers of theirs, help it accepted and help it was asked for', () => {
    world.register('s3')
    const stuck = world.claim('t5', 's2')
    const [accepted, requested] = [world.block('t5', stuck), world.block('t5', stuck)]
    world.send({ type: 'assign_helpers', blocker: accepted, swarms: ['s1'] })
    world.send({ type: 'answer_help', blocker: accepted, swarm: 's1', accept: true })
    world.send({ type: 'assign_helpers', blocker: requested, swarms: ['s1', 's3'] })
    const own = world.block('t6', world.claim('t6', 's1'))
    world.send({ type: 'assign_helpers', blocker: own, swarms: ['s3'] })
    world.claim('t7', 's1')
    trip()
    expect(['t6', 't7', 't29'].map((task) => world.task(task).state)).toEqual(Array(3).fill('available'))
    expect(['t6', 't7'].map((task) => world.task(task).failures)).toEqual([0, 0])
    expect(world.state.blockers.get(own)?.state).toBe('resolved')
    const helpers = [accepted, requested].map((id) => world.state.blockers.get(id)?.helpers)
    expect(helpers).toMatchObject([
      [{ swarm: 's1', state: 'declined' }],
      [
        { swarm: 's3', state: 'requested' },
        { swarm: 's1', state: 'declined' },
      ].reverse(),
    ])
    expect([...world.state.held.claims.get('s1'), ...world.state.helping.get('s1')]).toEqual([])
    expect(world.state.held.activeCount('s1')).toBe(0)
    expect([...world.state.governor.books.holds.keys()].some((id) => id === own)).toBe(false)
    expectSameAfterRestart()
  })

  test('gets no task, no offer, no help and no call', () => {
    const blocker = world.block('t5', world.claim('t5', 's2'))
    trip()
    expect(world.refused(claim('t1'))).toMatchObject({
      code: 'BREAKER_OPEN',
      details: { state: 'open', latched: false, opensUntil: new Date(row().opensUntil ?? 0).toISOString() },
    })
    expect(tryTo({ type: 'offer_next', swarm: 's1', claim: true })).toBe('BREAKER_OPEN')
    expect(tryTo({ type: 'offer_next', swarm: 's1', claim: false })).toBe('BREAKER_OPEN')
    expect(tryTo({ type: 'assign_helpers', blocker, swarms: ['s1'] })).toBe('BREAKER_OPEN')
    expect(tryTo({ type: 'admit_call', swarm: 's1' })).toBe('BREAKER_OPEN')
  })

  test('is not evaded by a new registration, nor by a retirement', () => {
    trip()
    world.send({ type: 'retire_swarm', swarm: 's1' })
    world.register('s1', { capacity: 7 })
    expect(tryTo(claim('t1'))).toBe('BREAKER_OPEN')
  })

  test('counts nothing: what was admitted before it opened comes too late', () => {
    const permit = admit()
    trip()
    const before = row()
    for (const succeeded of [true, false]) {
      expect(world.written(() => expect(reportCall(permit, succeeded).counted).toBe(false))).toEqual([])
    }
    expect(row()).toEqual(before)
  })

  test('becomes half-open by itself after about 30 seconds, not before, also after a restart', () => {
    trip()
    const until = row().opensUntil ?? 0
    expect(until - world.now).toBeGreaterThanOrEqual(27 * SECOND_MS)
    expect(until - world.now).toBeLessThanOrEqual(LONGEST_FIRST_MS)
    world.restart()
    world.pass(until - world.now - 1)
    expect(row().state).toBe('open')
    world.pass(1)
    expect(row().state).toBe('half_open')
    expect(world.log.at(-1)).toMatchObject({ type: 'breaker_half_opened', subject: 's1', actor: 'fabric' })
  })

  test('is open twice as long each time it opens again, up to five minutes', () => {
    trip()
    const lengths: number[] = []
    for (let round = 0; round < 8; round += 1) {
      lengths.push((row().opensUntil ?? 0) - world.now)
      waitOut()
      fail(`t${round}`)
      expect(row()).toMatchObject({ state: 'open', cause: 'probe', trips: round + 2 })
    }
    for (const [round, length] of lengths.entries()) {
      const base = Math.min(30 * SECOND_MS * 2 ** round, 5 * MINUTE_MS)
      expect(Math.abs(length - base), `round ${round}`).toBeLessThanOrEqual(base / 10)
      expect(length).toBeLessThanOrEqual(5 * MINUTE_MS)
    }
    waitOut()
    for (const task of ['t10', 't11', 't12']) complete(task)
    expect(row()).toMatchObject({ state: 'closed', trips: 0, outcomes: '' })
    for (const task of ['t13', 't14', 't15']) fail(task)
    expect((row().opensUntil ?? 0) - world.now).toBeLessThanOrEqual(LONGEST_FIRST_MS)
  })
})

describe('a half-open breaker', () => {
  beforeEach(() => {
    trip()
    waitOut()
  })

  test('lets three of twenty claims through', () => {
    const answers = Array.from({ length: 20 }, (_, at) => tryTo(claim(`t${at}`)))
    expect(answers.slice(0, 3)).toEqual(['accepted', 'accepted', 'accepted'])
    expect(new Set(answers.slice(3))).toEqual(new Set(['BREAKER_OPEN']))
    expect(tryTo({ type: 'admit_call', swarm: 's1' })).toBe('BREAKER_OPEN')
  })

  test('lets three of twenty calls through, each with a name and a deadline of its own', () => {
    const permits: CallPermit[] = []
    for (let call = 0; call < 20; call += 1) {
      if (permits.length < 3) permits.push(admit())
      else expect(tryTo({ type: 'admit_call', swarm: 's1' })).toBe('BREAKER_OPEN')
    }
    expect(new Set(permits.map(({ probe }) => probe)).size).toBe(3)
    for (const { deadline } of permits) expect(deadline).toBe(world.now + 10 * MINUTE_MS)
    world.restart()
    expect(tryTo({ type: 'admit_call', swarm: 's1' })).toBe('BREAKER_OPEN')
  })

  test('counts claims and calls together, and an offer is a claim', () => {
    admit()
    expect(world.next('s1', true)).toMatch(/^primary/)
    expect(tryTo(claim('t9'))).toBe('accepted')
    expect(tryTo({ type: 'admit_call', swarm: 's1' })).toBe('BREAKER_OPEN')
    expect(tryTo(claim('t10'))).toBe('BREAKER_OPEN')
    // What it holds already it may take up again: that is no further call.
    expect(tryTo(claim('t9'))).toBe('accepted')
    expect(row().probes).toHaveLength(3)
  })

  test('is not closed by successes of calls that the swarm reports of itself', () => {
    for (let at = 0; at < 3; at += 1) {
      const { generation, probe = 0 } = admit()
      const said = { type: 'report_call', swarm: 's1', succeeded: true, generation, probe } as const
      expect(world.send(said).counted).toBe(false)
    }
    expect(row().state).toBe('half_open')
  })

  test('closes with the third success, and not with the same one three times', () => {
    const permit = admit()
    expect(reportCall(permit, true).counted).toBe(true)
    expect(reportCall(permit, true).counted).toBe(false)
    expect(reportCall(permit, false).counted).toBe(false)
    complete('t1')
    expect(row()).toMatchObject({ state: 'half_open' })
    const epoch = world.claim('t2', 's1')
    expect(world.written(() => complete('t2', epoch))).toContain('breaker_closed s1')
    expect(row()).toMatchObject({ state: 'closed', trips: 0, consecutiveFailures: 0, probes: [] })
    expect(world.mail('s1').at(-1)?.kind).toBe('breaker_closed')
    expectSameAfterRestart()
  })

  test('opens again with the first failure, and takes back what else it had let through', () => {
    world.claim('t1', 's1')
    const permit = admit()
    fail('t2')
    expect(row()).toMatchObject({ state: 'open', cause: 'probe', trips: 2, probes: [] })
    expect(world.task('t1').state).toBe('available')
    waitOut()
    expect(reportCall(permit, true).counted).toBe(false)
    expect(row().probes).toEqual([])
  })

  test('a call that nobody let through is ignored', () => {
    const { generation } = row()
    expect(reportCall({ swarm: 's1', generation }, false).counted).toBe(false)
    expect(reportCall({ swarm: 's1', generation, probe: generation + 999 }, false).counted).toBe(false)
    expect(row().state).toBe('half_open')
  })

  test('a call without an answer counts as failed at its deadline, a claim without progress too', () => {
    for (const hang of [() => admit(), () => world.claim('t1', 's1')]) {
      const trips = row().trips
      hang()
      world.pass(10 * MINUTE_MS - 1)
      expect(row().state).toBe('half_open')
      world.pass(1)
      expect(row()).toMatchObject({ state: 'open', cause: 'probe', trips: trips + 1 })
      expect(world.task('t1').state).toBe('available')
      waitOut()
    }
    world.restart()
    admit()
    world.restart()
    world.pass(10 * MINUTE_MS)
    expect(row()).toMatchObject({ state: 'open', cause: 'probe' })
  })

  test('progress on a task is an answer; what becomes of the task later is not another one', () => {
    const epoch = world.claim('t1', 's1')
    world.send({ type: 'report_milestone', task: 't1', epoch, percent: 25 })
    world.send({ type: 'report_milestone', task: 't1', epoch, percent: 50 })
    expect(row().probes).toMatchObject([{ id: epoch, succeeded: true }])
    world.pass(12 * MINUTE_MS)
    expect(row().state).toBe('half_open')
    fail('t1', epoch)
    expect(row().state).toBe('half_open')
    for (const task of ['t2', 't3']) {
      const word = { task, epoch: world.claim(task, 's1') }
      expect(row().state).toBe('half_open')
      world.send({ type: 'report_milestone', ...word, percent: 25 })
    }
    expect(row().state).toBe('closed')
    fail('t3', world.task('t3').claim?.epoch)
    expect(row()).toMatchObject({ state: 'closed', outcomes: '' })
  })

  test.each([
    ['released', (task: string, epoch: number) => world.send({ type: 'release_task', task, epoch })],
    ['taken back by an operator', (task: string) => world.send({ type: 'release_task', task })],
    ['cancelled', (task: string) => world.send({ type: 'cancel_task', task, cascade: false })],
  ])('a trial claim that is %s is given back: it says nothing, and another may be tried', (_, end) => {
    for (const task of ['t1', 't2', 't3']) world.claim(task, 's1')
    expect(tryTo(claim('t4'))).toBe('BREAKER_OPEN')
    end('t1', world.task('t1').claim?.epoch ?? 0)
    expect(row()).toMatchObject({ state: 'half_open', outcomes: '' })
    expect(row().probes).toHaveLength(2)
    expect(tryTo(claim('t4'))).toBe('accepted')
    for (const task of ['t2', 't3', 't4']) complete(task, world.task(task).claim?.epoch)
    expect(row().state).toBe('closed')
    expectSameAfterRestart()
  })
})

describe('a latched breaker', () => {
  const latch = (reason = 'it deletes files') =>
    world.send({ type: 'trip_breaker', swarm: 's1', cause: 'administrator', reason }, ADMIN_ACTOR)

  test('does not open by itself, and asks a person', () => {
    latch()
    world.pass(30 * DAY_MS)
    expect(row()).toMatchObject({ state: 'open', latched: true, reason: 'it deletes files' })
    expect(row()).not.toHaveProperty('opensUntil')
    expect(world.refused(claim('t1')).message).toContain('administrator')
    expect(world.log.filter(({ type }) => type === 'escalation_opened')).toMatchObject([
      { data: { kind: 'breaker', swarm: 's1' } },
    ])
  })

  test('closes by a person only, who thereby answers the question', () => {
    latch()
    for (const actor of ['s1', 's2'].map(swarmActor)) {
      expect(world.refused({ type: 'reset_breaker', swarm: 's1', reason: 'please' }, actor).code).toBe('FORBIDDEN')
    }
    expect(world.written(reset)).toEqual(['breaker_closed s1'])
    expect([...world.state.governor.escalations.values()]).toEqual([])
    expect([...world.state.governor.endedEscalations.values()]).toMatchObject([{ state: 'settled' }])
    expect(tryTo(claim('t1'))).toBe('accepted')
    expect(world.refused({ type: 'reset_breaker', swarm: 's1', reason: 'x' }, ADMIN_ACTOR).code).toBe('WRONG_STATE')
    expectSameAfterRestart()
  })

  test('is latched once, whoever says it again, and not loosened by the failures that come after', () => {
    latch()
    const before = row()
    expect(world.written(() => latch('again'))).toEqual([])
    expect(row()).toBe(before)
  })

  test('takes the place of one that would have opened by itself', () => {
    trip()
    latch()
    world.pass(DAY_MS)
    expect(row()).toMatchObject({ state: 'open', latched: true, trips: 2 })
  })

  test('is for a person to open: no swarm stops another, nor itself', () => {
    const command = { type: 'trip_breaker', swarm: 's2', cause: 'administrator', reason: 'rival' } as const
    expect(world.refused(command, swarmActor('s1')).code).toBe('FORBIDDEN')
    expect(world.refused({ ...command, swarm: 'nobody' }, ADMIN_ACTOR).code).toBe('NOT_FOUND')
  })

  test('a reset closes one that is half-open, and forgets its trial calls', () => {
    trip()
    waitOut()
    const permit = admit()
    reset()
    expect(row()).toMatchObject({ state: 'closed', probes: [], trips: 0 })
    expect(reportCall(permit, false).counted).toBe(false)
    world.pass(DAY_MS)
    expect(row().state).toBe('closed')
  })
})

test('nobody speaks about the calls of another swarm', () => {
  const { generation } = admit()
  const about = { swarm: 's1', generation, succeeded: false } as const
  expect(world.refused({ type: 'report_call', ...about }, swarmActor('s2')).code).toBe('FORBIDDEN')
  expect(world.refused({ type: 'admit_call', swarm: 's1' }, swarmActor('s2')).code).toBe('FORBIDDEN')
  expect(world.send({ type: 'report_call', ...about }, ADMIN_ACTOR).counted).toBe(true)
})

describe('several things due at once', () => {
  test('a swarm whose breaker opens then is not left with the help that it is asked for then', () => {
    start({ help: { automatic: true, answerMs: DAY_MS, leaseMs: DAY_MS } })
    // Free of charge, so it is asked before s1.
    world.register('s3', { costPerHourNanos: 0 })
    fail('t1')
    fail('t2')
    world.claim('t3', 's1')
    world.pass(29 * MINUTE_MS)
    const blocker = world.block('t5', world.claim('t5', 's2'))
    world.now += MINUTE_MS
    world.send({ type: 'answer_help', blocker, swarm: 's3', accept: false })
    // The end of the lease on t3, and the search for another helper.
    world.pass(0)
    expect(row().state).toBe('open')
    const opened = world.log.findIndex(({ type }) => type === 'breaker_opened')
    for (const entry of world.log.slice(opened)) {
      if (entry.type === 'help_requested') expect(entry.data.swarms).not.toContain('s1')
    }
    expect([...world.state.helping.get('s1')]).toEqual([])
    expectSameAfterRestart()
  })

  test('a helper whose breaker opens when the claim it helps ends leaves the blocker ended', () => {
    const blocker = world.block('t5', world.claim('t5', 's2'))
    world.send({ type: 'assign_helpers', blocker, swarms: ['s1'] })
    world.send({ type: 'answer_help', blocker, swarm: 's1', accept: true })
    fail('t1')
    fail('t2')
    world.claim('t7', 's1')
    world.pass(30 * MINUTE_MS)
    expect(row().state).toBe('open')
    expect(world.state.blockers.get(blocker)).toMatchObject({ state: 'resolved' })
    expect([world.state.openBlockers, world.state.governor.books.holds.size]).toEqual([0, 0])
    expectSameAfterRestart()
  })
})

test('the policy of the moment decides: threshold, probes and times of a breaker follow it', () => {
  const breaker = { ...DEFAULT_GOVERNOR_POLICY.breaker, failureThreshold: 1, probes: 1, openMs: 1_000, probeMs: 2_000 }
  const policy = { ...DEFAULT_GOVERNOR_POLICY, breaker }
  world.send({ type: 'apply_policy', policy, digest: 'strict' })
  fail('t1')
  expect(row().state).toBe('open')
  world.pass(1_100)
  admit()
  expect(tryTo({ type: 'admit_call', swarm: 's1' })).toBe('BREAKER_OPEN')
  world.pass(2_000)
  expect(row()).toMatchObject({ state: 'open', trips: 2 })
  world.pass(2_200)
  complete('t2')
  expect(row().state).toBe('closed')
})

test('a swarm on probation is asked for no help: its trial calls are for work of its own', () => {
  trip()
  world.pass(LONGEST_FIRST_MS)
  expect(row().state).toBe('half_open')
  const blocker = world.block('t5', world.claim('t5', 's2'))
  expect(world.refused({ type: 'assign_helpers', blocker, swarms: ['s1'] }).code).toBe('BREAKER_OPEN')
})

test('a claim on probation that is stuck fails no trial while it waits, and has its time again when it is free', () => {
  trip()
  world.pass(LONGEST_FIRST_MS)
  const epoch = world.claim('t5', 's1')
  const blocker = world.block('t5', epoch)
  world.pass(25 * MINUTE_MS)
  expect(row().state).toBe('half_open')
  expectSameAfterRestart()
  world.send({ type: 'resolve_blocker', blocker, resolution: 'here' }, ADMIN_ACTOR)
  world.send({ type: 'heartbeat', task: 't5', epoch })
  world.pass(9 * MINUTE_MS)
  expect(row().state).toBe('half_open')
  world.pass(MINUTE_MS + 10 * SECOND_MS)
  expect(row()).toMatchObject({ state: 'open', trips: 2 })
})

test('a trial that its swarm calls a success is given back: it closes nothing and fails nothing', () => {
  trip()
  world.pass(LONGEST_FIRST_MS)
  for (let round = 0; round < 5; round += 1) {
    const permit = world.send({ type: 'admit_call', swarm: 's1' }, swarmActor('s1'))
    const { generation, probe = -1 } = permit
    const report = { type: 'report_call', swarm: 's1', succeeded: true, generation, probe } as const
    expect(world.send(report, swarmActor('s1')).counted).toBe(false)
  }
  expect(row()).toMatchObject({ state: 'half_open', probes: [] })
  world.pass(30 * MINUTE_MS)
  expect(row().state).toBe('half_open')
})
