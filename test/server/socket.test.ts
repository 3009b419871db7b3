import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect as connectTo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LIMITS } from '../../src/model/limits.js'
import { type ServedFabric, serveFabric, TOKEN, until } from '../support/served-fabric.js'
import { enlist, WorkerSocket } from '../support/worker-socket.js'

async function openAs(served: ServedFabric, swarm: string): Promise<WorkerSocket> {
  return WorkerSocket.open(served.server.url, await enlist(served, swarm))
}

/** What the server answers to a request for a WebSocket that it does not grant. */
function refusal(served: ServedFabric, headers: Record<string, string>, path = '/v1/socket') {
  return new Promise<{ status: number; headers: object; body: Record<string, unknown> }>((resolve, reject) => {
    const asked = request(served.server.url + path, { agent: false, headers })
    asked.once('upgrade', () => reject(new Error('it was granted')))
    asked.once('error', reject)
    asked.once('response', (answer) => {
      let text = ''
      answer.on('data', (chunk) => {
        text += chunk
      })
      answer.once('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: JSON.parse(text) }),
      )
    })
    asked.end()
  })
}

const HANDSHAKE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

describe('calls over the socket', () => {
  test('carry a task from the offer to its end on one connection', async () => {
    await using served = await serveFabric()
    await using worker = await openAs(served, 'w1')
    await served.client.task.create({ id: 'T1', title: 'A task' })
    const offer = await worker.call('task.next', { claim: true })
    expect(offer).toMatchObject({ kind: 'primary', task: { id: 'T1' }, claim: { swarm: 'w1' } })
    const { epoch } = offer.claim as { epoch: number }
    expect(await worker.call('task.heartbeat', { task: 'T1', epoch })).toMatchObject({ unread: 0 })
    await worker.call('task.complete', { task: 'T1', epoch, summary: 'done' })
    expect(await served.client.task.show({ task: 'T1' })).toMatchObject({ task: { state: 'completed' } })
  })

  test('are answered each on its own: a long wait keeps nothing else', async () => {
    await using served = await serveFabric()
    await using worker = await openAs(served, 'w1')
    const next = worker.call('task.next', { claim: true, waitMs: 60_000 })
    await until(async () => (await served.fabric.status()).waitingSwarms === 1)
    expect(await worker.call('token.whoami')).toMatchObject({ actor: 'swarm:w1' })
    await served.client.task.create({ id: 'T1', title: 'A task' })
    expect(await next).toMatchObject({ task: { id: 'T1' } })
  })

  test('obey the rights of the caller, and the log says who was refused', async () => {
    await using served = await serveFabric()
    await using worker = await openAs(served, 'w1')
    await enlist(served, 'w2')
    await expect(worker.call('task.cancel', { task: 'T1' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(worker.call('inbox.read', { swarm: 'w2' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const { entries } = await served.client.witness.query({ operation: 'request_refused' })
    expect(JSON.stringify(entries)).toContain('"code":"FORBIDDEN"')
  })

  test('keep what travels with them: the trace and the idempotency key', async () => {
    await using served = await serveFabric()
    await using worker = await WorkerSocket.open(served.server.url, TOKEN)
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const call = () =>
      worker.call('task.create', { id: 'T1', title: 'A task' }, { traceparent, idempotencyKey: 'once' })
    expect(await call()).toEqual(await call())
    const { entries } = await served.client.witness.query({ trace: traceparent.slice(3, 35) })
    expect(entries.map((entry) => (entry as { type: string }).type)).toContain(
      'infrafabric.coordinator.task_created.v1',
    )
    await expect(worker.call('fabric.status', {}, { idempotencyKey: 'not one' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test.each([
    ['no JSON', '{', null],
    ['no object', '[]', null],
    ['no id', '{"operation":"fabric.status"}', null],
    ['an unknown field', '{"id":7,"operation":"fabric.status","colour":"red"}', 7],
    ['a name that no field has', '{"id":7,"operation":"fabric.status","input":{"__proto__":{}}}', null],
    ['the same, escaped', '{"id":7,"operation":"fabric.status","input":{"\\u005f_proto__":{}}}', null],
    ['an unknown field of the input', '{"id":"x","operation":"fabric.status","input":{"colour":"red"}}', 'x'],
  ])('with %s are refused, and the next is heard', async (_, text, id) => {
    await using served = await serveFabric()
    await using worker = await WorkerSocket.open(served.server.url, TOKEN)
    worker.socket.send(text)
    await until(() => worker.answers.length === 1)
    expect(worker.answers).toMatchObject([{ id, error: { code: 'INVALID_ARGUMENT' } }])
    expect(await worker.call('fabric.status')).toMatchObject({ state: 'running' })
  })

  test('of no operation are refused', async () => {
    await using served = await serveFabric()
    await using worker = await WorkerSocket.open(served.server.url, TOKEN)
    await expect(worker.call('toString')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('beyond those that may run at a time are refused at once', async () => {
    await using served = await serveFabric()
    await using worker = await WorkerSocket.open(served.server.url, TOKEN)
    await enlist(served, 'w1')
    const waits = Array.from({ length: LIMITS.socketCalls }, () =>
      worker.call('inbox.read', { swarm: 'w1', waitMs: 60_000 }),
    )
    await expect(worker.call('fabric.status')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    await served.client.swarm.send({ to: 'w1', text: 'go on' })
    expect(await Promise.all(waits)).toHaveLength(LIMITS.socketCalls)
    expect(await worker.call('fabric.status')).toMatchObject({ state: 'running' })
  })

  test('count against the rate of their caller, requests over HTTP included', async () => {
    await using served = await serveFabric({ requestsPerSecond: 2, now: () => 0 })
    const token = await enlist(served, 'w1')
    await using worker = await WorkerSocket.open(served.server.url, token)
    for (let call = 0; call < 3; call += 1) await worker.call('fabric.status')
    await expect(worker.call('fabric.status')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryable: true,
      details: { retryAfterMs: 500 },
    })
    const answer = await served.request('/v1/status', { headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(429)
  })

  test('that meet a fault are told a reference only', async () => {
    await using served = await serveFabric()
    await using worker = await WorkerSocket.open(served.server.url, TOKEN)
    served.fabric.status = async () => {
      throw new TypeError('a secret of the program')
    }
    const error = await worker.call('fabric.status').catch((refused) => refused)
    expect(error).toMatchObject({ code: 'INTERNAL', details: { reference: served.faults[0]?.reference } })
    expect(JSON.stringify(error)).not.toContain('secret')
  })
})

describe('opening a socket', () => {
  test('takes the token from a subprotocol, as browsers send it, and chooses the other one', async () => {
    await using served = await serveFabric()
    const token = await enlist(served, 'w1')
    await using worker = new WorkerSocket(served.server.url, {}, ['ifab.v1', `ifab.bearer.${token}`])
    await new Promise((resolve) => worker.socket.once('open', resolve))
    expect(worker.socket.protocol).toBe('ifab.v1')
    expect(await worker.call('token.whoami')).toMatchObject({ actor: 'swarm:w1' })
  })

  test.each([
    ['without a token', {}, 401, 'UNAUTHENTICATED'],
    ['with a wrong token', { authorization: 'Bearer wrong' }, 401, 'UNAUTHENTICATED'],
    [
      'with a wrong token in a subprotocol',
      { 'sec-websocket-protocol': 'ifab.v1, ifab.bearer.x' },
      401,
      'UNAUTHENTICATED',
    ],
    [
      'from a page of another site',
      { authorization: `Bearer ${TOKEN}`, origin: 'http://evil.example' },
      403,
      'FORBIDDEN',
    ],
    ['by another name', { authorization: `Bearer ${TOKEN}`, host: 'evil.example' }, 403, 'FORBIDDEN'],
    ['of another version', { authorization: `Bearer ${TOKEN}`, 'sec-websocket-version': '8' }, 426, 'INVALID_ARGUMENT'],
    ['without a key', { authorization: `Bearer ${TOKEN}`, 'sec-websocket-key': 'x' }, 426, 'INVALID_ARGUMENT'],
    ['for another protocol', { authorization: `Bearer ${TOKEN}`, upgrade: 'h2c' }, 426, 'INVALID_ARGUMENT'],
    [
      'with the token as the only subprotocol',
      { 'sec-websocket-protocol': `ifab.bearer.${TOKEN}` },
      400,
      'INVALID_ARGUMENT',
    ],
  ])('%s is refused as a problem', async (_, headers, status, code) => {
    await using served = await serveFabric()
    const answer = await refusal(served, { ...HANDSHAKE, ...headers })
    expect(answer).toMatchObject({
      status,
      body: { status, code },
      headers: { 'content-type': 'application/problem+json' },
    })
  })

  test('without asking for an upgrade is refused', async () => {
    await using served = await serveFabric()
    expect((await served.request('/v1/socket')).status).toBe(426)
  })

  test('is refused to one who has many', async () => {
    await using served = await serveFabric()
    const token = await enlist(served, 'w1')
    const workers = await Promise.all(
      Array.from({ length: LIMITS.pushConnectionsPerCaller }, () => WorkerSocket.open(served.server.url, token)),
    )
    const asked = { ...HANDSHAKE, authorization: `Bearer ${token}` }
    expect(await refusal(served, asked)).toMatchObject({ status: 429 })
    await workers[0]?.[Symbol.asyncDispose]()
    await expect(until(async () => (await refusal(served, asked)).status !== 429)).rejects.toThrow('it was granted')
    for (const worker of workers) await worker[Symbol.asyncDispose]()
  })

  test('a request that offers another protocol is answered as if it had not, with its body and those that follow', async () => {
    await using served = await serveFabric()
    const { hostname, port } = new URL(served.server.url)
    const socket = connectTo(Number(port), hostname)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    const body = JSON.stringify({ id: 'T1', title: 'A task' })
    const headers = `host: ${hostname}:${port}\r\nauthorization: Bearer ${TOKEN}\r\ncontent-type: application/json\r\n`
    const offer = 'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n'
    socket.write(`POST /v1/tasks HTTP/1.1\r\n${headers}${offer}content-length: ${body.length}\r\n\r\n`)
    await new Promise(setImmediate)
    socket.write(body)
    await until(() => text.includes('"title":"A task"'))
    socket.write(`GET /v1/principal HTTP/1.1\r\n${headers}\r\n`)
    await until(() => text.includes('"actor":"admin"'))
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
    socket.destroy()
  })

  test('works over TLS as well', async () => {
    const pem = (name: string) => readFileSync(new URL(`../support/tls/${name}.pem`, import.meta.url), 'utf8')
    await using served = await serveFabric({ tls: { certificate: pem('certificate'), key: pem('key') } })
    await using worker = await WorkerSocket.open(served.server.url, TOKEN, { rejectUnauthorized: false })
    expect(await worker.call('token.whoami')).toMatchObject({ actor: 'admin' })
  })

  test('whatever else asks for a WebSocket is answered and closed', async () => {
    await using served = await serveFabric()
    const answer = await refusal(served, { ...HANDSHAKE, authorization: `Bearer ${TOKEN}` }, '/v1/nowhere')
    expect(answer).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' }, headers: { connection: 'close' } })
  })
})

describe('the end of a socket', () => {
  // Nobody is looked at because it is their turn.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('comes when its token is revoked', async () => {
    await using served = await serveFabric()
    await using worker = await openAs(served, 'w1')
    const { token } = await worker.call('token.whoami')
    await served.client.token.revoke({ id: String(token) })
    expect(await worker.closed).toMatchObject({ code: 4401 })
  })

  test('comes when its swarm is retired', async () => {
    await using served = await serveFabric()
    await using worker = await openAs(served, 'w1')
    await served.client.swarm.retire({ swarm: 'w1' })
    expect(await worker.closed).toMatchObject({ code: 4401 })
  })

  test('comes with the next message when the time of the token is over', async () => {
    await using served = await serveFabric()
    await using worker = await openAs(served, 'w1')
    await served.timing.advance(25 * 60 * 60 * 1_000)
    await expect(worker.call('fabric.status')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await worker.closed).toMatchObject({ code: 4401 })
  })

  test('comes with the end of the server, and ends what waits', async () => {
    await using served = await serveFabric()
    await using worker = await openAs(served, 'w1')
    worker.call('task.next', { waitMs: 60_000 }).catch(() => undefined)
    await until(async () => (await served.fabric.status()).waitingSwarms === 1)
    await served.server.close()
    expect(await worker.closed).toMatchObject({ code: 1001 })
    expect((await served.fabric.status()).waitingSwarms).toBe(0)
  })

  test('comes for bytes, and for what is too large', async () => {
    await using served = await serveFabric()
    await using binary = await WorkerSocket.open(served.server.url, TOKEN)
    binary.socket.send(Buffer.from('{}'))
    expect(await binary.closed).toMatchObject({ code: 1003 })
    await using large = await WorkerSocket.open(served.server.url, TOKEN)
    large.socket.send('x'.repeat(LIMITS.socketMessageBytes + 1))
    expect(await large.closed).toMatchObject({ code: 1009 })
  })

  test('ends what its calls wait for', async () => {
    await using served = await serveFabric()
    const worker = await openAs(served, 'w1')
    worker.call('task.next', { waitMs: 60_000 }).catch(() => undefined)
    await until(async () => (await served.fabric.status()).waitingSwarms === 1)
    await worker[Symbol.asyncDispose]()
    await until(async () => (await served.fabric.status()).waitingSwarms === 0)
  })
})
