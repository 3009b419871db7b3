import { once } from 'node:events'
import { connect as connectTo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FabricClient } from '../../src/client/client.js'
import { DAY_MS, MINUTE_MS } from '../../src/model/time.js'
import { type ServedFabric, serveFabric, until } from '../support/served-fabric.js'

let served: ServedFabric
let token: string
let alice: FabricClient

beforeEach(async () => {
  served = await serveFabric()
  const { issued } = await served.client.swarm.register({ swarm: 'alice', token: true })
  await served.client.swarm.register({ swarm: 'bob' })
  token = issued?.token ?? ''
  alice = served.connect({ token, retries: 0 })
})

afterEach(() => served[Symbol.asyncDispose]())

async function refusalOf(given: string): Promise<{ status: number; body: { code?: string; detail?: string } }> {
  const reply = await served.request('/v1/status', { headers: { authorization: `Bearer ${given}` } })
  return { status: reply.status, body: (await reply.json()) as { code?: string; detail?: string } }
}

/** Everything that was written, as it is stored. */
async function storedLog(): Promise<string> {
  return JSON.stringify((await served.client.log.read({ limit: 1_000 })).entries)
}

describe('a token that is not good', () => {
  test('opens nothing, however much of it is right', async () => {
    const [, id = '', secret = ''] = token.split('_')
    const { token: others = '' } = await served.client.token.issue({ name: 'bob' })
    const forged = [
      token.slice(0, -1),
      `${token}x`,
      token.toUpperCase(),
      `ifab_${id}_`,
      `ifab_${id}_${'A'.repeat(secret.length)}`,
      `ifab_${others.split('_')[1]}_${secret}`,
      `ifab_${'0'.repeat(16)}_${secret}`,
      secret,
      id,
      '__proto__',
      'x'.repeat(1_025),
    ]
    for (const one of forged) {
      expect(await refusalOf(one), one).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
    }
    expect((await refusalOf(token)).status).toBe(200)
  })

  test('expires by the clock of the fabric', async () => {
    served.timing.advance(DAY_MS - 1)
    expect((await refusalOf(token)).status).toBe(200)
    served.timing.advance(1)
    const { status, body } = await refusalOf(token)
    expect(status).toBe(401)
    expect(body.detail).toContain('expired')
  })

  test('is refused from the moment of its revocation, also by whoever revoked it', async () => {
    const { token: id = '' } = await alice.token.whoami()
    await alice.token.revoke({ id })
    await expect(alice.fabric.status()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(served.client.token.revoke({ id })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('opens nothing for a request whose body arrives after it has ended', async () => {
    const { token: id = '' } = await alice.token.whoami()
    const { hostname, port } = new URL(served.server.url)
    const socket = connectTo({ host: hostname, port: Number(port) })
    const body = JSON.stringify({ id: 'late', title: 'Late' })
    const head = `POST /v1/tasks HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${token}\r\n`
    socket.write(`${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 5)}`)
    // The guard has seen the head when an answer to a later request is there.
    await served.client.fabric.status()
    await served.client.token.revoke({ id })
    socket.write(body.slice(5))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    expect(answer.toString()).toMatch(/^HTTP\/1.1 401 /)
  })

  test('ends a call that waits', async () => {
    const { token: id = '' } = await alice.token.whoami()
    const waiting = alice.task.next({ waitMs: 60_000 })
    const refused = expect(waiting).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await until(async () => (await served.client.fabric.status()).waitingSwarms === 1)
    await served.client.token.revoke({ id })
    await refused
    expect((await served.client.fabric.status()).waitingSwarms).toBe(0)
  })

  test('ends with its swarm', async () => {
    await served.client.swarm.retire({ swarm: 'alice' })
    expect((await refusalOf(token)).status).toBe(401)
    await served.client.swarm.register({ swarm: 'alice' })
    expect((await refusalOf(token)).status, 'coming back brings no old token back').toBe(401)
  })
})

describe('a good token', () => {
  test('is told once, and only its hash is stored', async () => {
    const rotated = await alice.token.rotate()
    const log = await storedLog()
    for (const secret of [token, rotated.token]) {
      expect(log).not.toContain(secret)
      expect(log).not.toContain(secret.split('_')[2])
    }
    expect(JSON.stringify(await served.client.token.list())).not.toContain('hash')
    expect(await served.client.swarm.register({ swarm: 'alice', token: true })).not.toHaveProperty('issued')
  })

  test('is rotated: the new one works, and the old one for a minute', async () => {
    const rotated = await alice.token.rotate({ ttlMs: 2 * MINUTE_MS })
    expect((await refusalOf(rotated.token)).status).toBe(200)
    expect((await refusalOf(token)).status).toBe(200)
    served.timing.advance(MINUTE_MS)
    expect((await refusalOf(token)).status).toBe(401)
    expect((await refusalOf(rotated.token)).status).toBe(200)
  })

  test('speaks for its swarm, named or not, and for no other', async () => {
    await served.client.task.create({ id: 'A', title: 'A' })
    expect(await alice.token.whoami()).toMatchObject({ actor: 'swarm:alice', role: 'swarm', swarm: 'alice' })
    for (const call of [
      () => alice.task.claim({ task: 'A', as: 'bob' }),
      () => alice.task.next({ as: 'bob' }),
      () => alice.inbox.read({ swarm: 'bob' }),
      () => alice.inbox.read({ swarm: 'orchestrator' }),
      () => alice.inbox.acknowledge({ swarm: 'bob', upTo: 0 }),
      () => alice.swarm.send({ to: 'bob', as: 'bob', text: 'hello' }),
      () => alice.swarm.register({ swarm: 'bob', capabilities: ['code:rust'] }),
      () => alice.breaker.admit({ swarm: 'bob' }),
    ]) {
      await expect(call(), String(call)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    }
    const { swarm, epoch } = await alice.task.claim({ task: 'A' })
    expect(swarm).toBe('alice')
    const { token: bobs } = await served.client.token.issue({ name: 'bob' })
    const bob = served.connect({ token: bobs, retries: 0 })
    await expect(bob.task.heartbeat({ task: 'A', epoch })).rejects.toMatchObject({ code: 'STALE_CLAIM' })
    await expect(bob.task.complete({ task: 'A', epoch })).rejects.toMatchObject({ code: 'STALE_CLAIM' })
    await expect(bob.task.release({ task: 'A' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await alice.task.complete({ task: 'A', epoch })
  })

  test('does not do what only people do', async () => {
    await served.client.task.create({ id: 'X', title: 'X', external: true })
    await expect(alice.task.complete({ task: 'X' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(alice.task.cancel({ task: 'X' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(alice.token.issue({ name: 'alice', role: 'admin' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  test('of an orchestrator speaks for no swarm and reads its own inbox', async () => {
    const { token: leads } = await served.client.token.issue({ name: 'lead', role: 'orchestrator' })
    const lead = served.connect({ token: leads, retries: 0 })
    await expect(lead.task.next({ as: 'alice' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(lead.inbox.read({ swarm: 'alice' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await lead.inbox.read({ swarm: 'orchestrator' })).toMatchObject({ swarm: 'orchestrator' })
    await expect(lead.task.next({})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await served.client.task.create({ id: 'A', title: 'A' })
    const { epoch } = await alice.task.claim({ task: 'A' })
    await expect(lead.task.complete({ task: 'A', epoch })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(lead.task.milestone({ task: 'A', epoch, percent: 50 })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await lead.task.release({ task: 'A' })
  })
})

describe('the log', () => {
  test('has every refusal, with who asked', async () => {
    await refusalOf(`${token}x`)
    await alice.task.next({ as: 'bob' }).catch(() => undefined)
    await alice.policy.show()
    await alice.witness.rotate().catch(() => undefined)
    const { entries } = await served.client.log.read({ limit: 1_000 })
    const refused = entries.filter(({ type }) => String(type).includes('request_refused'))
    expect(refused.map(({ actor, data }) => [actor, data])).toMatchObject([
      ['anonymous', { code: 'UNAUTHENTICATED', operation: 'GET /v1/status' }],
      ['swarm:alice', { code: 'FORBIDDEN', operation: 'task.next' }],
      ['swarm:alice', { code: 'FORBIDDEN', operation: 'witness.rotate' }],
    ])
  })

  test('names the administrator who spoke for a swarm beside that swarm', async () => {
    await served.client.task.create({ id: 'A', title: 'A' })
    const { epoch } = await served.client.task.claim({ task: 'A', as: 'alice' })
    await alice.task.heartbeat({ task: 'A', epoch, usage: { id: 'one', costNanos: 1 } })
    await served.client.task.milestone({ task: 'A', epoch, percent: 50 })
    const { entries } = await served.client.log.read({ from: epoch, limit: 10 })
    const words = entries.filter(({ type }) => !String(type).includes('command_received'))
    expect(words.map(({ actor, authid }) => [actor, authid])).toEqual([
      ['swarm:alice', 'admin'],
      ['swarm:alice', undefined],
      ['swarm:alice', 'admin'],
    ])
  })
})

test('the rate limit of a swarm says when to come back, and leaves others alone', async () => {
  const clock = { now: 1_000_000 }
  await using limited = await serveFabric({ requestsPerSecond: 4, now: () => clock.now })
  const { issued } = await limited.client.swarm.register({ swarm: 'alice', token: true })
  const ask = async () => {
    const reply = await limited.request('/v1/status', { headers: { authorization: `Bearer ${issued?.token}` } })
    return { status: reply.status, retryAfter: reply.headers.get('retry-after'), body: await reply.json() }
  }
  for (let call = 0; call < 8; call += 1) expect((await ask()).status).toBe(200)
  expect(await ask()).toMatchObject({
    status: 429,
    retryAfter: '1',
    body: { code: 'RATE_LIMITED', retryable: true, details: { retryAfterMs: 250 } },
  })
  expect((await limited.client.fabric.status()).state, 'an administrator is not limited').toBe('running')
  clock.now += 250
  expect((await ask()).status).toBe(200)
  expect((await ask()).status).toBe(429)
})
