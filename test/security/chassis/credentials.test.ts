import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HttpEgress } from '../../../src/chassis/egress/http-egress.js'
import { CallRates } from '../../../src/chassis/host-calls/call-rates.js'
import type { HostCalls } from '../../../src/chassis/sandbox/run.js'
import { openVault } from '../../../src/chassis/vault/open.js'
import { ADMIN_ACTOR } from '../../../src/model/entry.js'
import { isFabricError } from '../../../src/model/errors.js'
import { MINUTE_MS, SECOND_MS } from '../../../src/model/time.js'
import { ModuleRunner } from '../../../src/runner/module-runner.js'
import { ModuleStore } from '../../../src/runner/module-store.js'
import { createLog, type Log } from '../../../src/server/logging.js'
import { makeContract, makeRegistration, makeTask } from '../../../src/testing/factories.js'
import { memoryStorage, openTestFabric, type TestFabric } from '../../../src/testing/index.js'
import { Redactor } from '../../../src/witness/redact.js'
import { endpoint, guestRequest, never, SECRET, Upstream, WITH_SECRET } from '../../chassis/support/upstream.js'
import { ScriptedSandbox } from '../../support/scripted-sandbox.js'

const EMPTY = Buffer.from('AGFzbQEAAAA=', 'base64')
const DIGEST = '93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476'
const ADMIN = { actor: ADMIN_ACTOR }
const TTL_MS = 5 * MINUTE_MS

/** A fabric that runs modules: all of it is real but the child process, in whose place the test asks the host. */
let upstream: Upstream
let place: TestFabric
let sandbox: ScriptedSandbox
let runner: ModuleRunner
let egress: HttpEgress
let log: Log
let logged: string
let env: Record<string, string>

beforeEach(async () => {
  upstream = await Upstream.open()
  place = await openTestFabric({ witness: memoryStorage(), governor: {} })
  sandbox = new ScriptedSandbox()
  logged = ''
  log = createLog({ level: 'debug', write: (lines) => (logged += lines), now: () => 0 })
  env = { IFAB_SECRET_API_KEY: SECRET }
  const redactor = new Redactor({ key: Buffer.alloc(32) })
  const declare = [place.fabric, log, redactor].map((one) => (secret: string) => one.declare(secret))
  const vault = openVault({ kind: 'environment', prefix: 'IFAB_SECRET_' }, env, { clock: place.timing, declare })
  egress = upstream.egress({
    secrets: vault,
    timing: place.timing,
    reportSecret: (error) => log.warn('a secret is missing', { error }),
  })
  for (const swarm of ['reader', 'other']) {
    await place.fabric.submit(makeRegistration(swarm, { capacity: 4 }), ADMIN)
    await load(swarm)
  }
  runner = new ModuleRunner({
    ...{ fabric: place.fabric, sandbox, egress, redactor, timing: place.timing },
    modules: new ModuleStore(place.fabric),
    rates: new CallRates(place.timing),
    report: (error) => (place.faults as unknown[]).push(error),
  })
})

afterEach(async () => {
  await runner.close()
  await place.fabric.close()
  await upstream[Symbol.asyncDispose]()
  expect([...place.faults, ...upstream.faults]).toEqual([])
})

async function load(swarm: string): Promise<void> {
  const { fabric } = place
  await fabric.putBlob(EMPTY, 'application/wasm', ADMIN)
  const module = { path: 'a.wasm', sha256: DIGEST }
  const contract = makeContract(swarm, { module, hosts: [endpoint()] })
  await fabric.submit({ type: 'load_module', contract, digest: DIGEST, bytes: EMPTY.length }, ADMIN)
}

interface Running {
  readonly swarm: string
  readonly task: string
  readonly epoch: number
  readonly host: HostCalls
}

/** Creates a task for the module of a swarm and waits until the module runs. */
async function start(task: string, swarm = 'reader'): Promise<Running> {
  const before = sandbox.runs.length
  await place.fabric.submit({ type: 'create_task', task: makeTask(task, { module: swarm }) }, ADMIN)
  return running(task, before)
}

async function running(task: string, number: number): Promise<Running> {
  const { request } = await sandbox.begun(number)
  const claim = await place.fabric.read(({ tasks }) => tasks.get(task)?.claim)
  expect(request.swarm).toBe(claim?.swarm)
  return { swarm: request.swarm, task, epoch: claim?.epoch ?? -1, host: request.host }
}

function issue({ swarm, task, epoch }: Running, ttlMs = TTL_MS) {
  const command = { type: 'issue_credential', swarm, task, epoch, endpoints: [WITH_SECRET], ttlMs } as const
  return place.fabric.submit(command, ADMIN)
}

/** Status of the answer that the module gets, or the code of its refusal. */
async function ask({ host }: Running): Promise<string> {
  const answer = JSON.parse(Buffer.from(await host.httpRequest(guestRequest({}), never)).toString())
  return answer.error?.code ?? String(answer.status)
}

/** Every entry as it is stored, once what was said before is in the log. */
async function journal(): Promise<string[]> {
  await place.fabric.read(() => undefined)
  const entries: string[] = []
  for await (const chunk of place.journal.read(0)) {
    for (const { bytes } of chunk) entries.push(Buffer.from(bytes).toString())
  }
  return entries
}

/** Type and reason of what the log has about uses of credentials. */
async function told(): Promise<string[]> {
  const events = (await journal()).map((entry) => JSON.parse(entry))
  return events
    .filter(({ type }) => /credential_(?:used|refused)/.test(type))
    .map(({ type, subject, data }) => [type.split('.')[2], subject, data.status ?? data.reason].join(' '))
}

/** Nothing more left the machine. */
function expectSent(count: number): void {
  expect(upstream.requests).toHaveLength(count)
}

test('credential expiration', async () => {
  const module = await start('A')
  const { id } = await issue(module, 30 * SECOND_MS)
  expect(await ask(module)).toBe('200')
  expect(upstream.requests[0]?.headers['x-api-key']).toBe(SECRET)
  await place.advance(30 * SECOND_MS - 1)
  expect(await ask(module)).toBe('200')
  await place.advance(1)
  expect(await ask(module), 'by the clock of the fabric, to the millisecond').toBe('NOT_ALLOWED')
  expectSent(2)
  expect(place.fabric.credentialsOf(module.epoch)).toEqual([])
  await issue(module)
  expect(await ask(module), 'another one is another right').toBe('200')
  expectSent(3)
  expect(await told()).toEqual([
    `credential_used ${id} 200`,
    `credential_used ${id} 200`,
    'credential_refused A not_allowed',
    expect.stringContaining('credential_used credential-'),
  ])
})

describe('a module without a credential of its own claim', () => {
  test('sends nothing, although its contract allows the host', async () => {
    expect(await ask(await start('A'))).toBe('NOT_ALLOWED')
    expectSent(0)
    expect(await told()).toEqual(['credential_refused A not_allowed'])
  })

  test('sends nothing under one that allows nothing', async () => {
    const module = await start('A')
    const { swarm, task, epoch } = module
    await place.fabric.submit({ type: 'issue_credential', swarm, task, epoch, endpoints: [], ttlMs: TTL_MS }, ADMIN)
    expect(await ask(module)).toBe('NOT_ALLOWED')
    expectSent(0)
  })

  test('sends nothing under that of another swarm', async () => {
    const foreign = await start('A', 'other')
    const module = await start('B')
    await issue(foreign)
    expect(await ask(module)).toBe('NOT_ALLOWED')
    expect(await ask(foreign)).toBe('200')
    expectSent(1)
  })

  test('sends nothing under that of another task of its swarm', async () => {
    const first = await start('A')
    const module = await start('B')
    await issue(first)
    expect(await ask(module)).toBe('NOT_ALLOWED')
    expectSent(0)
  })

  test('sends nothing under that of an earlier claim of its task', async () => {
    const earlier = await start('A')
    await issue(earlier)
    await place.fabric.submit({ type: 'release_task', task: 'A' }, ADMIN)
    const module = await running('A', 1)
    expect(module.epoch).toBeGreaterThan(earlier.epoch)
    expect(await ask(module)).toBe('NOT_ALLOWED')
    await expect(issue(earlier)).rejects.toMatchObject({ code: 'STALE_CLAIM' })
    expectSent(0)
  })
})

describe('a credential that was good', () => {
  test('allows nothing from the moment in which it is revoked', async () => {
    const module = await start('A')
    const { id } = await issue(module)
    expect(await ask(module)).toBe('200')
    const revoked = place.fabric.submit({ type: 'revoke_credential', id }, ADMIN)
    await revoked
    expect(await ask(module)).toBe('NOT_ALLOWED')
    expectSent(1)
  })

  test('allows nothing after a rotation but for its grace, and revoking the old one ends the new one', async () => {
    const module = await start('A')
    const { id } = await issue(module)
    const rotation = { type: 'rotate_credential', id, ttlMs: 20 * SECOND_MS, graceMs: 10 * SECOND_MS } as const
    const { id: second } = await place.fabric.submit(rotation, ADMIN)
    const ids = () => place.fabric.credentialsOf(module.epoch).map((row) => row.id)
    expect(ids()).toEqual([id, second])
    await place.advance(10 * SECOND_MS)
    expect(ids()).toEqual([second])
    const { id: third } = await place.fabric.submit({ ...rotation, id: second }, ADMIN)
    await place.fabric.submit({ type: 'revoke_credential', id: second }, ADMIN)
    expect(ids(), third).toEqual([])
    expect(await ask(module)).toBe('NOT_ALLOWED')
    expectSent(0)
  })

  const ENDS: readonly (readonly [how: string, end: (module: Running) => Promise<unknown>])[] = [
    ['is released', () => place.fabric.submit({ type: 'release_task', task: 'A' }, ADMIN)],
    ['is cancelled', () => place.fabric.submit({ type: 'cancel_task', task: 'A', cascade: false }, ADMIN)],
    ['is of a swarm that retires', () => place.fabric.submit({ type: 'retire_swarm', swarm: 'reader' }, ADMIN)],
    [
      'is of a swarm whose breaker opens',
      () =>
        place.fabric.submit({ type: 'trip_breaker', swarm: 'reader', cause: 'administrator', reason: 'odd' }, ADMIN),
    ],
  ]
  test.each(ENDS)('dies with its claim, which %s, whatever the module still does', async (_, end) => {
    const module = await start('A')
    await issue(module)
    expect(await ask(module)).toBe('200')
    await end(module)
    expect(place.fabric.credentialsOf(module.epoch)).toEqual([])
    expect(await ask(module)).toBe('NOT_ALLOWED')
    expectSent(1)
  })

  test('does not come back when the claim is made again, and none is issued while the breaker is open', async () => {
    const module = await start('A')
    await issue(module)
    const trip = { type: 'trip_breaker', swarm: 'reader', cause: 'administrator', reason: 'odd' } as const
    await place.fabric.submit(trip, ADMIN)
    await expect(issue(module)).rejects.toMatchObject({ code: 'BREAKER_OPEN' })
    await place.fabric.submit({ type: 'reset_breaker', swarm: 'reader', reason: 'looked at' }, ADMIN)
    const again = await running('A', 1)
    expect(await ask(again)).toBe('NOT_ALLOWED')
    expectSent(0)
  })

  test('is nobody’s to give but an administrator’s', async () => {
    const { swarm, task, epoch } = await start('A')
    const command = { type: 'issue_credential', swarm, task, epoch, endpoints: [WITH_SECRET], ttlMs: TTL_MS } as const
    for (const actor of ['swarm:reader', 'orchestrator:lead', 'viewer:eve']) {
      await expect(place.fabric.submit(command, { actor })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    }
  })
})

describe('the secret of a credential', () => {
  /** The secret, and what somebody might write in its place. */
  const FORMS = [SECRET, JSON.stringify(SECRET).slice(1, -1), encodeURIComponent(SECRET), btoa(SECRET)]

  test('is in no entry, line of the log, answer or output, whoever repeats it', async () => {
    upstream.answer = ({ headers }, response) => {
      response.setHeader('x-echo', String(headers['x-api-key']))
      response.end(`you sent ${headers['x-api-key']}, ${encodeURIComponent(String(headers['x-api-key']))}`)
    }
    const module = await start('A')
    const { id } = await issue(module)
    const answer = Buffer.from(await module.host.httpRequest(guestRequest({}), never)).toString()
    expect(upstream.requests[0]?.headers['x-api-key']).toBe(SECRET)
    const { body } = JSON.parse(answer)
    module.host.log('info', Buffer.from(answer))
    module.host.log('info', Buffer.from(`I guess that it is ${SECRET}`))
    // Somebody who knows it writes it where it may not be.
    const text = `the key is ${SECRET}`
    await place.fabric.submit({ type: 'send_message', to: 'other', text }, ADMIN)
    await place.fabric.submit({ type: 'revoke_credential', id, reason: `${SECRET} leaked` }, ADMIN)
    log.error(text, { error: new Error(text), deep: [{ text }] })
    sandbox.runs[0]?.end({ end: 'failed', output: Buffer.from(answer), message: text })
    await expect.poll(async () => (await journal()).some((entry) => entry.includes('run_ended'))).toBe(true)
    const all = [answer, Buffer.from(body, 'base64').toString(), logged, ...(await journal())].join('\n')
    expect(logged).toContain('the key is')
    for (const form of FORMS) expect(all).not.toContain(form)
    expect(all).toContain('[redacted:credential:')
  })

  test('that the vault does not have is no word about the vault, and the operator is told', async () => {
    delete env.IFAB_SECRET_API_KEY
    const module = await start('A')
    await issue(module)
    const answer = JSON.parse(Buffer.from(await module.host.httpRequest(guestRequest({}), never)).toString())
    expect(answer.error.code).toBe('SECRET_UNAVAILABLE')
    expect(JSON.stringify(answer)).not.toMatch(/IFAB|api-key|variable/i)
    expect(logged).toContain('IFAB_SECRET_API_KEY')
    expectSent(0)
  })

  test('is refused before it is asked for where the credential is over', async () => {
    const module = await start('A')
    const { id } = await issue(module)
    await place.fabric.submit({ type: 'revoke_credential', id }, ADMIN)
    delete env.IFAB_SECRET_API_KEY
    expect(await ask(module)).toBe('NOT_ALLOWED')
    expect(logged).toBe('')
  })

  test('is in no refusal of a command that holds it', async () => {
    const module = await start('A')
    await issue(module)
    await ask(module)
    const named = { type: 'send_message', to: SECRET, text: 'hello' } as const
    const refusal = await place.fabric.submit(named, ADMIN).catch((error) => error)
    expect(isFabricError(refusal)).toBe(true)
    for (const form of FORMS) expect(`${refusal.stack} ${JSON.stringify(refusal.report())}`).not.toContain(form)
  })
})
