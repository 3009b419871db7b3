import { beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_GOVERNOR_POLICY } from '../../src/governor/policy/policy.js'
import { MILESTONE_PERCENTS } from '../../src/model/task.js'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../src/model/time.js'
import { makeTask } from '../../src/testing/factories.js'
import { World } from './world.js'

let world: World

beforeEach(() => {
  world = new World()
  world.register('s1')
  world.register('s2')
  world.create('t1', 't2')
})

const heartbeat = (epoch: number, swarm?: string) =>
  ({ type: 'heartbeat', task: 't1', epoch, ...(swarm !== undefined && { swarm }) }) as const
const fail = (epoch: number, retry = true) =>
  ({ type: 'fail_task', task: 't1', epoch, reason: 'it broke', retry }) as const

describe('claiming', () => {
  test('gives an epoch that is the index of its entry, and refuses everyone else', () => {
    const grant = world.send({ type: 'claim_task', task: 't1', swarm: 's1' })
    expect(grant).toMatchObject({ epoch: world.log.length - 1, reclaimed: false, leaseMs: 30 * MINUTE_MS })
    expect(grant.leaseEndsAt).toBe(world.now + 30 * MINUTE_MS)
    const refusal = world.refused({ type: 'claim_task', task: 't1', swarm: 's2' })
    expect(refusal).toMatchObject({ code: 'ALREADY_CLAIMED', details: { holder: 's1', liveEpoch: grant.epoch } })
  })

  test('again by the holder is idempotent: same epoch, no entry, lease renewed', () => {
    const epoch = world.claim('t1', 's1')
    world.pass(10 * MINUTE_MS)
    const again = () => world.send({ type: 'claim_task', task: 't1', swarm: 's1' })
    expect(world.written(again)).toEqual([])
    expect(again()).toMatchObject({ epoch, reclaimed: true, leaseEndsAt: world.now + 30 * MINUTE_MS })
  })

  test('a later claim has a higher epoch, also after a restart', () => {
    const first = world.claim('t1', 's1')
    world.send({ type: 'release_task', task: 't1', epoch: first })
    const second = world.claim('t1', 's2')
    world.restart()
    world.send({ type: 'release_task', task: 't1' })
    expect([second > first, world.claim('t1', 's1') > second]).toEqual([true, true])
    expect(world.task('t1').attempts).toBe(3)
  })

  test('needs the capabilities, the tier, and room: a stuck task takes none', () => {
    world.create(makeTask('ts', { requires: ['code:ts'] }), makeTask('big', { tier: 'opus' }))
    world.register('small', { tier: 'haiku' })
    expect(world.refused({ type: 'claim_task', task: 'ts', swarm: 's1' })).toMatchObject({
      code: 'NOT_ELIGIBLE',
      details: { match: 0, requires: ['code:ts'] },
    })
    expect(world.refused({ type: 'claim_task', task: 'big', swarm: 'small' }).code).toBe('NOT_ELIGIBLE')
    const epoch = world.claim('t1', 's1')
    expect(world.refused({ type: 'claim_task', task: 't2', swarm: 's1' })).toMatchObject({
      code: 'NOT_ELIGIBLE',
      details: { capacity: 1, holds: ['t1'] },
    })
    world.block('t1', epoch)
    expect(world.claim('t2', 's1')).toBeGreaterThan(epoch)
  })

  test('is refused for an external placeholder and an unknown swarm', () => {
    world.create(makeTask('outside', { external: true }))
    expect(world.refused({ type: 'claim_task', task: 'outside', swarm: 's1' }).code).toBe('NOT_ELIGIBLE')
    expect(world.refused({ type: 'claim_task', task: 't1', swarm: 'nobody' }).code).toBe('NOT_FOUND')
  })

  test('a lease is as long as was asked for, up to the longest', () => {
    const lease = (task: string, swarm: string, leaseMs: number) =>
      world.send({ type: 'claim_task', task, swarm, leaseMs }).leaseMs
    expect([lease('t1', 's1', 5_000), lease('t2', 's2', 30 * DAY_MS)]).toEqual([5_000, DAY_MS])
  })
})

describe('every later word of a holder', () => {
  const words = (epoch: number, swarm?: string) => {
    const word = { task: 't1', epoch, ...(swarm !== undefined && { swarm }) }
    return [
      { type: 'heartbeat', ...word },
      { type: 'report_milestone', ...word, percent: 50 },
      { type: 'raise_blocker', ...word, kind: 'help', needs: 'help', requires: [] },
      { type: 'release_task', ...word },
      { type: 'fail_task', ...word, reason: 'no', retry: true },
      { type: 'complete_task', ...word, evidence: [] },
    ] as const
  }
  const codes = (all: ReturnType<typeof words>) => all.map((word) => world.refused(word).code)
  const STALE = words(0).map(() => 'STALE_CLAIM')

  test('is refused with the epoch of a claim that is over, and says who holds it now', () => {
    const old = world.claim('t1', 's1')
    world.send({ type: 'release_task', task: 't1', epoch: old })
    expect(codes(words(old))).toEqual(STALE)
    const live = world.claim('t1', 's2')
    expect(codes(words(old))).toEqual(STALE)
    expect(world.refused(heartbeat(old)).details).toMatchObject({ holder: 's2', liveEpoch: live, state: 'claimed' })
    expect(world.task('t1').claim).toMatchObject({ swarm: 's2', epoch: live })
  })

  test('is refused with a made-up epoch, and with the right one in the mouth of another swarm', () => {
    const epoch = world.claim('t1', 's1')
    expect(codes(words(epoch + 1))).toEqual(STALE)
    expect(codes(words(epoch, 's2'))).toEqual(STALE)
  })
})

describe('completing', () => {
  const done = (epoch: number, swarm?: string) =>
    ({
      type: 'complete_task',
      task: 't1',
      epoch,
      evidence: [{ kind: 'command', command: 'npm test', exitCode: 0 }],
      summary: 'all green',
      ...(swarm !== undefined && { swarm }),
    }) as const

  test('keeps the evidence and ends the claim; the same word again changes nothing and gets the same task', () => {
    const epoch = world.claim('t1', 's1')
    const { task } = world.send(done(epoch))
    expect(task).toMatchObject({ state: 'completed', completedBy: 's1', completedEpoch: epoch, summary: 'all green' })
    expect(task).not.toHaveProperty('claim')
    expect(world.written(() => expect(world.send(done(epoch))).toEqual({ task, unblocked: [] }))).toEqual([])
    expect(world.refused(done(epoch, 's2')).code).toBe('STALE_CLAIM')
    expect(world.refused(done(epoch + 1)).code).toBe('STALE_CLAIM')
    expect(world.claim('t2', 's1')).toBeGreaterThan(epoch)
  })

  test('needs an epoch, except for an external placeholder, which a person marks done', () => {
    world.create(makeTask('outside', { external: true }), makeTask('after', { dependencies: ['outside'] }))
    expect(world.refused({ type: 'complete_task', task: 't1', evidence: [] }).code).toBe('INVALID_ARGUMENT')
    const mark = { type: 'complete_task', task: 'outside', evidence: [] } as const
    expect(world.send(mark)).toMatchObject({ task: { state: 'completed' }, unblocked: ['after'] })
    expect(world.written(() => world.send(mark))).toEqual([])
    world.create(makeTask('gone', { external: true }))
    world.send({ type: 'cancel_task', task: 'gone', cascade: false })
    expect(world.refused({ type: 'complete_task', task: 'gone', evidence: [] }).code).toBe('WRONG_STATE')
  })

  test('refuses evidence beyond the limit', () => {
    const evidence = [{ kind: 'note', text: 'x'.repeat(24 * 1024) }] as const
    const epoch = world.claim('t1', 's1')
    expect(world.refused({ type: 'complete_task', task: 't1', epoch, evidence }).code).toBe('INVALID_ARGUMENT')
  })
})

describe('failing', () => {
  /** No breaker opens: here the task is looked at, not the swarm that fails on it. */
  const patient = { breaker: { ...DEFAULT_GOVERNOR_POLICY.breaker, failureThreshold: 1_000, minimumCalls: 1_000 } }

  test('puts the task back after a backoff that doubles, and fails it for good at the limit', () => {
    world = new World({}, patient)
    world.register('s1')
    world.register('s2')
    world.create('t1', 't2')
    const waits = [10 * SECOND_MS, 20 * SECOND_MS]
    for (const [attempt, wait] of waits.entries()) {
      const task = world.send(fail(world.claim('t1', 's1')))
      expect(task).toMatchObject({ state: 'available', failures: attempt + 1, notBefore: world.now + wait })
      expect(world.refused({ type: 'claim_task', task: 't1', swarm: 's1' }).code).toBe('BLOCKED_BY')
      expect(world.next('s2')).toBe('primary t2')
      world.pass(wait)
    }
    const last = world.send(fail(world.claim('t1', 's1')))
    expect(last).toMatchObject({ state: 'failed', failures: 3, lastFailure: { swarm: 's1', reason: 'it broke' } })
    expect(last).not.toHaveProperty('notBefore')
    expect(world.mail('orchestrator')).toMatchObject([{ kind: 'task_failed', task: 't1' }])
    expect(world.refused({ type: 'claim_task', task: 't1', swarm: 's1' }).code).toBe('WRONG_STATE')
  })

  test('the backoff has an upper end', () => {
    world = new World({ maxFailures: 100, maxBackoffMs: MINUTE_MS }, patient)
    world.register('s1')
    world.create('t1')
    const waits = Array.from({ length: 40 }, () => {
      const { notBefore = 0 } = world.send(fail(world.claim('t1', 's1')))
      const wait = notBefore - world.now
      world.pass(wait)
      return wait / SECOND_MS
    })
    expect(waits.slice(0, 5)).toEqual([10, 20, 40, 60, 60])
    expect(new Set(waits.slice(4))).toEqual(new Set([60]))
  })

  test('for good, when the holder says that trying again is pointless', () => {
    expect(world.send(fail(world.claim('t1', 's1'), false))).toMatchObject({ state: 'failed', failures: 1 })
  })
})

describe('a silent holder', () => {
  test('is warned about at 15 minutes, keeps its claim, and a heartbeat ends the warning', () => {
    const epoch = world.claim('t1', 's1')
    world.pass(15 * MINUTE_MS - 1)
    expect(world.task('t1').claim).not.toHaveProperty('stalledAt')
    world.pass(1)
    expect(world.task('t1').claim).toMatchObject({ epoch, stalledAt: world.now })
    for (const reader of ['s1', 'orchestrator']) expect(world.mail(reader)).toMatchObject([{ kind: 'task_stalled' }])
    expect(world.written(() => world.send(heartbeat(epoch)))).toEqual(['task_stall_ended t1'])
    expect(world.task('t1').claim).not.toHaveProperty('stalledAt')
    world.pass(15 * MINUTE_MS)
    expect(world.task('t1').claim).toHaveProperty('stalledAt')
  })

  test.each([
    ['milestone', (epoch: number) => ({ type: 'report_milestone', task: 't1', epoch, percent: 25 }) as const],
    ['claim', () => ({ type: 'claim_task', task: 't1', swarm: 's1' }) as const],
    [
      'blocker',
      (epoch: number) =>
        ({ type: 'raise_blocker', task: 't1', epoch, kind: 'human', needs: 'x', requires: [] }) as const,
    ],
  ])('ends its stall with a %s too', (_, word) => {
    const epoch = world.claim('t1', 's1')
    world.pass(20 * MINUTE_MS)
    world.send(word(epoch))
    expect(world.task('t1').claim).not.toHaveProperty('stalledAt')
    world.pass(29 * MINUTE_MS)
    expect(world.task('t1').claim?.epoch).toBe(epoch)
  })

  test('loses its claim at the end of the lease, and with the last attempt the task fails', () => {
    const epoch = world.claim('t1', 's1')
    world.pass(30 * MINUTE_MS)
    expect(world.task('t1')).toMatchObject({ state: 'available', failures: 1, lastFailure: { epoch } })
    expect(world.mail('s1').map(({ kind }) => kind)).toEqual(['task_stalled', 'claim_lost'])
    expect(world.refused(heartbeat(epoch)).code).toBe('STALE_CLAIM')
    expect(world.claim('t1', 's2')).toBeGreaterThan(epoch)
    world.pass(30 * MINUTE_MS)
    world.claim('t1', 's1')
    world.pass(30 * MINUTE_MS)
    expect(world.task('t1')).toMatchObject({ state: 'failed', failures: 3 })
  })

  test('heartbeats renew a lease in memory only, for as long as they come', () => {
    const epoch = world.claim('t1', 's1')
    const written = world.written(() => {
      for (let beat = 0; beat < 20; beat += 1) {
        world.pass(14 * MINUTE_MS)
        expect(world.send(heartbeat(epoch)).leaseEndsAt).toBe(world.now + 30 * MINUTE_MS)
      }
    })
    expect(written).toEqual([])
    world.pass(30 * MINUTE_MS)
    expect(world.task('t1').state).toBe('available')
  })

  test('gets a full term after a restart, in which renewals are forgotten', () => {
    const epoch = world.claim('t1', 's1')
    world.pass(29 * MINUTE_MS)
    world.restart()
    world.pass(29 * MINUTE_MS)
    expect(world.task('t1').claim?.epoch).toBe(epoch)
    world.pass(MINUTE_MS)
    expect(world.task('t1').state).toBe('available')
  })
})

describe('releasing', () => {
  test('by the holder costs no attempt and tells nobody', () => {
    const epoch = world.claim('t1', 's1')
    const task = world.send({ type: 'release_task', task: 't1', epoch, swarm: 's1', note: 'out of context' })
    expect(task).toMatchObject({ state: 'available', failures: 0, attempts: 1 })
    expect([world.mail('s1'), world.mail('orchestrator')]).toEqual([[], []])
  })

  test('by an operator needs no epoch, and its holder hears that the claim is lost', () => {
    const epoch = world.claim('t1', 's1')
    world.send({ type: 'release_task', task: 't1' })
    expect(world.mail('s1')).toMatchObject([{ kind: 'claim_lost', task: 't1', from: 'admin' }])
    expect(world.refused(heartbeat(epoch)).code).toBe('STALE_CLAIM')
    expect(world.refused({ type: 'release_task', task: 't1' }).code).toBe('WRONG_STATE')
  })

  test('without an epoch is no word of a swarm: not of another, and not of the holder either', () => {
    const epoch = world.claim('t1', 's1')
    const release = { type: 'release_task', task: 't1' } as const
    expect(world.refused({ ...release, swarm: 's2' }).code).toBe('FORBIDDEN')
    expect(world.refused({ ...release, swarm: 's2' }, 'admin').code).toBe('FORBIDDEN')
    expect(world.refused(release, 'swarm:s2').code).toBe('FORBIDDEN')
    for (const own of [world.refused({ ...release, swarm: 's1' }), world.refused(release, 'swarm:s1')]) {
      expect(own).toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'epoch' } })
    }
    expect(world.task('t1').claim).toMatchObject({ swarm: 's1', epoch })
  })
})

test('milestones are kept with what was said, the newest sixteen', () => {
  const epoch = world.claim('t1', 's1')
  const said = { note: 'CAS works', testsPassed: 8, testsFailed: 1, nextAction: 'leases' }
  const task = world.send({ type: 'report_milestone', task: 't1', epoch, percent: 25, ...said })
  expect(task.progress).toEqual([{ percent: 25, ...said, at: world.now }])
  for (let report = 0; report < 20; report += 1) {
    const percent = MILESTONE_PERCENTS[report % 4] ?? 25
    world.send({ type: 'report_milestone', task: 't1', epoch, percent, note: String(report) })
  }
  expect(world.task('t1').progress.map(({ note }) => note)).toEqual(Array.from({ length: 16 }, (_, n) => String(n + 4)))
})
