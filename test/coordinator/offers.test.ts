import { beforeEach, describe, expect, test } from 'vitest'
import { SECOND_MS } from '../../src/model/time.js'
import { makeTask } from '../../src/testing/factories.js'
import { World } from './world.js'

let world: World

beforeEach(() => {
  world = new World()
  world.register('s1', { capabilities: ['code:ts', 'net:sip'] })
  world.register('s2')
})

const filler = (id: string) => makeTask(id, { kind: 'filler' })

describe('new work', () => {
  test('is the best primary task: what names the swarm as owner, then priority, path and age', () => {
    world.create(
      makeTask('old'),
      makeTask('long', { estimateMinutes: 600 }),
      makeTask('young', { requires: ['code:ts'] }),
      makeTask('urgent', { priority: 99 }),
      makeTask('own', { priority: 1, owner: 's1' }),
    )
    const order = Array.from({ length: 5 }, () => {
      const offered = world.next('s1')
      world.send({ type: 'cancel_task', task: offered.split(' ')[1] ?? '', cascade: false })
      return offered
    })
    expect(order).toEqual(['primary own', 'primary urgent', 'primary long', 'primary old', 'primary young'])
    expect(world.next('s1')).toBe('none')
  })

  test('with equal priority goes to the better match', () => {
    world.register('s3', { capabilities: ['a:1', 'a:2', 'a:3'] })
    world.create(
      makeTask('most', { requires: ['a:1', 'a:2', 'a:3', 'a:4'], estimateMinutes: 600 }),
      makeTask('all', { requires: ['a:1', 'a:2'] }),
    )
    expect(world.next('s3')).toBe('primary all')
  })

  test('is a filler only when no primary task matches, whatever the priorities', () => {
    world.create(
      makeTask('f1', { kind: 'filler', priority: 100, owner: 's2' }),
      makeTask('sip', { requires: ['net:sip'], priority: 1 }),
    )
    expect([world.next('s1'), world.next('s2')]).toEqual(['primary sip', 'filler f1'])
  })

  test('an owner does not keep others from a task, and gets nothing it does not qualify for', () => {
    world.create(makeTask('t1', { owner: 's2', requires: ['net:sip'] }))
    expect([world.next('s2'), world.next('s1')]).toEqual(['none', 'primary t1'])
  })

  test('is claimed in the same decision when asked for', () => {
    world.create('t1')
    expect(world.send({ type: 'offer_next', swarm: 's1', claim: false })).not.toHaveProperty('claim')
    const offer = world.send({ type: 'offer_next', swarm: 's1', claim: true, leaseMs: 5 * SECOND_MS })
    const epoch = world.log.length - 1
    expect(offer).toMatchObject({ kind: 'primary', task: { state: 'claimed' }, claim: { epoch, leaseMs: 5_000 } })
    expect(world.next('s2', true)).toBe('none')
  })

  test('leaves out what is in backoff, outside, blocked or held', () => {
    world.create('a', makeTask('b', { dependencies: ['a'] }), makeTask('c', { external: true }))
    world.send({ type: 'fail_task', task: 'a', epoch: world.claim('a', 's1'), reason: 'x', retry: true })
    expect(world.next('s2')).toBe('none')
    world.pass(10 * SECOND_MS)
    expect(world.next('s2', true)).toBe('primary a')
    expect(world.next('s1')).toBe('none')
  })
})

describe('a swarm that has something already', () => {
  test('at its capacity goes on with it: primary before filler', () => {
    world.register('s1', { capacity: 2 })
    world.create(filler('f1'), 't1', 't2')
    world.claim('f1', 's1')
    const epoch = world.claim('t1', 's1')
    expect(world.send({ type: 'offer_next', swarm: 's1', claim: true })).toMatchObject({
      kind: 'resume',
      task: { id: 't1' },
      claim: { epoch, reclaimed: true },
    })
    world.send({ type: 'complete_task', task: 't1', epoch, evidence: [] })
    expect(world.next('s1')).toBe('primary t2')
  })

  test('stuck on its primary task gets a filler, and that primary first when it is free again', () => {
    world.create('t1', 'other', filler('f1'))
    const epoch = world.claim('t1', 's1')
    const blocker = world.block('t1', epoch)
    expect(world.next('s1')).toBe('primary other')
    world.claim('other', 's2')
    expect(world.next('s1', true)).toBe('filler f1')
    world.send({ type: 'resolve_blocker', blocker })
    world.create(makeTask('urgent', { priority: 100 }))
    expect(world.next('s1')).toBe('resume t1')
    world.pass(SECOND_MS)
    expect(world.next('s1')).toBe('resume t1')
    world.restart()
    expect(world.next('s1')).toBe('resume t1')
  })

  test('that goes on with a freed task and has room for more is offered more', () => {
    world.register('s1', { capacity: 2 })
    world.create('t1', 't2')
    const epoch = world.claim('t1', 's1')
    world.send({ type: 'resolve_blocker', blocker: world.block('t1', epoch) })
    expect(world.next('s1')).toBe('resume t1')
    world.pass(SECOND_MS)
    world.send({ type: 'heartbeat', task: 't1', epoch })
    expect(world.next('s1')).toBe('primary t2')
  })
})

describe('help', () => {
  let blocker: string

  beforeEach(() => {
    world.create('t1', 'open', filler('f1'))
    blocker = world.block('t1', world.claim('t1', 's2'))
    world.send({ type: 'assign_helpers', blocker, swarms: ['s1'] })
  })

  test('comes before any new work, and says what is needed', () => {
    const offer = world.send({ type: 'offer_next', swarm: 's1', claim: true })
    expect(offer).toMatchObject({ kind: 'help', task: { id: 't1' }, blocker: { id: blocker, needs: 'a hand' } })
    world.send({ type: 'answer_help', blocker, swarm: 's1', accept: true })
    expect(world.next('s1', true)).toBe('help t1')
    world.send({ type: 'resolve_blocker', blocker })
    expect(world.next('s1', true)).toBe('primary open')
  })

  test('comes before a filler in hand, but not before a primary task in hand', () => {
    world.claim('f1', 's1')
    expect(world.next('s1')).toBe('help t1')
    world.send({ type: 'release_task', task: 'f1' })
    world.claim('open', 's1')
    expect(world.next('s1')).toBe('resume open')
  })

  test('that was declined is not offered again', () => {
    world.send({ type: 'answer_help', blocker, swarm: 's1', accept: false })
    expect(world.next('s1')).toBe('primary open')
  })
})

test('nobody is idle while matching work exists: swarms take everything there is', () => {
  world.create(...Array.from({ length: 20 }, (_, n) => makeTask(`t${n}`, { kind: n % 2 === 0 ? 'primary' : 'filler' })))
  const taken = Array.from({ length: 20 }, (_, n) => {
    world.register(`w${n}`)
    return world.next(`w${n}`, true)
  })
  expect(taken.map((offer) => offer.split(' ')[0])).toEqual([...Array(10).fill('primary'), ...Array(10).fill('filler')])
  expect(new Set(taken).size).toBe(20)
})
