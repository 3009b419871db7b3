import { beforeEach, describe, expect, test } from 'vitest'
import type { RecordRun } from '../../src/coordinator/chassis-commands.js'
import { matchTask } from '../../src/coordinator/governor-queries.js'
import { reputationOf } from '../../src/governor/match.js'
import { ADMIN_ACTOR, FABRIC_ACTOR, swarmActor } from '../../src/model/entry.js'
import { ORCHESTRATOR } from '../../src/model/swarm.js'
import { DAY_MS, HOUR_MS } from '../../src/model/time.js'
import { makeTask } from '../../src/testing/factories.js'
import { makeRun } from './make-run.js'
import { World } from './world.js'

const LEVELS = { successRate: 0.99, p99LatencyMs: 500 }
const CAPABILITY = 'code:ts'

let world: World

beforeEach(() => {
  world = new World()
  world.register('s1', { capabilities: [CAPABILITY] })
  world.register('s2', { capabilities: [CAPABILITY], reputation: 0.9 })
})

function record(changes: Partial<RecordRun> = {}, swarm = 's1') {
  return world.send(makeRun(swarm, { levels: LEVELS, ...changes }), FABRIC_ACTOR)
}

/** So many runs that complete, then so many that fail. */
function run(completed: number, failed: number, swarm = 's1'): void {
  for (let count = 0; count < completed; count += 1) record({}, swarm)
  for (let count = 0; count < failed; count += 1) record({ end: 'failed' }, swarm)
}

const level = (swarm = 's1') => world.state.chassis.serviceLevel(swarm)
const effective = (swarm = 's1') => reputationOf(world.state.swarms.get(swarm) ?? {})
const agingAt = (swarm = 's1') =>
  [...world.state.deadlines.items()].find(({ kind, id }) => kind === 'reputation' && id === swarm)?.at
const mail = () => world.mail(ORCHESTRATOR).map(({ kind, text }) => `${kind}: ${text}`)

describe('a run', () => {
  test('is an entry with its facts in whole numbers, and the promises where they are news', () => {
    const { type: _, swarm: __, levels, ...facts } = makeRun('s1', { levels: LEVELS, task: 'T', epoch: 3 })
    expect(world.written(() => record({ ...facts, wallMs: 10.4, cpuMs: 9.5, fuel: -1 }))).toEqual(['run_ended s1'])
    const data = { ...facts, wallMs: 10, cpuMs: 10, fuel: 0 }
    expect(world.log.at(-1)?.data).toEqual({ ...data, levels })
    record()
    expect(world.log.at(-1)?.data).not.toHaveProperty('levels')
  })

  test('is recorded by the fabric only, and of swarms that it knows', () => {
    for (const actor of [ADMIN_ACTOR, swarmActor('s1')]) {
      expect(world.refused(makeRun('s1'), actor).code).toBe('FORBIDDEN')
    }
    expect(world.refused(makeRun('nobody'), FABRIC_ACTOR).code).toBe('NOT_FOUND')
  })

  test('that was cancelled is an entry and counts for nothing', () => {
    expect(world.written(() => record({ end: 'cancelled' }))).toEqual(['run_ended s1'])
    expect(level()).toMatchObject({ runs: 0, recent: [], reputation: 1 })
  })
})

describe('a promise', () => {
  test('is broken in the decision of the run that breaks it, once, and the orchestrator hears of it', () => {
    run(99, 1)
    expect(mail()).toEqual([])
    expect(world.written(() => record({ end: 'failed' }))).toEqual(['run_ended s1', 'service_level_violated s1'])
    expect(world.log.at(-1)?.data).toEqual({ level: 'success', target: 0.99, actual: 0.98 })
    expect(world.written(() => record({ end: 'failed' }))).toEqual(['run_ended s1'])
    expect(mail()).toEqual([
      'service_level_violated: The module of s1 does not keep its success rate: measured 98 %, promised 99 %.',
    ])
  })

  test('is kept again with the run that makes it so', () => {
    run(98, 2)
    const written = world.written(() => run(99, 0))
    expect(written.filter((entry) => !entry.startsWith('run_ended'))).toEqual(['service_level_restored s1'])
    expect(mail().at(-1)).toBe('service_level_restored: The module of s1 keeps its success rate again.')
    expect(level().violations).toMatchObject([{ level: 'success', until: world.now }])
  })

  test('may be of latency, and several may be broken at once', () => {
    run(9, 0)
    expect(world.written(() => record({ end: 'deadline', wallMs: 30_000 }))).toEqual([
      'run_ended s1',
      'service_level_violated s1',
      'service_level_violated s1',
    ])
    expect(level().violations.map(({ level, actual }) => [level, actual])).toEqual([
      ['p99', 30_000],
      ['success', 0.9],
    ])
  })

  test('that the next contract does not make is not broken any more', () => {
    run(0, 10)
    expect(world.written(() => record({ levels: {} }))).toEqual(['run_ended s1', 'service_level_restored s1'])
    expect(mail().at(-1)).toBe('service_level_restored: The module of s1 does not promise a success rate any more.')
  })
})

describe('the reputation', () => {
  test('follows from the runs, and is multiplied with what an administrator set', () => {
    run(80, 20)
    expect(level().reputation).toBe(0.56)
    expect(effective()).toBe(0.56)
    run(80, 20, 's2')
    expect(effective('s2')).toBe(0.504)
  })

  test('outlives what is said about the swarm, and its retirement', () => {
    run(80, 20)
    world.register('s1', { capabilities: [CAPABILITY], capacity: 3 })
    world.send({ type: 'retire_swarm', swarm: 's1' })
    world.register('s1')
    expect(effective()).toBe(0.56)
  })

  test('leaves no trace on a swarm against which nothing is held', () => {
    run(80, 20)
    run(100, 0)
    expect(world.state.swarms.get('s1')).not.toHaveProperty('measuredReputation')
    expect(agingAt()).toBeUndefined()
  })
})

describe('the governor', () => {
  const bestFor = (task: string) =>
    matchTask(world.state, task, world.now, { limit: 10 }).items.map(
      ({ swarm, reputation }) => `${swarm} ${reputation}`,
    )

  test('chooses by it at its next decision', () => {
    world.create(makeTask('t1', { requires: [CAPABILITY] }), 't2')
    expect(bestFor('t1')).toEqual(['s1 1', 's2 0.9'])
    run(80, 20)
    expect(bestFor('t1')).toEqual(['s2 0.9', 's1 0.56'])
  })

  test('gives no work below the least reputation, and gives it again when failures have faded', () => {
    world = new World({}, { minReputation: 0.7, help: { automatic: false, answerMs: DAY_MS, leaseMs: DAY_MS } })
    world.register('s1')
    world.create('t1')
    expect(world.next('s1')).toBe('primary t1')
    run(80, 20)
    expect(world.next('s1')).toBe('none')
    const refusal = world.refused({ type: 'claim_task', task: 't1', swarm: 's1' })
    expect(refusal).toMatchObject({ code: 'NOT_ELIGIBLE', message: expect.stringContaining('reputation of 0.56') })
    world.state.forgetNews()
    world.pass(DAY_MS)
    expect(world.state.news.profiles).toEqual(new Set(['s1']))
    expect(world.next('s1')).toBe('primary t1')
  })

  test('asks another one for help', () => {
    world = new World({}, {})
    for (const swarm of ['s1', 's2', 'stuck']) world.register(swarm, { capabilities: [CAPABILITY] })
    world.create('t1', 't2')
    const helpersOf = (task: string) => {
      const blocker = world.block(task, world.claim(task, 'stuck'), { requires: [CAPABILITY] })
      return world.state.blockers.get(blocker)?.helpers.map(({ swarm }) => swarm)
    }
    expect(helpersOf('t1')).toEqual(['s1'])
    world.register('stuck', { capabilities: [CAPABILITY], capacity: 2 })
    for (const swarm of ['s1', 's2']) world.register(swarm, { capabilities: [CAPABILITY], capacity: 2 })
    run(80, 20)
    expect(helpersOf('t2')).toEqual(['s2'])
  })
})

describe('time', () => {
  test('lets failures fade once a day, and then there is nothing to do', () => {
    run(80, 20)
    const reputations: number[] = []
    for (let due = agingAt(); due !== undefined && reputations.length < 20; due = agingAt()) {
      expect(due - world.now).toBeLessThanOrEqual(DAY_MS)
      world.pass(due - world.now)
      reputations.push(level().reputation)
    }
    expect(reputations.slice(0, 4)).toEqual([0.738, 0.874, 0.9458, 0.9826])
    expect(reputations.at(-1)).toBe(1)
    expect(reputations.length).toBeLessThanOrEqual(11)
    expect(world.written(() => world.pass(100 * DAY_MS))).toEqual([])
    expect(level().history.map(({ reputation }) => reputation)).toEqual([0.56, ...reputations])
  })

  test('is counted from the last computation: a run that comes puts the deadline off', () => {
    run(80, 20)
    world.pass(HOUR_MS)
    record()
    expect(agingAt()).toBe(world.now + DAY_MS)
  })

  test('is asked for nothing where nothing is held against anybody', () => {
    run(100, 0)
    expect(world.written(() => world.pass(30 * DAY_MS))).toEqual([])
  })
})

test('the log folds to the same rows, to the byte, and to the same deadlines', () => {
  run(80, 20)
  world.pass(3 * DAY_MS)
  run(5, 1, 's2')
  run(50, 0)
  const rows = () => JSON.stringify([...world.state.rows()])
  const deadlines = () => [...world.state.deadlines.items()].map(({ kind, id, at }) => `${kind} ${id} ${at}`).sort()
  const before = [rows(), deadlines()]
  world.restart()
  expect([rows(), deadlines()]).toEqual(before)
})
