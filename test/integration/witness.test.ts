import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { FabricClient } from '../../src/client/client.js'
import type { Fabric } from '../../src/fabric/fabric.js'
import { DEFAULT_GOVERNOR_POLICY } from '../../src/governor/policy/policy.js'
import { NANOS_PER_DOLLAR } from '../../src/model/money.js'
import { OPERATION_LIST } from '../../src/operations/table.js'
import { retireIdentity } from '../../src/witness/retire.js'
import { decodeBundle } from '../../src/witness/tree/bundle.js'
import { leafHash } from '../../src/witness/tree/hash.js'
import { emptyModule } from '../chassis/support/sample-modules.js'
import { openIn, Place, until } from './place.js'

let place: Place
let client: FabricClient

beforeEach(async () => {
  place = await Place.open()
  client = place.connect()
})

afterEach(() => place.remove())

/**
 * What each operation that changes something leaves in the log, in the order in which `work` calls them. What is written
 * in capitals are names that the fabric gives.
 */
const TRAIL: readonly (readonly [operation: string, entries: readonly string[]])[] = [
  ['swarm.register', ['swarm_registered s1']],
  ['swarm.register', ['swarm_registered s2']],
  ['token.issue', ['token_issued TOKEN']],
  ['token.rotate', ['token_issued ROTATED']],
  ['token.revoke', ['token_revoked TOKEN', 'token_revoked ROTATED']],
  ['policy.apply', ['policy_applied POLICY']],
  ['swarm.grant', ['capabilities_granted s1']],
  ['board.import', ['board_imported b', 'task_created t1', 'task_created t2']],
  ['task.create', ['task_created t3']],
  ['task.create', ['task_created t4']],
  ['task.claim', ['task_claimed t1']],
  ['task.milestone', ['milestone_reported t1']],
  ['task.block', ['blocker_raised BLOCKER', 'help_requested BLOCKER']],
  ['swarm.register', ['swarm_registered s3']],
  ['blocker.assign', ['help_requested BLOCKER']],
  ['blocker.answer', ['help_accepted BLOCKER']],
  ['blocker.resolve', ['blocker_resolved BLOCKER']],
  ['task.usage', ['usage_reported t1', 'budget_warned t1']],
  ['task.usage', ['usage_reported t1', 'claim_stopped t1', 'escalation_opened SPENT']],
  ['cost.extend', ['budget_extended task:t1/total', 'claim_resumed t1', 'escalation_answered SPENT']],
  ['task.complete', ['task_completed t1', 'task_unblocked t2']],
  ['task.next', ['task_claimed t2']],
  ['task.release', ['task_released t2']],
  ['task.claim', ['task_claimed t3']],
  ['task.fail', ['task_attempt_failed t3']],
  ['task.cancel', ['task_cancelled t3']],
  ['task.retry', ['task_retried t3']],
  ['swarm.send', ['message_sent s2']],
  ['swarm.retire', ['swarm_retired s2']],
  ['breaker.report', ['call_reported s3']],
  ['breaker.report', ['call_reported s3', 'breaker_opened s3', 'breaker_half_opened s3']],
  ['breaker.admit', ['call_admitted s3']],
  ['breaker.report', ['call_reported s3', 'breaker_closed s3']],
  ['breaker.trip', ['breaker_opened s3', 'escalation_opened LATCHED']],
  ['breaker.reset', ['breaker_closed s3']],
  ['escalation.ask', ['escalation_opened QUESTION']],
  ['escalation.answer', ['escalation_answered QUESTION']],
  ['approval.request', ['escalation_opened APPROVAL']],
  ['escalation.answer', ['escalation_answered APPROVAL']],
  ['approval.take', ['approval_taken APPROVAL']],
  ['blob.put', ['blob_stored BLOB']],
  ['blob.delete', ['blob_deleted BLOB']],
  ['module.load', ['blob_stored MODULE', 'module_loaded s1']],
  ['module.unload', ['module_unloaded s1']],
  ['task.claim', ['task_claimed t2']],
  ['credential.issue', ['credential_issued RIGHT']],
  ['credential.rotate', ['credential_issued REPLACEMENT']],
  ['credential.revoke', ['credential_revoked RIGHT', 'credential_revoked REPLACEMENT']],
  ['witness.rotate', ['key_rotated fabric']],
]

/** Only read positions and renewals: they are gathered, and renewals are not in the log at all. */
const GATHERED = ['inbox.acknowledge', 'task.heartbeat']

/** A breaker that opens at the second failure, for a millisecond, and closes after one trial call. */
const POLICY = {
  ...DEFAULT_GOVERNOR_POLICY,
  tiers: [...DEFAULT_GOVERNOR_POLICY.tiers],
  breaker: { ...DEFAULT_GOVERNOR_POLICY.breaker, failureThreshold: 2, openMs: 1, probes: 1 },
}

/** Calls everything that changes something. Returns the names that the fabric gave. */
async function work(): Promise<Readonly<Record<string, string>>> {
  const { task, swarm, blocker, board, blob, inbox, witness, policy } = client
  await swarm.register({ swarm: 's1' })
  await swarm.register({ swarm: 's2' })
  const tokens = await exchangeTokens('s1')
  const { digest } = await policy.apply({ policy: POLICY })
  await swarm.grant({ swarm: 's1', capabilities: ['deploy:production'] })
  const first = { id: 't1', title: 'One', maxCostNanos: NANOS_PER_DOLLAR }
  const tasks = [{ spec: first }, { spec: { id: 't2', title: 'Two', dependencies: ['t1'] } }]
  await board.import({ board: 'b', tasks })
  await task.create({ id: 't3', title: 'Three' })
  await task.create({ id: 't4', title: 'Four', requires: ['net:sip'] })
  const { epoch } = await task.claim({ task: 't1', as: 's1' })
  await task.heartbeat({ task: 't1', as: 's1', epoch })
  await task.milestone({ task: 't1', as: 's1', epoch, percent: 25 })
  const { id } = await task.block({ task: 't1', as: 's1', epoch, kind: 'help', needs: 'a hand' })
  await swarm.register({ swarm: 's3' })
  await blocker.assign({ blocker: id, swarms: ['s3'] })
  const { helpers } = await blocker.answer({ blocker: id, as: 's2', accept: true })
  await blocker.resolve({ blocker: id, as: 's2', epoch: helpers[0]?.epoch ?? -1 })
  const spent = await spendAll({ task: 't1', as: 's1', epoch })
  await task.complete({ task: 't1', as: 's1', epoch })
  const offer = await task.next({ as: 's1', claim: true })
  await task.release({ task: 't2', as: 's1', epoch: offer.claim?.epoch ?? -1 })
  const third = await task.claim({ task: 't3', as: 's1' })
  await task.fail({ task: 't3', as: 's1', epoch: third.epoch, reason: 'no' })
  await task.cancel({ task: 't3' })
  await task.retry({ task: 't3' })
  await swarm.send({ to: 's2', text: 'thanks', as: 's1' })
  await inbox.acknowledge({ swarm: 's2', upTo: 0 })
  await swarm.retire({ swarm: 's2' })
  const latched = await tripBreaker('s3')
  const asked = await askPeople('s1')
  const { sha256 } = await blob.put({ content: Buffer.from('a long log').toString('base64') })
  await blob.delete({ sha256, reason: 'retention' })
  const module = await client.module.load(emptyModule('s1'))
  await client.module.unload({ swarm: 's1' })
  const rights = await giveCredentials('t2', 's1')
  await witness.rotate({})
  return {
    MODULE: module.sha256,
    POLICY: digest,
    BLOCKER: id,
    SPENT: spent,
    LATCHED: latched,
    ...tokens,
    ...asked,
    ...rights,
    BLOB: sha256,
  }
}

async function giveCredentials(task: string, swarm: string): Promise<{ RIGHT: string; REPLACEMENT: string }> {
  const { epoch } = await client.task.claim({ task, as: swarm })
  const endpoints = [{ host: 'api.example.com' }]
  const { id } = await client.credential.issue({ swarm, task, epoch, endpoints })
  const rotated = await client.credential.rotate({ id })
  await client.credential.revoke({ id })
  return { RIGHT: id, REPLACEMENT: rotated.id }
}

/** Lets a swarm in, which takes another token; the first is revoked. */
async function exchangeTokens(name: string): Promise<{ TOKEN: string; ROTATED: string }> {
  const first = await client.token.issue({ name })
  const second = await place.connect(1, { token: first.token }).token.rotate()
  await client.token.revoke({ id: first.id })
  return { TOKEN: first.id, ROTATED: second.id }
}

/** Spends what a claim may cost, and allows more. Returns the question that people were asked meanwhile. */
async function spendAll(held: { readonly task: string; readonly as: string; readonly epoch: number }): Promise<string> {
  const { task, cost, escalation } = client
  await task.usage({ ...held, usage: { id: 'turn-1', costNanos: 0.9 * NANOS_PER_DOLLAR } })
  await task.usage({ ...held, usage: { id: 'turn-2', costNanos: 0.1 * NANOS_PER_DOLLAR } })
  const [question] = (await escalation.list({ kind: 'budget' })).items
  await cost.extend({ account: `task:${held.task}/total`, nanos: NANOS_PER_DOLLAR, reason: 'nearly done' })
  return question?.id ?? ''
}

/** Opens and closes a breaker, by calls and by hand. Returns the question that people were asked meanwhile. */
async function tripBreaker(swarm: string): Promise<string> {
  const { breaker, escalation } = client
  const { generation } = await breaker.admit({ swarm })
  await breaker.report({ swarm, succeeded: false, generation })
  await breaker.report({ swarm, succeeded: false, generation })
  await until(async () => (await breaker.show({ swarm })).state === 'half_open')
  const { deadline: _, ...permit } = await breaker.admit({ swarm })
  await breaker.report({ ...permit, succeeded: true })
  await breaker.trip({ swarm, reason: 'odd' })
  const [question] = (await escalation.list({ kind: 'breaker' })).items
  await breaker.reset({ swarm, reason: 'mended' })
  return question?.id ?? ''
}

/** Asks and answers a question, and uses an approval. */
async function askPeople(as: string): Promise<{ QUESTION: string; APPROVAL: string }> {
  const { escalation, approval } = client
  const question = await escalation.ask({ as, question: 'Which dialect?' })
  await escalation.answer({ escalation: question.id, answer: 'the other one' })
  const action = { action: 'deploy', arguments: { service: 'edge' } }
  const request = await approval.request({ as, ...action, reason: 'release' })
  await escalation.answer({ escalation: request.id, option: 'approve' })
  await approval.take({ escalation: request.id, as, ...action })
  return { QUESTION: question.id, APPROVAL: request.id }
}

async function rowsOf(fabric: Fabric): Promise<string[]> {
  return fabric.read((state) => [...state.rows()].map((row) => JSON.stringify(row)).sort())
}

test('every operation that changes something leaves its entry, in order, and each entry is a leaf of the signed tree', async () => {
  const mutating = OPERATION_LIST.filter(({ mutates }) => mutates).map(({ name }) => name)
  expect([...new Set([...TRAIL.map(([name]) => name), ...GATHERED])].sort()).toEqual(mutating.sort())
  const names = await work()
  const { size } = await client.witness.checkpoint()
  const bundle = await place.fabric.witness.bundle(0, size)
  const entries = decodeBundle(bundle, size)
  const events = entries.map((bytes) => JSON.parse(Buffer.from(bytes).toString()))
  const written = events
    .map(({ type, subject }) => `${type.split('.')[2]} ${subject}`)
    .filter((line) => !/^(fabric_|key_introduced|command_received|inboxes_acknowledged)/.test(line))
  const expected = TRAIL.flatMap(([, lines]) => lines).map((line) =>
    line.replace(/[A-Z]{2,}/, (name) => names[name] ?? name),
  )
  expect(written).toEqual(expected)
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => String(index)))
  const hashes = await place.fabric.witness.tile(0, 0, size)
  expect(Buffer.concat(entries.map(leafHash)).equals(hashes)).toBe(true)
})

test('a fabric rebuilt from the log alone equals the one that wrote it, state and tree', async () => {
  await work()
  await place.restart()
  const copy = await mkdtemp(join(tmpdir(), 'infrafabric-'))
  try {
    await cp(join(place.directory, 'log'), join(copy, 'log'), { recursive: true })
    // Without the key that the log names, a new one is made only when that is asked for.
    await expect(openIn(copy)).rejects.toMatchObject({ code: 'DATA_CORRUPT' })
    await retireIdentity(copy)
    const { size } = await place.fabric.witness.checkpoint()
    const rows = await rowsOf(place.fabric)
    const rebuilt = await openIn(copy)
    try {
      // It began with two entries of its own: that it started, and that another key signs.
      expect(rebuilt.witness.size).toBe(size + 2)
      expect(await rowsOf(rebuilt)).toEqual(rows)
      const hashes = await rebuilt.witness.tile(0, 0, size)
      expect(hashes.equals(await place.fabric.witness.tile(0, 0, size))).toBe(true)
    } finally {
      await rebuilt.close()
    }
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
})

test('a trace context travels from the caller into the entries that the call led to', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const traced = place.connect(undefined, { traceparent })
  await traced.task.create({ id: 't1', title: 'One' })
  await client.task.create({ id: 't2', title: 'Two' })
  const page = await client.witness.query({ trace: '0af7651916cd43dd8448eb211c80319c' })
  expect(page.entries.map(({ subject, traceparent: kept }) => [subject, kept])).toEqual(
    page.entries.map(({ subject }) => [subject, traceparent]),
  )
  expect(page.entries.map(({ subject }) => subject)).toContain('t1')
  expect(page.entries.map(({ subject }) => subject)).not.toContain('t2')
})
