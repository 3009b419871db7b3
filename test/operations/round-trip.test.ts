import { expect, test } from 'vitest'
import type { FabricClient } from '../../src/client/client.js'
import { FABRIC_ACTOR } from '../../src/model/entry.js'
import { OPERATION_LIST, operations } from '../../src/operations/table.js'
import { emptyModule } from '../chassis/support/sample-modules.js'
import { makeRun } from '../coordinator/make-run.js'
import { type ServedFabric, serveFabric } from '../support/served-fabric.js'
import { askPeople, chargeUsage, decidePolicy, tripBreakers } from './governor-calls.js'

test('each operation goes through HTTP and answers as its schema says', async () => {
  await using served = await serveFabric()
  const called = new Set<string>()
  const client = checkAnswers(served.client, called)
  await registerSwarms(client)
  await exchangeTokens(served, called)
  await decidePolicy(client)
  await createTasks(client)
  await workWithHelp(client)
  await endAttempts(client)
  await tripBreakers(client, served.timing)
  await askPeople(client)
  await readLog(client)
  await moveBoards(client)
  await proveLog(client)
  await keepBlobs(client)
  await loadModules(client)
  await giveCredentials(client)
  await keepPromises(client, served)
  expect([...called].sort()).toEqual(OPERATION_LIST.map(({ name }) => name).sort())
})

/** A client that holds each answer against the schema of its operation and remembers which were called. */
function checkAnswers(client: FabricClient, called: Set<string>): FabricClient {
  const checked = Object.entries(operations).map(([resource, verbs]) => {
    const methods = Object.entries(verbs).map(([verb, { output }]) => {
      const call = Reflect.get(Reflect.get(client, resource), verb) as (...args: unknown[]) => Promise<unknown>
      const checkedCall = async (...args: unknown[]) => {
        const answer = await call(...args)
        called.add(`${resource}.${verb}`)
        expect(output.safeParse(answer).error?.issues, `${resource}.${verb}`).toBeUndefined()
        return answer
      }
      return [verb, checkedCall]
    })
    return [resource, Object.fromEntries(methods)]
  })
  return Object.fromEntries(checked)
}

async function registerSwarms({ swarm }: FabricClient) {
  const registered = await swarm.register({
    swarm: 'sip',
    capabilities: ['code:typescript', 'net:sip'],
    tier: 'sonnet',
    metadata: { host: 'laptop' },
  })
  expect(registered).toMatchObject({ id: 'sip', state: 'active', capacity: 1, metadata: { host: 'laptop' } })
  await swarm.register({ swarm: 'webrtc', capabilities: ['code:typescript', 'net:webrtc'] })
  expect((await swarm.list({ limit: 1 })).nextCursor).toBe('sip')
  expect((await swarm.list({ cursor: 'sip' })).items.map((item) => item.swarm.id)).toEqual(['webrtc'])
  expect((await swarm.show({ swarm: 'sip' })).claims).toEqual([])
}

/** With the token that a registration gave: a rotation is for its owner. */
async function exchangeTokens(served: ServedFabric, called: Set<string>) {
  const { swarm, token } = checkAnswers(served.client, called)
  const { issued } = await swarm.register({
    swarm: 'webrtc',
    capabilities: ['code:typescript', 'net:webrtc'],
    token: true,
  })
  const own = checkAnswers(served.connect({ token: issued?.token ?? '' }), called)
  expect(await own.token.whoami()).toMatchObject({ role: 'swarm', swarm: 'webrtc', token: issued?.id })
  const rotated = await own.token.rotate()
  const { id } = await token.issue({ name: 'dashboard', role: 'viewer', ttlMs: 60_000 })
  expect((await token.list({})).items.map((item) => item.id).sort()).toEqual([id, issued?.id, rotated.id].sort())
  expect(await token.revoke({ id, reason: 'not needed' })).toMatchObject({ id, name: 'dashboard', role: 'viewer' })
  expect((await token.list({ name: 'dashboard' })).items).toEqual([])
}

async function createTasks({ task }: FabricClient) {
  const created = await task.create({
    id: 'P0.1:a',
    title: 'Parse SDP',
    requires: ['net:sip'],
    estimateMinutes: 90,
    milestones: [{ percent: 50, text: 'offers parse' }],
    maxCostNanos: 5_000_000_000,
  })
  expect(created).toMatchObject({ id: 'P0.1:a', state: 'available', kind: 'primary', priority: 50, stuck: false })
  expect(created.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  await task.create({ id: 'P0.2', title: 'Answer SDP', dependencies: ['P0.1:a'] })
  await task.create({ id: 'F1', title: 'Tidy the readme', kind: 'filler', priority: 10 })
  await task.create({ id: 'X1', title: 'Never mind' })
  expect((await task.list({ state: 'blocked' })).items.map(({ id }) => id)).toEqual(['P0.2'])
  expect((await task.list({ limit: 1 })).nextCursor).toBe('F1')
  expect(await task.show({ task: 'P0.2' })).toMatchObject({ waitingFor: ['P0.1:a'], stuck: false })
  expect((await task.ready({ swarm: 'webrtc' })).items.map(({ id }) => id)).not.toContain('P0.1:a')
  expect(await task.next({ as: 'sip' })).toMatchObject({ kind: 'primary', task: { id: 'P0.1:a' } })
}

async function workWithHelp(client: FabricClient) {
  const { task, blocker, inbox, swarm } = client
  const { epoch, reclaimed } = await task.claim({ task: 'P0.1:a', as: 'sip', leaseMs: 60_000 })
  expect(reclaimed).toBe(false)
  expect(await task.claim({ task: 'P0.1:a', as: 'sip' })).toMatchObject({ epoch, reclaimed: true })
  const held = { task: 'P0.1:a', as: 'sip', epoch }
  expect((await task.heartbeat(held)).leaseEndsAt).toMatch(/Z$/)
  const reported = await task.milestone({ ...held, percent: 50, note: 'half', testsPassed: 4, testsFailed: 0 })
  expect(reported.progress).toMatchObject([{ percent: 50, testsPassed: 4 }])

  const need = { needs: 'a second pair of eyes', requires: ['net:webrtc'] }
  const raised = await task.block({ ...held, kind: 'help', ...need })
  const asked = { swarm: 'webrtc', state: 'requested', asks: ['net:webrtc'] }
  expect(raised).toMatchObject({ task: 'P0.1:a', swarm: 'sip', state: 'assigned', helpers: [asked] })
  expect(await task.show({ task: 'P0.1:a' })).toMatchObject({ stuck: true, task: { stuck: true } })
  const page = await inbox.read({ swarm: 'orchestrator' })
  expect(page.messages).toMatchObject([{ kind: 'blocker_raised', from: 'swarm:sip', blocker: raised.id }])
  const upTo = page.messages[0]?.index ?? -1
  expect(await inbox.acknowledge({ swarm: 'orchestrator', upTo })).toMatchObject({ acknowledged: upTo, unread: 0 })
  expect((await blocker.list()).items.map(({ id }) => id)).toEqual([raised.id])

  await swarm.register({ swarm: 'media', capabilities: ['net:webrtc'] })
  const assigned = await blocker.assign({ blocker: raised.id, swarms: ['webrtc', 'media'] })
  expect(assigned.helpers).toMatchObject([asked, { swarm: 'media', state: 'requested' }])
  const answered = await blocker.answer({ blocker: raised.id, as: 'webrtc', accept: true })
  const helper = answered.helpers[0]
  expect(helper).toMatchObject({ swarm: 'webrtc', state: 'accepted' })
  const resolution = { blocker: raised.id, as: 'webrtc', epoch: helper?.epoch, resolution: 'a comma' }
  expect(await blocker.resolve(resolution)).toMatchObject({
    state: 'resolved',
    resolvedBy: expect.stringContaining('webrtc'),
  })
  expect((await blocker.list({ open: true })).items).toEqual([])

  await swarm.send({ to: 'sip', as: 'webrtc', text: 'all yours', task: 'P0.1:a' })
  expect((await inbox.read({ swarm: 'sip' })).messages.at(-1)).toMatchObject({ kind: 'direct', from: 'swarm:webrtc' })

  await chargeUsage(client, held)
  const done = await task.complete({
    ...held,
    summary: 'parses',
    evidence: [
      { kind: 'command', command: 'npm test', exitCode: 0 },
      { kind: 'file', path: 'sdp.ts', sha256: 'a'.repeat(64) },
    ],
  })
  expect(done).toMatchObject({
    task: { state: 'completed', completedBy: expect.stringContaining('sip') },
    unblocked: ['P0.2'],
  })
}

async function endAttempts({ task, swarm }: FabricClient) {
  const first = await task.claim({ task: 'P0.2', as: 'sip' })
  expect(await task.release({ task: 'P0.2', as: 'sip', epoch: first.epoch, note: 'later' })).toMatchObject({
    state: 'available',
  })
  const second = await task.claim({ task: 'P0.2', as: 'webrtc' })
  expect(second.epoch).toBeGreaterThan(first.epoch)
  const failed = await task.fail({ task: 'P0.2', epoch: second.epoch, reason: 'no idea', retry: false })
  expect(failed).toMatchObject({ state: 'failed', lastFailure: { reason: 'no idea', swarm: 'webrtc' } })
  expect((await task.retry({ task: 'P0.2' })).state).toBe('available')
  expect(await task.cancel({ task: 'X1', reason: 'not needed' })).toMatchObject({ cancelled: ['X1'] })
  await task.claim({ task: 'P0.2', as: 'webrtc' })
  expect(await swarm.retire({ swarm: 'webrtc' })).toMatchObject({ swarm: { state: 'retired' }, released: ['P0.2'] })
}

async function readLog({ fabric, log }: FabricClient) {
  const status = await fabric.status()
  expect(status).toMatchObject({ state: 'running', swarms: 3, openBlockers: 0 })
  expect(status.tasks).toMatchObject({ completed: 1, cancelled: 1 })
  const page = await log.read({ from: 3, limit: 3 })
  expect(page).toMatchObject({ next: 6, size: status.entries })
  expect(page.entries).toHaveLength(3)
  expect(page.entries[0]).toMatchObject({ specversion: '1.0', type: 'infrafabric.coordinator.swarm_registered.v1' })
  expect(await log.read({ from: status.entries + 5 })).toMatchObject({ entries: [], next: status.entries })
}

async function moveBoards({ board }: FabricClient) {
  const tasks = [{ spec: { id: 'B1', title: 'Plan' } }]
  expect(await board.import({ board: 'b', tasks })).toMatchObject({ changes: [{ task: 'B1', action: 'create' }] })
  for (const format of ['markdown', 'json', 'status'] as const) await board.export({ format })
}

async function proveLog({ witness }: FabricClient) {
  const before = await witness.checkpoint()
  expect(before.note.split('\n')[1]).toBe(String(before.size))
  const { vkey, previous } = await witness.rotate()
  expect(previous).toBe(before.vkey)
  expect((await witness.checkpoint()).vkey).toBe(vkey)
  expect((await witness.prove({ index: 0 })).proof).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex 0\n/)
  const page = await witness.query({ operation: 'key_rotated' })
  expect(page).toMatchObject({ done: true, entries: [{ data: { vkey, previous } }] })
  await witness.trace({ id: 'P0.1:a' })
}

async function keepBlobs({ blob }: FabricClient) {
  const content = Buffer.from('a long log').toString('base64')
  const { sha256 } = await blob.put({ content, mediaType: 'text/plain' })
  expect(await blob.show({ sha256 })).toMatchObject({ content, bytes: 10 })
  await blob.delete({ sha256, reason: 'no longer needed' })
  await expect(blob.show({ sha256 })).rejects.toMatchObject({ code: 'NOT_FOUND' })
}

async function keepPromises({ slo }: FabricClient, { fabric }: ServedFabric) {
  expect(await slo.list()).toEqual({ items: [] })
  const none = { verdict: 'not_promised' }
  expect(await slo.show({ swarm: 'tokenizer' })).toMatchObject({
    runs: 0,
    newest: { runs: 0 },
    compliance: { p99: none },
  })
  for (let count = 0; count < 10; count += 1) {
    const run = makeRun('tokenizer', { end: count < 8 ? 'completed' : 'trap', levels: { successRate: 0.9 } })
    await fabric.submit(run, { actor: FABRIC_ACTOR })
  }
  const standing = { swarm: 'tokenizer', violated: ['success'], reputation: 0.64, effectiveReputation: 0.64 }
  expect((await slo.list({ violated: true })).items).toMatchObject([standing])
  expect(await slo.show({ swarm: 'tokenizer' })).toMatchObject({
    ...standing,
    runs: 10,
    hour: { runs: 10, successRate: 0.8, p99Ms: 10 },
    violations: [{ level: 'success', target: 0.9 }],
    history: [{ reputation: 0.64 }],
  })
}

async function loadModules({ module, swarm }: FabricClient) {
  await swarm.register({ swarm: 'tokenizer' })
  const loaded = await module.load(emptyModule('tokenizer'))
  expect(loaded).toMatchObject({ swarm: 'tokenizer', bytes: 8, tasks: 0, profile: 'core', loadedBy: 'admin' })
  expect(await module.show({ swarm: 'tokenizer' })).toEqual(loaded)
  expect((await module.list({})).items).toEqual([loaded])
  await module.unload({ swarm: 'tokenizer', reason: 'no longer needed' })
  await expect(module.show({ swarm: 'tokenizer' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
}

async function giveCredentials({ credential, swarm, task }: FabricClient) {
  await swarm.register({ swarm: 'reader' })
  await task.create({ id: 'reads', title: 'Read it' })
  const { epoch } = await task.claim({ task: 'reads', as: 'reader' })
  const holder = { swarm: 'reader', task: 'reads', epoch }
  const inject = { name: 'example-token', header: 'authorization', prefix: 'Bearer ' }
  const issued = await credential.issue({ ...holder, endpoints: [{ host: 'api.example.com', inject }] })
  expect(issued).toMatchObject({
    ...holder,
    issuedBy: 'admin',
    endpoints: [{ host: 'api.example.com', port: 443, scheme: 'https', methods: ['GET'], paths: ['/'], inject }],
  })
  const rotated = await credential.rotate({ id: issued.id })
  expect(rotated).toMatchObject({ ...holder, replaces: issued.id, endpoints: issued.endpoints })
  const ids = async (filter: { readonly swarm?: string; readonly task?: string }) => {
    return (await credential.list(filter)).items.map(({ id }) => id)
  }
  expect(await ids({ swarm: 'reader', task: 'reads' })).toEqual([issued.id, rotated.id])
  expect(await ids({ swarm: 'sip' })).toEqual([])
  expect(await credential.revoke({ id: issued.id, reason: 'enough' })).toMatchObject({ id: issued.id })
  expect(await ids({})).toEqual([])
}
