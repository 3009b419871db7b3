import { beforeEach, describe, expect, test } from 'vitest'
import { BLOCKER_KINDS } from '../../src/model/blocker.js'
import { LIMITS } from '../../src/model/limits.js'
import { ORCHESTRATOR } from '../../src/model/swarm.js'
import { MINUTE_MS } from '../../src/model/time.js'
import { makeTask } from '../../src/testing/factories.js'
import { World } from './world.js'

let world: World
let epoch: number

beforeEach(() => {
  world = new World()
  for (const swarm of ['s1', 's2', 's3', 's4', 's5']) world.register(swarm)
  world.create('t1', 't2')
  epoch = world.claim('t1', 's1')
})

const ask = (blocker: string, ...swarms: string[]) => world.send({ type: 'assign_helpers', blocker, swarms })
const refuseToAsk = (blocker: string, ...swarms: string[]) =>
  world.refused({ type: 'assign_helpers', blocker, swarms }).code
const answer = (blocker: string, swarm: string, accept = true) =>
  world.send({ type: 'answer_help', blocker, swarm, accept })
const helperEpoch = (blocker: string, swarm: string) =>
  answer(blocker, swarm).helpers.find((helper) => helper.swarm === swarm)?.epoch ?? -1
const blockerRow = (id: string) => world.state.blockers.get(id)
const kinds = (reader: string) => world.mail(reader).map(({ kind }) => kind)

describe('raising a blocker', () => {
  test.each(BLOCKER_KINDS)('of kind %s makes the task stuck and tells the orchestrator', (kind) => {
    const waitsFor = kind === 'task' ? { waitsFor: 't2' } : {}
    const id = world.block('t1', epoch, { kind, needs: 'a key', requires: ['ops:etcd'], ...waitsFor })
    expect(id).toBe(`blocker-${world.log.findIndex(({ type }) => type === 'blocker_raised')}`)
    expect(blockerRow(id)).toMatchObject({ task: 't1', swarm: 's1', epoch, kind, state: 'open', needs: 'a key' })
    expect(world.task('t1')).toMatchObject({ state: 'claimed', openBlockers: [id] })
    expect(world.mail(ORCHESTRATOR)[0]).toMatchObject({
      kind: 'blocker_raised',
      task: 't1',
      blocker: id,
      from: 'admin',
    })
    expect([world.state.stuck, world.state.openBlockers]).toEqual([1, 1])
  })

  test('of kind task must name the task it waits for, and no other kind may', () => {
    const raise = { type: 'raise_blocker', task: 't1', epoch, needs: 'x', requires: [] } as const
    expect(world.refused({ ...raise, kind: 'task' }).code).toBe('INVALID_ARGUMENT')
    expect(world.refused({ ...raise, kind: 'help', waitsFor: 't2' }).code).toBe('INVALID_ARGUMENT')
    expect(world.refused({ ...raise, kind: 'task', waitsFor: 'nope' }).code).toBe('NOT_FOUND')
    world.complete('t2', 's2')
    expect(world.refused({ ...raise, kind: 'task', waitsFor: 't2' }).code).toBe('WRONG_STATE')
  })

  test('that could never be resolved is refused: itself, its dependents, and rings through other blockers', () => {
    world.create(makeTask('t3', { dependencies: ['t1'] }), makeTask('t4', { dependencies: ['t3'] }))
    const wait = (task: string, claim: number, waitsFor: string) =>
      ({ type: 'raise_blocker', task, epoch: claim, kind: 'task', needs: 'x', requires: [], waitsFor }) as const
    for (const waitsFor of ['t1', 't3', 't4']) {
      expect(world.refused(wait('t1', epoch, waitsFor)).code).toBe('CONFLICT')
    }
    const other = world.claim('t2', 's2')
    const id = world.send(wait('t2', other, 't1')).id
    expect(world.refused(wait('t1', epoch, 't2')).code).toBe('CONFLICT')
    world.send({ type: 'resolve_blocker', blocker: id })
    expect(world.send(wait('t1', epoch, 't2')).state).toBe('open')
  })

  test('has a limit for each task', () => {
    for (let raised = 0; raised < LIMITS.openBlockersPerTask; raised += 1) world.block('t1', epoch)
    const raise = { type: 'raise_blocker', task: 't1', epoch, kind: 'help', needs: 'x', requires: [] } as const
    expect(world.refused(raise).code).toBe('RATE_LIMITED')
  })
})

describe('a blocker ends', () => {
  test('with the task it waits for, and its holder hears of it', () => {
    const id = world.block('t1', epoch, { kind: 'task', waitsFor: 't2' })
    const written = world.written(() => world.complete('t2', 's2'))
    expect(written).toEqual(['task_claimed t2', 'task_completed t2', `blocker_resolved ${id}`])
    expect(blockerRow(id)).toMatchObject({ state: 'resolved', resolvedBy: 'task_completed' })
    expect(world.task('t1')).toMatchObject({ openBlockers: [], claim: { epoch, freedAt: world.now } })
    expect(kinds('s1')).toEqual(['blocker_resolved'])
  })

  test.each([
    ['complete', () => world.send({ type: 'complete_task', task: 't1', epoch, evidence: [] })],
    ['fail', () => world.send({ type: 'fail_task', task: 't1', epoch, reason: 'no', retry: true })],
    ['release', () => world.send({ type: 'release_task', task: 't1', epoch })],
    ['release by an operator', () => world.send({ type: 'release_task', task: 't1' })],
    ['cancel', () => world.send({ type: 'cancel_task', task: 't1', cascade: false })],
    ['retirement', () => world.send({ type: 'retire_swarm', swarm: 's1' })],
    ['end of the lease', () => world.pass(30 * MINUTE_MS)],
  ])('with the claim it belongs to: %s', (_, end) => {
    const id = world.block('t1', epoch)
    ask(id, 's2')
    const other = world.block('t1', epoch)
    end()
    for (const blocker of [id, other]) {
      expect(blockerRow(blocker)).toMatchObject({ state: 'resolved', resolvedBy: 'claim_ended' })
    }
    expect(kinds('s2')).toEqual(['help_requested', 'blocker_resolved'])
    expect([world.state.openBlockers, world.state.stuck, world.task('t1').openBlockers]).toEqual([0, 0, []])
    expect(world.refused({ type: 'answer_help', blocker: id, swarm: 's2', accept: true }).code).toBe('WRONG_STATE')
  })

  test('by the holder, by a helper under its own epoch, or by an operator; again by the same changes nothing', () => {
    const byHolder = world.block('t1', epoch)
    world.send({ type: 'resolve_blocker', blocker: byHolder, swarm: 's1', epoch, resolution: 'found it' })
    expect(blockerRow(byHolder)).toMatchObject({ resolvedBy: 's1', resolution: 'found it' })
    expect(kinds('s1')).toEqual([])

    const byHelper = world.block('t1', epoch)
    ask(byHelper, 's2')
    const own = helperEpoch(byHelper, 's2')
    const resolve = { type: 'resolve_blocker', blocker: byHelper, swarm: 's2', epoch: own } as const
    expect(world.send(resolve)).toMatchObject({ state: 'resolved', resolvedBy: 's2' })
    expect(kinds('s1')).toEqual(['help_accepted', 'blocker_resolved'])
    expect(world.written(() => world.send(resolve))).toEqual([])

    const byOperator = world.block('t1', epoch)
    expect(world.send({ type: 'resolve_blocker', blocker: byOperator })).toMatchObject({ resolvedBy: 'admin' })
    expect(world.refused({ type: 'resolve_blocker', blocker: byOperator, swarm: 's1', epoch }).code).toBe('WRONG_STATE')
  })

  test('by nobody else: not asked, not accepted, declined, or with the epoch of another', () => {
    const id = world.block('t1', epoch)
    ask(id, 's2', 's3')
    const own = helperEpoch(id, 's2')
    const tries = [
      { swarm: 's4', epoch: own },
      { swarm: 's3', epoch: own },
      { swarm: 's3' },
      { epoch: own + 1 },
      { swarm: 's2', epoch },
    ]
    for (const by of tries)
      expect(world.refused({ type: 'resolve_blocker', blocker: id, ...by }).code).toBe('STALE_CLAIM')
    answer(id, 's2', false)
    expect(world.refused({ type: 'resolve_blocker', blocker: id, swarm: 's2', epoch: own }).code).toBe('STALE_CLAIM')
    expect(world.refused({ type: 'resolve_blocker', blocker: 'blocker-0' }).code).toBe('NOT_FOUND')
  })

  test('only when all of a task are resolved it is free again', () => {
    const [first, second] = [world.block('t1', epoch), world.block('t1', epoch)]
    world.send({ type: 'resolve_blocker', blocker: first })
    expect(world.task('t1')).toMatchObject({ openBlockers: [second] })
    expect(world.task('t1').claim).not.toHaveProperty('freedAt')
    world.send({ type: 'resolve_blocker', blocker: second })
    expect(world.task('t1').claim).toHaveProperty('freedAt')
  })
})

describe('asking for help', () => {
  test('tells those asked; an acceptance gives an epoch of its own and tells holder and orchestrator', () => {
    const id = world.block('t1', epoch)
    expect(ask(id, 's2', 's2')).toMatchObject({ state: 'assigned', helpers: [{ swarm: 's2', state: 'requested' }] })
    expect(world.mail('s2')).toMatchObject([{ kind: 'help_requested', blocker: id, task: 't1' }])
    expect(world.written(() => ask(id, 's2'))).toEqual([])
    const own = helperEpoch(id, 's2')
    expect(own).toBe(world.log.length - 1)
    expect(world.written(() => expect(helperEpoch(id, 's2')).toBe(own))).toEqual([])
    expect([kinds('s1'), kinds(ORCHESTRATOR)]).toEqual([['help_accepted'], ['blocker_raised', 'help_accepted']])
    expect(kinds('s2')).toEqual(['help_requested'])
  })

  test('never asks the blocked swarm, a stranger, or one that lacks what it takes', () => {
    const id = world.block('t1', epoch, { requires: ['net:sip', 'net:ice', 'net:rtp'] })
    world.register('half', { capabilities: ['net:sip', 'net:ice'] })
    world.register('whole', { capabilities: ['net:sip', 'net:ice', 'net:rtp', 'x:y'] })
    expect([refuseToAsk(id, 's1'), refuseToAsk(id, 'half'), refuseToAsk(id, 'nobody')]).toEqual([
      'NOT_ELIGIBLE',
      'NOT_ELIGIBLE',
      'NOT_FOUND',
    ])
    expect(ask(id, 'whole').state).toBe('assigned')
  })

  test('puts at most three swarms on a task, its holder and all its blockers counted', () => {
    const [first, second] = [world.block('t1', epoch), world.block('t1', epoch)]
    expect(refuseToAsk(first, 's2', 's3', 's4')).toBe('POLICY_VIOLATION')
    ask(first, 's2')
    ask(second, 's3')
    expect([refuseToAsk(first, 's4'), refuseToAsk(second, 's4')]).toEqual(['POLICY_VIOLATION', 'POLICY_VIOLATION'])
    expect(ask(second, 's2').helpers.map(({ swarm }) => swarm)).toEqual(['s3', 's2'])
    world.send({ type: 'resolve_blocker', blocker: second })
    expect(ask(first, 's4').helpers).toHaveLength(2)
  })

  test('one that declined makes room for another and cannot come back unasked', () => {
    const id = world.block('t1', epoch)
    ask(id, 's2', 's3')
    expect(world.send({ type: 'answer_help', blocker: id, swarm: 's2', accept: false, reason: 'busy' })).toMatchObject({
      state: 'assigned',
      helpers: [{ swarm: 's2', state: 'declined', reason: 'busy' }, { state: 'requested' }],
    })
    ask(id, 's4')
    expect(world.refused({ type: 'answer_help', blocker: id, swarm: 's2', accept: true }).code).toBe('WRONG_STATE')
    answer(id, 's3', false)
    expect(answer(id, 's4', false).state).toBe('open')
    ask(id, 's2')
    expect(helperEpoch(id, 's2')).toBeGreaterThan(epoch)
  })

  test('is answered by those asked only', () => {
    const id = world.block('t1', epoch)
    expect(world.refused({ type: 'answer_help', blocker: id, swarm: 's2', accept: true }).code).toBe('NOT_ELIGIBLE')
  })
})
