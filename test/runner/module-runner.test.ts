import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EgressContext, EgressUse, Right } from '../../src/chassis/egress/egress.js'
import { CallRates } from '../../src/chassis/host-calls/call-rates.js'
import { type ChassisPolicy, DEFAULT_CHASSIS_POLICY } from '../../src/chassis/policy/policy.js'
import { policyDigestOf } from '../../src/fabric/policy-digest.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../src/governor/policy/policy.js'
import { ADMIN_ACTOR } from '../../src/model/entry.js'
import { FabricError } from '../../src/model/errors.js'
import { ModuleRunner } from '../../src/runner/module-runner.js'
import { ModuleStore } from '../../src/runner/module-store.js'
import { makeContract, makeRegistration, makeTask } from '../../src/testing/factories.js'
import { memoryStorage, openTestFabric, type TestFabric } from '../../src/testing/index.js'
import { ScriptedSandbox } from '../support/scripted-sandbox.js'

const EMPTY = Buffer.from('AGFzbQEAAAA=', 'base64')
const DIGEST = '93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476'
const ADMIN = { actor: ADMIN_ACTOR }

let place: TestFabric
let sandbox: ScriptedSandbox
let runner: ModuleRunner
let send: (context: EgressContext) => readonly EgressUse[]

beforeEach(async () => {
  place = await openTestFabric({ witness: memoryStorage() })
  sandbox = new ScriptedSandbox()
  send = () => []
  await place.fabric.submit(makeRegistration('tokenizer', { capacity: 2 }), ADMIN)
  runner = startRunner()
})

afterEach(async () => {
  await runner.close()
  await place.fabric.close()
  expect(place.faults).toEqual([])
})

function startRunner(): ModuleRunner {
  return new ModuleRunner({
    fabric: place.fabric,
    modules: new ModuleStore(place.fabric),
    sandbox,
    egress: {
      request: async (_request, context) => {
        for (const use of send(context)) context.onUse(use)
        return { status: 200, headers: {}, body: Buffer.from('') }
      },
    },
    rates: new CallRates(place.timing),
    redactor: { redactText: (text) => text },
    timing: place.timing,
    report: (error) => (place.faults as unknown[]).push(error),
  })
}

async function load(): Promise<void> {
  const { fabric } = place
  await fabric.putBlob(EMPTY, 'application/wasm', ADMIN)
  const contract = makeContract('tokenizer', { module: { path: 'a.wasm', sha256: DIGEST } })
  await fabric.submit({ type: 'load_module', contract, digest: DIGEST, bytes: EMPTY.length }, ADMIN)
}

async function create(id: string): Promise<void> {
  const task = makeTask(id, { module: 'tokenizer', description: 'Count the words.' })
  await place.fabric.submit({ type: 'create_task', task }, ADMIN)
}

async function applyPolicy(chassis: Partial<ChassisPolicy>): Promise<void> {
  const policy = { ...DEFAULT_GOVERNOR_POLICY, chassis: { ...DEFAULT_CHASSIS_POLICY, ...chassis } }
  await place.fabric.submit({ type: 'apply_policy', policy, digest: policyDigestOf(policy) }, ADMIN)
}

/** The task once it is in this state. */
async function taskIn(id: string, state: string) {
  const signal = AbortSignal.timeout(5_000)
  for (;;) {
    const { entries: seen } = place.fabric.health()
    const task = await place.fabric.read(({ tasks }) => tasks.get(id))
    if (task?.state === state) return task
    for await (const _ of place.fabric.follow(signal, seen)) break
    signal.throwIfAborted()
  }
}

async function entries(): Promise<{ readonly type: string; readonly actor: string; readonly data: unknown }[]> {
  const found: { type: string; actor: string; data: unknown }[] = []
  const { entries: size } = place.fabric.health()
  for await (const batch of place.fabric.follow(AbortSignal.timeout(5_000), 0)) {
    found.push(...batch)
    if (found.length >= size) break
  }
  return found
}

describe('a task that names a module', () => {
  test('is claimed, run and completed with what the module wrote', async () => {
    await load()
    await create('A')
    const { request, end } = await sandbox.begun(0)
    const { claim } = await taskIn('A', 'claimed')
    expect(request).toMatchObject({ swarm: 'tokenizer', seed: `test/A/${claim?.epoch}`, module: { digest: DIGEST } })
    expect(JSON.parse(Buffer.from(request.input).toString())).toEqual({
      task: { id: 'A', title: 'Task A', description: 'Count the words.', acceptance: [] },
      ...{ swarm: 'tokenizer', epoch: claim?.epoch, attempt: 1 },
    })
    end()
    expect(await taskIn('A', 'completed')).toMatchObject({
      summary: 'done',
      completedBy: 'tokenizer',
      evidence: [{ kind: 'note' }, { kind: 'note', text: 'Its output:\ndone' }],
    })
    const told = await entries()
    const names = told.map(({ type }) => type)
    expect(names.slice(names.indexOf('task_claimed'))).toEqual(['task_claimed', 'run_ended', 'task_completed'])
    expect(told.at(-1)?.actor).toBe('swarm:tokenizer')
    expect(told.at(-2)?.data).toMatchObject({ task: 'A', digest: DIGEST, end: 'completed', fuel: 12 })
  })

  test('that existed before its module and before the runner is done as well', async () => {
    await runner.close()
    await create('A')
    await load()
    runner = startRunner()
    ;(await sandbox.begun(0)).end()
    await taskIn('A', 'completed')
  })

  test('runs beside another up to the capacity of the swarm', async () => {
    await load()
    for (const id of ['A', 'B', 'C']) await create(id)
    const [first, second] = [await sandbox.begun(0), await sandbox.begun(1)]
    expect(sandbox.runs).toHaveLength(2)
    first.end()
    await sandbox.begun(2).then(({ end }) => end())
    second.end()
    for (const id of ['A', 'B', 'C']) await taskIn(id, 'completed')
  })

  test('whose output is long has it as a blob', async () => {
    await load()
    await create('A')
    const output = Buffer.alloc(10_000, 0xff)
    ;(await sandbox.begun(0)).end({ output })
    const { evidence } = await taskIn('A', 'completed')
    const file = evidence.find(({ kind }) => kind === 'file') as { sha256: string }
    expect(await place.fabric.getBlob(file.sha256)).toEqual(output)
  })

  test('fails with how the module ended, and is tried again where that may help', async () => {
    await load()
    await create('A')
    ;(await sandbox.begun(0)).end({ end: 'crashed', message: 'signal 11' })
    expect(await taskIn('A', 'available')).toMatchObject({
      failures: 1,
      lastFailure: { reason: 'the process of the module died: signal 11' },
    })
    await place.advance(60_000)
    ;(await sandbox.begun(1)).end({ end: 'fuel' })
    expect(await taskIn('A', 'failed')).toMatchObject({ lastFailure: { reason: 'the module used up its fuel' } })
  })

  test('says what stands in the way of running its module', async () => {
    await load()
    await create('A')
    const { fail } = await sandbox.begun(0)
    fail(new FabricError('POLICY_VIOLATION', 'Modules must run in a jail of level bubblewrap.'))
    const { lastFailure } = await taskIn('A', 'failed')
    expect(lastFailure?.reason).toBe('its module could not be run: Modules must run in a jail of level bubblewrap.')
  })

  test('is not done in a weaker jail than the policy requires', async () => {
    await applyPolicy({ minimumJail: 'unshare' })
    await load()
    await create('A')
    ;(await sandbox.begun(0)).end()
    await taskIn('A', 'completed')
    sandbox.jail = 'permission'
    await create('B')
    const { lastFailure } = await taskIn('B', 'failed')
    expect(lastFailure?.reason).toContain('requires a jail of level unshare, and this machine has permission')
    expect(sandbox.runs).toHaveLength(1)
  })

  test('waits for its turn where the sandbox has no room, and that is no failed attempt', async () => {
    await load()
    await create('A')
    const { fail } = await sandbox.begun(0)
    fail(new FabricError('RATE_LIMITED', 'Too many calls wait for the sandbox.'))
    await place.advance(11_000)
    const { end } = await sandbox.begun(1)
    expect(await taskIn('A', 'claimed')).toMatchObject({ failures: 0, attempts: 1 })
    end()
    await taskIn('A', 'completed')
  })

  test('is not done by a module that the policy does not trust any more', async () => {
    await load()
    await applyPolicy({ requireSignature: true })
    await create('A')
    expect((await taskIn('A', 'failed')).lastFailure?.reason).toContain('The contract is not signed')
  })

  test('whose module lost its bytes says so', async () => {
    await load()
    await place.fabric.deleteBlob(DIGEST, 'test', ADMIN)
    await create('A')
    const { lastFailure } = await taskIn('A', 'failed')
    expect(lastFailure?.reason).toContain('was deleted')
    expect(sandbox.runs).toEqual([])
  })
})

describe('a run', () => {
  test('holds its claim as long as it takes', async () => {
    await load()
    await create('A')
    const { end } = await sandbox.begun(0)
    const { claim } = await taskIn('A', 'claimed')
    for (let passed = 0; passed < 3; passed += 1) await place.advance(claim?.leaseMs ?? 0)
    expect((await taskIn('A', 'claimed')).claim?.epoch).toBe(claim?.epoch)
    end()
    await taskIn('A', 'completed')
  })

  test('ends with its claim, and the next claim has a run of its own', async () => {
    await load()
    await create('A')
    const { request } = await sandbox.begun(0)
    await place.fabric.submit({ type: 'release_task', task: 'A' }, ADMIN)
    const { end } = await sandbox.begun(1)
    expect(request.signal?.aborted).toBe(true)
    end()
    await taskIn('A', 'completed')
  })

  test('ends when the fabric closes; its claim stays, and is done by the next', async () => {
    await load()
    await create('A')
    const { request } = await sandbox.begun(0)
    await runner.close()
    expect(request.signal?.aborted).toBe(true)
    expect((await taskIn('A', 'claimed')).failures).toBe(0)
    runner = startRunner()
    ;(await sandbox.begun(1)).end()
    await taskIn('A', 'completed')
  })

  test('of a claim that somebody made by hand is the fabric’s as well', async () => {
    await place.fabric.submit({ type: 'create_task', task: makeTask('A', { module: 'tokenizer' }) }, ADMIN)
    await place.fabric.submit({ type: 'claim_task', task: 'A', swarm: 'tokenizer' }, { actor: 'swarm:tokenizer' })
    await load()
    ;(await sandbox.begun(0)).end()
    await taskIn('A', 'completed')
  })

  test('that nothing can be told of is begun again, and not at once', async () => {
    await load()
    await create('A')
    ;(await sandbox.begun(0)).end({ end: 'cancelled' })
    await place.fabric.submit({ type: 'create_task', task: makeTask('B') }, ADMIN)
    await place.advance(9_000)
    expect(sandbox.runs).toHaveLength(1)
    await place.advance(2_000)
    ;(await sandbox.begun(1)).end()
    await taskIn('A', 'completed')
  })
})

describe('requests of a module', () => {
  const use: EgressUse = { host: 'api.example.com', port: 443, method: 'GET', outcome: 'allowed', status: 200 }

  test('go under the credential that the policy grants for each claim, and under none after it', async () => {
    const endpoint = { host: 'api.example.com', port: 443, scheme: 'https', methods: ['GET'], paths: ['/'] } as const
    await applyPolicy({ grants: { tokenizer: [endpoint] } })
    const rights: (readonly Right[])[] = []
    let context: EgressContext | undefined
    send = (given) => {
      context = given
      rights.push(given.rights())
      return []
    }
    await load()
    await create('A')
    const { request, end } = await sandbox.begun(0)
    await request.host.httpRequest(Buffer.from('{}'), AbortSignal.timeout(5_000))
    expect(rights).toEqual([[{ credential: expect.stringMatching(/^credential-\d+$/), endpoint }]])
    end()
    await taskIn('A', 'completed')
    expect(context?.rights()).toEqual([])
  })

  test('that are made by a run which is begun anew go under the same credential', async () => {
    const endpoint = { host: 'api.example.com', port: 443, scheme: 'https', methods: ['GET'], paths: ['/'] } as const
    await applyPolicy({ grants: { tokenizer: [endpoint] } })
    await load()
    await create('A')
    ;(await sandbox.begun(0)).end({ end: 'cancelled' })
    await place.advance(11_000)
    ;(await sandbox.begun(1)).end()
    await taskIn('A', 'completed')
    expect((await entries()).filter(({ type }) => type === 'credential_issued')).toHaveLength(1)
  })

  async function requesting(uses: readonly EgressUse[]): Promise<readonly unknown[]> {
    send = () => uses
    await load()
    await create('A')
    const { request, end } = await sandbox.begun(0)
    await request.host.httpRequest(Buffer.from('{}'), AbortSignal.timeout(5_000))
    end()
    await taskIn('A', 'completed')
    return (await entries()).filter(({ type }) => type.startsWith('credential_')).map(({ type, data }) => [type, data])
  }

  test('are entries, each that was sent and each kind that was refused', async () => {
    const refused: EgressUse = { ...use, host: '10.0.0.1', outcome: 'refused', reason: 'ADDRESS_REFUSED' }
    const sent = { ...use, credential: 'credential-5' }
    const found = await requesting([sent, sent, refused, refused, refused])
    const claim = { swarm: 'tokenizer', task: 'A', epoch: expect.any(Number) }
    expect(found).toEqual([
      [
        'credential_used',
        { ...claim, host: 'api.example.com', port: 443, method: 'GET', outcome: 'answered', status: 200 },
      ],
      ['credential_used', expect.objectContaining({ outcome: 'answered' })],
      ['credential_refused', expect.objectContaining({ host: '10.0.0.1', reason: 'address_refused', count: 1 })],
      ['credential_refused', expect.objectContaining({ host: '10.0.0.1', reason: 'address_refused', count: 2 })],
    ])
  })

  test('of a thousand kinds are bounded entries', async () => {
    const uses = Array.from({ length: 1_000 }, (_, index) => ({
      ...use,
      host: `h${index}.example.com`,
      outcome: 'refused' as const,
      reason: 'NOT_ALLOWED' as const,
    }))
    const found = await requesting(uses)
    expect(found).toHaveLength(65)
    expect(found.at(-1)).toEqual(['credential_refused', expect.objectContaining({ host: 'several', count: 936 })])
  })
})
