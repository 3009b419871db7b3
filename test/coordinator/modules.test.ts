import { describe, expect, test } from 'vitest'
import type { SignedContract } from '../../src/chassis/contract/contract.js'
import { signContract } from '../../src/chassis/contract/sign-contract.js'
import { type ChassisPolicy, DEFAULT_CHASSIS_POLICY } from '../../src/chassis/policy/policy.js'
import { moduleWork } from '../../src/coordinator/module-work.js'
import { ADMIN_ACTOR } from '../../src/model/entry.js'
import { makeContract, makeRegistration, makeTask } from '../../src/testing/factories.js'
import { NoteSigner } from '../../src/witness/note/signer.js'
import { World } from './world.js'

const DIGEST = '0'.repeat(64)

class Modules extends World {
  constructor(chassis?: Partial<ChassisPolicy>) {
    super({}, chassis && { chassis: { ...DEFAULT_CHASSIS_POLICY, ...chassis } })
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

describe('a contract under a policy', () => {
  const signer = NoteSigner.generate('release')
  const trust = { requireSignature: true, requirePinnedVersion: true, trustedKeys: [signer.vkey] }
  const contract = makeContract('tokenizer')
  const signature = signContract(contract, signer)
  const command = (signed: SignedContract) => ({ type: 'load_module', digest: DIGEST, bytes: 8, ...signed }) as const

  test('that a trusted key signed is loaded, and the entry names the key', () => {
    const world = new Modules(trust)
    expect(world.send(command({ contract, signature }), ADMIN_ACTOR)).toMatchObject({ signedBy: signature.key })
    expect(world.log.at(-1)?.data).toMatchObject({ contract, signature, signedBy: signature.key })
  })

  const other = signContract(contract, NoteSigner.generate('release'))
  const latest = makeContract('tokenizer', { version: 'latest' })
  const REFUSED: readonly (readonly [reason: string, signed: SignedContract])[] = [
    ['unsigned', { contract }],
    ['tampered', { contract: { ...contract, version: '1.0.1' }, signature }],
    ['unknown_key', { contract, signature: other }],
    ['unpinned_version', { contract: latest, signature: signContract(latest, signer) }],
  ]
  test.each(REFUSED)('is refused where it is %s and the policy wants another', (reason, signed) => {
    const world = new Modules(trust)
    const refusal = world.refused(command(signed), ADMIN_ACTOR)
    expect(refusal).toMatchObject({ code: 'MODULE_REFUSED', details: { reason } })
    expect(world.state.chassis.modules.size).toBe(0)
  })

  test.each(REFUSED)('that is %s is loaded by a policy that says nothing, unless it was changed', (reason, signed) => {
    const world = new Modules({ trustedKeys: [signer.vkey] })
    if (reason === 'tampered') expect(world.refused(command(signed), ADMIN_ACTOR).details).toEqual({ reason })
    else expect(world.send(command(signed), ADMIN_ACTOR).contract).toEqual(signed.contract)
  })

  test('of another version than the one that is pinned is refused', () => {
    const world = new Modules({ pinnedVersions: { tokenizer: '1.0.1' } })
    expect(world.refused(command({ contract }), ADMIN_ACTOR).details).toEqual({ reason: 'unpinned_version' })
    expect(world.load({ version: '1.0.1' }).contract.version).toBe('1.0.1')
    expect(new Modules({ pinnedVersions: { ada: '9.9.9' } }).load()).toMatchObject({ contract })
  })

  test('is judged by the policy that is in force', () => {
    const world = new Modules()
    world.load()
    world.send({ type: 'unload_module', swarm: 'tokenizer' }, ADMIN_ACTOR)
    const policy = { ...world.state.governor.policy, chassis: { ...DEFAULT_CHASSIS_POLICY, ...trust } }
    world.send({ type: 'apply_policy', policy, digest: 'd'.repeat(64) }, ADMIN_ACTOR)
    expect(world.refused(command({ contract }), ADMIN_ACTOR).details).toEqual({ reason: 'unsigned' })
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
