import { beforeEach, describe, expect, test } from 'vitest'
import { listReady } from '../../src/coordinator/queries.js'
import { LIMITS } from '../../src/model/limits.js'
import { DAY_MS, HOUR_MS } from '../../src/model/time.js'
import { makeChain, makeTask } from '../../src/testing/factories.js'
import { World } from './world.js'

let world: World

beforeEach(() => {
  world = new World()
  world.register('s1', { capacity: 100 })
})

const create = (...spec: Parameters<typeof makeTask>) => ({ type: 'create_task', task: makeTask(...spec) }) as const
const ready = () => listReady(world.state, {}, { limit: 100 }).items.map(({ id }) => id)

describe('creating a task', () => {
  test('makes it available, or blocked while a dependency is open', () => {
    expect(world.send(create('t1'))).toMatchObject({ state: 'available', createdIndex: 1, openDependencies: 0 })
    expect(world.send(create('t2', { dependencies: ['t1'] }))).toMatchObject({ state: 'blocked', openDependencies: 1 })
    world.complete('t1', 's1')
    expect(world.send(create('t3', { dependencies: ['t1'] }))).toMatchObject({ state: 'available' })
  })

  test('again with the same content changes nothing, with other content is a conflict that names the fields', () => {
    world.create('t1')
    expect(world.written(() => world.send(create('t1')))).toEqual([])
    const refusal = world.refused(create('t1', { title: 'other', priority: 1 }))
    expect([refusal.code, refusal.details.fields]).toEqual(['CONFLICT', ['title', 'priority']])
  })

  test('refuses an unknown dependency, itself as dependency and a text beyond the limit', () => {
    const unknown = world.refused(create('t1', { dependencies: ['t8', 't9'] }))
    expect([unknown.code, unknown.details.dependencies]).toEqual(['NOT_FOUND', ['t8', 't9']])
    expect(world.refused(create('t1', { dependencies: ['t1'] })).code).toBe('CONFLICT')
    const large = world.refused(create('t1', { description: 'x'.repeat(LIMITS.taskBytes) }))
    expect([large.code, large.details.maxBytes]).toEqual(['INVALID_ARGUMENT', LIMITS.taskBytes])
  })

  test('with a dependency named twice still becomes available, and stays so after a release', () => {
    world.create('t1', makeTask('t2', { dependencies: ['t1', 't1'] }))
    expect(world.complete('t1', 's1')).toEqual(['t2'])
    expect(world.task('t2')).toMatchObject({ state: 'available', openDependencies: 0 })
    world.send({ type: 'release_task', task: 't2', epoch: world.claim('t2', 's1') })
    expect(world.task('t2').state).toBe('available')
  })
})

describe('dependencies', () => {
  test('a task is claimable when the last of them is completed, and its owner hears of it', () => {
    world.register('s2')
    world.create(
      'a',
      'b',
      makeTask('c', { dependencies: ['a', 'b'], owner: 's2' }),
      makeTask('d', { dependencies: ['c'] }),
    )
    const refusal = world.refused({ type: 'claim_task', task: 'c', swarm: 's1' })
    expect([refusal.code, refusal.details.dependencies]).toEqual(['BLOCKED_BY', ['a', 'b']])
    expect(world.complete('a', 's1')).toEqual([])
    expect(world.refused({ type: 'claim_task', task: 'c', swarm: 's1' }).details.dependencies).toEqual(['b'])
    expect(world.complete('b', 's1')).toEqual(['c'])
    expect(world.mail('s2')).toMatchObject([{ kind: 'task_available', task: 'c' }])
    expect(world.task('d').state).toBe('blocked')
  })

  test('a failed or cancelled dependency unblocks nothing', () => {
    world.create(...makeChain('t', 3))
    world.send({ type: 'cancel_task', task: 't1', cascade: false })
    expect(world.task('t2').state).toBe('blocked')
    world.send({ type: 'retry_task', task: 't1' })
    world.send({ type: 'fail_task', task: 't1', epoch: world.claim('t1', 's1'), reason: 'no', retry: false })
    expect([world.task('t1').state, world.task('t2').state]).toEqual(['failed', 'blocked'])
  })
})

describe('the ready queue', () => {
  test('goes by priority, then by the longest remaining path, then by age; fillers last', () => {
    world.create(
      makeTask('filler', { kind: 'filler', priority: 100 }),
      makeTask('old'),
      makeTask('young'),
      makeTask('short', { estimateMinutes: 30 }),
      makeTask('head', { estimateMinutes: 10 }),
      makeTask('tail', { dependencies: ['head'], estimateMinutes: 60 }),
      makeTask('urgent', { priority: 90 }),
    )
    expect(ready()).toEqual(['urgent', 'head', 'short', 'old', 'young', 'filler'])
  })

  test('follows the graph as it changes: a finished or cancelled successor shortens the path', () => {
    world.create(
      makeTask('x', { estimateMinutes: 40 }),
      makeTask('y', { estimateMinutes: 20 }),
      makeTask('z', { dependencies: ['y'], estimateMinutes: 50 }),
    )
    expect(ready()).toEqual(['y', 'x'])
    expect(world.state.criticalPathMinutes('y')).toBe(70)
    world.send({ type: 'cancel_task', task: 'z', cascade: false })
    expect(ready()).toEqual(['x', 'y'])
    world.send({ type: 'retry_task', task: 'z' })
    expect(ready()).toEqual(['y', 'x'])
  })
})

describe('cancelling', () => {
  beforeEach(() => world.create(...makeChain('t', 3)))

  test('ends the claim, tells the holder, and names what now waits in vain', () => {
    const epoch = world.claim('t1', 's1')
    const blocker = world.block('t1', epoch)
    const reply = world.send({ type: 'cancel_task', task: 't1', reason: 'not needed', cascade: false })
    expect(reply).toMatchObject({ task: { state: 'cancelled' }, cancelled: ['t1'], strandedDependents: ['t2', 't3'] })
    expect(world.mail('s1').map(({ kind }) => kind)).toEqual(['blocker_resolved', 'claim_lost'])
    expect(world.state.blockers.get(blocker)).toMatchObject({ state: 'resolved', resolvedBy: 'claim_ended' })
    expect(world.refused({ type: 'complete_task', task: 't1', epoch, evidence: [] }).code).toBe('STALE_CLAIM')
    expect(world.refused({ type: 'claim_task', task: 't1', swarm: 's1' }).code).toBe('WRONG_STATE')
  })

  test('with cascade takes everything that depends on it along; again changes nothing', () => {
    const reply = world.send({ type: 'cancel_task', task: 't1', cascade: true })
    expect(reply).toMatchObject({ cancelled: ['t1', 't2', 't3'], strandedDependents: [] })
    const again = () => world.send({ type: 'cancel_task', task: 't1', cascade: true })
    expect(world.written(again)).toEqual([])
    expect(again().cancelled).toEqual([])
  })

  test('with cascade reaches what lies behind a task that is cancelled already', () => {
    world.send({ type: 'cancel_task', task: 't2', cascade: false })
    expect(world.send({ type: 'cancel_task', task: 't1', cascade: true }).cancelled).toEqual(['t1', 't3'])
  })

  test('is refused for what is completed', () => {
    world.complete('t1', 's1')
    expect(world.refused({ type: 'cancel_task', task: 't1', cascade: false }).code).toBe('WRONG_STATE')
  })
})

describe('retrying', () => {
  test('brings a failed or cancelled task back with a fresh count, and ends a backoff', () => {
    world.create('t1', 't2')
    world.send({ type: 'fail_task', task: 't1', epoch: world.claim('t1', 's1'), reason: 'no', retry: false })
    expect(world.send({ type: 'retry_task', task: 't1' })).toMatchObject({ state: 'available', failures: 0 })
    world.send({ type: 'fail_task', task: 't1', epoch: world.claim('t1', 's1'), reason: 'no', retry: true })
    expect(world.refused({ type: 'claim_task', task: 't1', swarm: 's1' }).code).toBe('BLOCKED_BY')
    expect(world.send({ type: 'retry_task', task: 't1' })).not.toHaveProperty('notBefore')
    expect(world.claim('t1', 's1')).toBeGreaterThan(0)
    for (const task of ['t1', 't2']) expect(world.refused({ type: 'retry_task', task }).code).toBe('WRONG_STATE')
  })

  test('of one whose dependencies are open makes it wait for them', () => {
    world.create(...makeChain('t', 2))
    world.send({ type: 'cancel_task', task: 't2', cascade: false })
    expect(world.send({ type: 'retry_task', task: 't2' })).toMatchObject({ state: 'blocked', openDependencies: 1 })
  })
})

describe('archiving', () => {
  test('takes a finished task out of memory after its retention; dependents still count it as completed', () => {
    world.create('t1', 't2')
    const epoch = world.claim('t1', 's1')
    const blocker = world.block('t1', epoch)
    world.send({ type: 'complete_task', task: 't1', epoch, evidence: [] })
    world.send({ type: 'cancel_task', task: 't2', cascade: false })
    world.pass(7 * DAY_MS - HOUR_MS)
    expect(world.state.tasks.has('t1')).toBe(true)
    world.pass(HOUR_MS)
    expect([...world.state.tasks.keys()]).toEqual([])
    expect([...world.state.archived.values()].map(({ id, state }) => `${id} ${state}`)).toEqual([
      't1 completed',
      't2 cancelled',
    ])
    expect(world.state.blockers.has(blocker)).toBe(false)
    expect(world.refused(create('t1')).code).toBe('CONFLICT')
    expect(world.refused({ type: 'claim_task', task: 't1', swarm: 's1' }).code).toBe('WRONG_STATE')
    expect(world.send(create('t3', { dependencies: ['t1'] })).state).toBe('available')
    expect(world.send(create('t4', { dependencies: ['t2'] })).state).toBe('blocked')
    world.restart()
    expect(world.task('t3').state).toBe('available')
  })

  test('spares a cancelled task that another waits for: it may be brought back', () => {
    world.create(...makeChain('t', 2))
    world.send({ type: 'cancel_task', task: 't1', cascade: false })
    world.pass(8 * DAY_MS)
    expect(world.send({ type: 'retry_task', task: 't1' }).state).toBe('available')
    world.send({ type: 'cancel_task', task: 't1', cascade: true })
    world.pass(8 * DAY_MS)
    world.pass(8 * DAY_MS)
    expect([...world.state.tasks.keys()]).toEqual([])
  })

  test('spares what failed: a person may still retry it', () => {
    world.create('t1')
    world.send({ type: 'fail_task', task: 't1', epoch: world.claim('t1', 's1'), reason: 'no', retry: false })
    world.pass(30 * DAY_MS)
    expect(world.send({ type: 'retry_task', task: 't1' }).state).toBe('available')
  })
})

test('an unknown task is NOT_FOUND, whatever is asked of it', () => {
  const words = [
    { type: 'claim_task', task: 'x', swarm: 's1' },
    { type: 'heartbeat', task: 'x', epoch: 1 },
    { type: 'complete_task', task: 'x', epoch: 1, evidence: [] },
    { type: 'fail_task', task: 'x', epoch: 1, reason: 'no', retry: true },
    { type: 'release_task', task: 'x' },
    { type: 'cancel_task', task: 'x', cascade: false },
    { type: 'retry_task', task: 'x' },
  ] as const
  expect(words.map((word) => world.refused(word).code)).toEqual(words.map(() => 'NOT_FOUND'))
})
