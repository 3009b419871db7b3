import { describe, expect, test } from 'vitest'
import { parseListen } from '../../src/server/listen.js'
import { startServer } from '../../src/server/server.js'
import { serveFabric, TOKEN } from '../support/served-fabric.js'

describe('the address to listen on', () => {
  test('is a loopback address with a port', () => {
    expect(parseListen('127.0.0.1:7420')).toEqual({ host: '127.0.0.1', port: 7420 })
    expect(parseListen('localhost:0')).toEqual({ host: 'localhost', port: 0 })
    expect(parseListen('[::1]:80')).toEqual({ host: '::1', port: 80 })
  })

  test.each(['0.0.0.0:7420', '[::]:7420', '192.168.1.7:7420', 'example.org:80'])('is not %s', (text) => {
    expect(() => parseListen(text)).toThrow('reachable from other machines')
  })

  test.each(['', '7420', ':7420', '127.0.0.1', '127.0.0.1:', '127.0.0.1:65536', 'localhost:80/x'])(
    'is not written as %j',
    (text) => {
      expect(() => parseListen(text)).toThrow('HOST:PORT')
    },
  )

  test('that is taken is refused with a hint', async () => {
    await using served = await serveFabric()
    const listen = new URL(served.server.url).host
    const second = startServer({ fabric: served.fabric, listen, token: TOKEN })
    await expect(second).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', details: { reason: 'EADDRINUSE' } })
  })
})

describe('a server', () => {
  test.each(['localhost:0', '127.0.0.1:0'])('on %s says where it is', async (listen) => {
    await using served = await serveFabric()
    const server = await startServer({ fabric: served.fabric, listen, token: TOKEN })
    const client = served.connect({ url: server.url })
    expect((await client.fabric.status()).state).toBe('running')
    await server.close()
  })

  test('takes a POST without a body for one without fields', async () => {
    await using served = await serveFabric()
    const { client, request } = served
    await client.task.create({ id: 'T1', title: 'x' })
    const answer = await request('/v1/tasks/T1/cancel', { method: 'POST' })
    expect(await answer.json()).toMatchObject({ cancelled: ['T1'] })
  })
})

describe('a fault of the program', () => {
  test('is reported to its log and answered without a word about its insides', async () => {
    await using served = await serveFabric()
    served.fabric.status = () => Promise.reject(new TypeError('secret inside'))
    const answer = await served.request('/v1/status')
    const text = await answer.text()
    const problem = JSON.parse(text)
    expect(answer.status).toBe(500)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(problem).toMatchObject({ code: 'INTERNAL', retryable: false })
    expect(text).not.toMatch(/secret inside|TypeError|\.ts|\.js/)
    expect(served.faults).toMatchObject([
      { reference: problem.details.reference, route: 'GET /v1/status', error: { message: 'secret inside' } },
    ])
  })
})

describe('the origin of a request', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

  test.each([
    [traceparent, traceparent],
    ['00-00000000000000000000000000000000-b7ad6b7169203331-01', undefined],
    [`${traceparent}; drop`, undefined],
  ])('with traceparent %s is kept only when valid', async (sent, kept) => {
    await using served = await serveFabric()
    const headers = { 'content-type': 'application/json', traceparent: sent }
    await served.request('/v1/tasks', { method: 'POST', body: '{"id":"T1","title":"x"}', headers })
    const { entries } = await served.client.log.read({ from: 0 })
    expect(entries.at(-1)).toMatchObject({ subject: 'T1' })
    expect(entries.at(-1)?.traceparent).toBe(kept)
  })

  test('with an idempotency key is answered once', async () => {
    await using served = await serveFabric()
    const { client } = served
    const send = (idempotencyKey: string) => client.swarm.send({ to: 'orchestrator', text: 'hi' }, { idempotencyKey })
    const first = await send('k1')
    expect(await send('k1')).toEqual(first)
    expect((await send('k2')).index).toBeGreaterThan(first.index)
  })
})
