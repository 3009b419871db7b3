import { connect as connectTo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { baseUrl } from '../../src/client/base-url.js'
import { serveFabric, until } from '../support/served-fabric.js'
import { enlist, WorkerSocket } from '../support/worker-socket.js'

afterEach(() => {
  vi.useRealTimers()
})

test('a call that waits on a socket takes no work after its token is revoked, also when the client never closes', async () => {
  // Without it, the patience with such a client would end the call as well, some seconds late.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  await using served = await serveFabric()
  await using worker = await WorkerSocket.open(served.server.url, await enlist(served, 'w1'))
  const { token } = await worker.call('token.whoami')
  const ended = worker.call('task.next', { claim: true, waitMs: 60_000 }).catch(() => undefined)
  await until(() => served.fabric.health().waiting === 1)
  worker.socket.pause()
  await served.client.token.revoke({ id: String(token) })
  await until(() => served.fabric.health().waiting === 0)
  await served.client.task.create({ id: 'T1', title: 'Nobody takes it' })
  expect((await served.client.task.show({ task: 'T1' })).task.state).toBe('available')
  worker.socket.resume()
  await worker.closed
  void ended
})

test('each call of a batch counts against the rate limit', async () => {
  await using served = await serveFabric({ requestsPerSecond: 4, now: () => 1_000 })
  const headers = {
    authorization: `Bearer ${await enlist(served, 'w1')}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/list' })
  const batch = (size: number) => JSON.stringify(Array.from({ length: size }, (_, id) => call(id)))
  const refused = await fetch(`${served.server.url}/mcp`, { method: 'POST', headers, body: batch(9) })
  expect(refused.status).toBe(429)
  await refused.arrayBuffer()
})

test('waits that stand behind each other on one connection all end with it', async () => {
  await using served = await serveFabric()
  const token = await enlist(served, 'w1')
  const { hostname, port } = new URL(served.server.url)
  const body = JSON.stringify({ waitMs: 60_000 })
  const head = `POST /v1/next HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${token}\r\n`
  const request = `${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  const socket = connectTo({ host: hostname, port: Number(port) })
  socket.write(request.repeat(3))
  await until(() => served.fabric.health().waiting === 3)
  socket.destroy()
  await until(() => served.fabric.health().waiting === 0)
})

test('an address with a user or a password is refused, and not repeated', () => {
  for (const url of ['http://user:secret-word@127.0.0.1:7420', 'https://token@fabric.example']) {
    expect(() => baseUrl(url)).toThrow('IFAB_TOKEN')
    expect(() => baseUrl(url)).not.toThrow('secret-word')
  }
})

test('of two subscriptions at once the last one counts, and nothing of the other stays', async () => {
  await using served = await serveFabric()
  await using worker = await WorkerSocket.open(served.server.url, await enlist(served, 'w1'))
  // The message keeps the engine at work, so that the first one has to wait in the middle.
  const sent = served.client.swarm.send({ to: 'orchestrator', text: 'busy' })
  await Promise.all([
    worker.call('swarm.send', { to: 'orchestrator', text: 'busy' }),
    worker.call('subscribe', { work: true }),
    worker.call('subscribe', { work: false }),
    sent,
  ])
  await served.client.task.create({ id: 'T1', title: 'A task' })
  await worker.call('fabric.status')
  expect(worker.pushes).toEqual([])
})
