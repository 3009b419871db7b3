import { describe, expect, test } from 'vitest'
import { moduleWork } from '../../src/coordinator/module-work.js'
import { ADMIN_ACTOR } from '../../src/model/entry.js'
import { makeContract, makeRegistration, makeTask } from '../../src/testing/factories.js'
import { World } from './world.js'

const DIGEST = '0'.repeat(64)

class Modules extends World {
  constructor() {
    super()
    this.send(makeRegistration('tokenizer', { capacity: 2, capabilities: ['text:tokens'] }), ADMIN_ACTOR)
    this.send(makeRegistration('ada'), ADMIN_ACTOR)
  }

  load(changes: Parameters<typeof makeContract>[1] = {}, digest = DIGEST) {
    const contract = makeContract('tokenizer', changes)
    return this.send({ type: 'load_module', contract, digest, bytes: 812 }, ADMIN_ACTOR)
  }

  get work() {
    const { claims, runs } = moduleWork(this.state, this.now)
    return { claims: claims.map(({ task }) => task), runs: runs.map(({ task, epoch }) => [task.id, epoch]) }
  }
}

describe('loading a module', () => {
  test('is an entry with its whole contract; the same again changes nothing, another takes its place', () => {
    const world = new Modules()
    const row = world.load()
    expect(world.log.at(-1)).toMatchObject({ type: 'module_loaded', subject: 'tokenizer', data: { bytes: 812 } })
    const length = world.log.length
    expect(world.load()).toEqual(row)
    expect(world.log).toHaveLength(length)
    world.load({ version: '1.0.1' })
    expect(world.log.at(-1)?.data).toMatchObject({ replaces: DIGEST })
    expect(world.state.chassis.modules.get('tokenizer')?.contract.version).toBe('1.0.1')
  })

  test('is refused for another module than its contract names, for a swarm that does not work, and for a swarm that asks', () => {
    const world = new Modules()
    const contract = makeContract('tokenizer')
    const command = { type: 'load_module', contract, digest: '1'.repeat(64), bytes: 8 } as const
    expect(world.refused(command, ADMIN_ACTOR)).toMatchObject({
      code: 'MODULE_REFUSED',
      details: { reason: 'digest_mismatch' },
    })
    expect(world.refused({ ...command, contract: makeContract('nobody') }, ADMIN_ACTOR).code).toBe('NOT_FOUND')
    expect(world.refused({ ...command, digest: DIGEST }, 'swarm:tokenizer').code).toBe('FORBIDDEN')
  })

  test('of one that is too large for the log is refused', () => {
    const hosts = Array.from({ length: 64 }, (_, index) => ({
      ...{ host: `h${index}.example.com`, port: 443, scheme: 'https' as const, methods: ['GET' as const] },
      paths: [`/${'x'.repeat(1_000)}`],
    }))
    const world = new Modules()
    const command = {
      type: 'load_module',
      digest: DIGEST,
      bytes: 8,
      contract: makeContract('tokenizer', { hosts }),
    } as const
    expect(world.refused(command, ADMIN_ACTOR)).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('comes back with the log, and ends when it is unloaded', () => {
    const world = new Modules()
    const row = world.load()
    world.restart()
    expect(world.state.chassis.modules.get('tokenizer')).toEqual(row)
    world.send({ type: 'unload_module', swarm: 'tokenizer', reason: 'slow' }, ADMIN_ACTOR)
    expect(world.state.chassis.modules.size).toBe(0)
    expect(world.refused({ type: 'unload_module', swarm: 'tokenizer' }, ADMIN_ACTOR).code).toBe('NOT_FOUND')
  })
})

describe('a task that names a module', () => {
  test('is nobody else’s, and is offered to nobody', () => {
    const world = new Modules()
    world.load()
    world.create(makeTask('A', { module: 'tokenizer' }))
    expect(world.refused({ type: 'claim_task', task: 'A', swarm: 'ada' })).toMatchObject({
      code: 'NOT_ELIGIBLE',
      details: { module: 'tokenizer' },
    })
    for (const swarm of ['ada', 'tokenizer']) {
      expect(world.send({ type: 'offer_next', swarm, claim: true }).kind).toBe('none')
    }
  })

  test('waits until its module is loaded, then is to be claimed, as many as there is room for, the most urgent first', () => {
    const world = new Modules()
    world.create(
      makeTask('A', { module: 'tokenizer' }),
      makeTask('B', { module: 'tokenizer', priority: 90 }),
      makeTask('C', { module: 'tokenizer', dependencies: ['B'] }),
      makeTask('D', { module: 'tokenizer' }),
    )
    expect(world.work).toEqual({ claims: [], runs: [] })
    world.load()
    expect(world.work).toEqual({ claims: ['B', 'A'], runs: [] })
    const { epoch } = world.send({ type: 'claim_task', task: 'B', swarm: 'tokenizer' })
    expect(world.work).toEqual({ claims: ['A'], runs: [['B', epoch]] })
    world.send({ type: 'complete_task', task: 'B', epoch, evidence: [] })
    expect(world.work).toEqual({ claims: ['A', 'C'], runs: [] })
  })

  test('is not to be run while it is stuck, and not claimed while the breaker of its swarm is open', () => {
    const world = new Modules()
    world.load()
    world.create(makeTask('A', { module: 'tokenizer' }), makeTask('B', { module: 'tokenizer' }))
    const { epoch } = world.send({ type: 'claim_task', task: 'A', swarm: 'tokenizer' })
    world.send({ type: 'raise_blocker', task: 'A', epoch, kind: 'human', needs: 'a key', requires: [] })
    expect(world.work.runs).toEqual([])
    world.send({ type: 'trip_breaker', swarm: 'tokenizer', cause: 'administrator', reason: 'test' }, ADMIN_ACTOR)
    expect(world.work).toEqual({ claims: [], runs: [] })
  })

  test('needs what the contract declares', () => {
    const world = new Modules()
    world.load({ capabilities: ['text:words'] })
    world.create(makeTask('A', { module: 'tokenizer', requires: ['text:tokens'] }))
    expect(world.work.claims).toEqual([])
    expect(world.refused({ type: 'claim_task', task: 'A', swarm: 'tokenizer' }).message).toContain('does not declare')
    world.load({ capabilities: ['text:tokens'] })
    expect(world.work.claims).toEqual(['A'])
  })

  test('that was claimed before it named a module stays its holder’s', () => {
    const world = new Modules()
    world.load()
    world.create(makeTask('A', { board: 'b' }))
    world.send({ type: 'claim_task', task: 'A', swarm: 'ada' })
    const spec = makeTask('A', { board: 'b', module: 'tokenizer' })
    world.send({ type: 'import_board', board: 'b', tasks: [{ spec }], dryRun: false })
    expect(world.state.tasks.get('A')).toMatchObject({ module: 'tokenizer', claim: { swarm: 'ada' } })
    expect(world.work).toEqual({ claims: [], runs: [] })
  })
})
