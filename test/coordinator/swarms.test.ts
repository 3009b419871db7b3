import { beforeEach, describe, expect, test } from 'vitest'
import { ORCHESTRATOR } from '../../src/model/swarm.js'
import { makeRegistration } from '../../src/testing/factories.js'
import { World } from './world.js'

describe('registering a swarm', () => {
  let world: World

  beforeEach(() => {
    world = new World()
  })

  test('keeps what it can do and when it came', () => {
    const profile = { capabilities: ['code:ts'], tier: 'sonnet', capacity: 2, metadata: { host: 'a' } }
    expect(world.send(makeRegistration('s1', profile))).toEqual({
      id: 's1',
      state: 'active',
      registeredAt: world.now,
      ...profile,
    })
  })

  test('again with the same profile writes nothing, with another one updates it', () => {
    world.register('s1', { tier: 'haiku' })
    const since = world.now
    expect(world.written(() => world.register('s1', { tier: 'haiku' }))).toEqual([])
    world.pass(1_000)
    expect(world.written(() => world.register('s1', { capabilities: ['code:ts'] }))).toEqual(['swarm_registered s1'])
    const row = world.state.swarms.get('s1')
    expect(row).toMatchObject({ capabilities: ['code:ts'], registeredAt: since })
    expect(row).not.toHaveProperty('tier')
  })

  test('refuses the reserved name of the orchestrator', () => {
    expect(world.refused(makeRegistration(ORCHESTRATOR)).code).toBe('CONFLICT')
  })
})

describe('retiring a swarm', () => {
  test('releases its claims, declines its help, and keeps it from work until it registers again', () => {
    const world = new World()
    world.create('t1', 't2', 't3')
    world.register('s1', { capacity: 2 })
    world.register('s2')
    const epoch = world.claim('t1', 's1')
    world.claim('t2', 's1')
    const blocker = world.block('t3', world.claim('t3', 's2'))
    world.send({ type: 'assign_helpers', blocker, swarms: ['s1'] })

    const reply = world.send({ type: 'retire_swarm', swarm: 's1', reason: 'laptop closed' })
    expect(reply).toMatchObject({ swarm: { state: 'retired' }, released: ['t1', 't2'] })
    expect(world.task('t1')).toMatchObject({ state: 'available', failures: 0 })
    expect(world.state.blockers.get(blocker)).toMatchObject({ state: 'open', helpers: [{ state: 'declined' }] })
    expect(world.mail('s1').map(({ kind }) => kind)).toEqual(['help_requested', 'claim_lost', 'claim_lost'])
    expect(world.refused({ type: 'heartbeat', task: 't1', epoch }).code).toBe('STALE_CLAIM')
    expect(world.refused({ type: 'claim_task', task: 't1', swarm: 's1' }).code).toBe('NOT_ELIGIBLE')
    expect(world.refused({ type: 'offer_next', swarm: 's1', claim: false }).code).toBe('NOT_ELIGIBLE')
    expect(world.refused({ type: 'assign_helpers', blocker, swarms: ['s1'] }).code).toBe('NOT_ELIGIBLE')
    expect(world.written(() => world.send({ type: 'retire_swarm', swarm: 's1' }))).toEqual([])

    world.register('s1')
    expect(world.refused({ type: 'answer_help', blocker, swarm: 's1', accept: true }).code).toBe('WRONG_STATE')
    expect(world.claim('t1', 's1')).toBeGreaterThan(epoch)
  })

  test('needs a known swarm', () => {
    expect(new World().refused({ type: 'retire_swarm', swarm: 'nobody' }).code).toBe('NOT_FOUND')
  })
})
