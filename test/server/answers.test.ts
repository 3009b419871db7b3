import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OPERATION_LIST } from '../../src/operations/table.js'
import { rawBytes } from '../support/raw-http.js'
import { type ServedFabric, serveFabric } from '../support/served-fabric.js'

let served: ServedFabric
beforeAll(async () => {
  served = await serveFabric()
  await served.client.task.create({ id: 'T1', title: 'A task' })
})
afterAll(async () => {
  expect(served.faults).toEqual([])
  await served[Symbol.asyncDispose]()
})

describe('every answer', () => {
  test.each([
    '/v1/status',
    '/v1/tasks/unknown',
    '/nowhere',
    '/healthz',
    '/v1/tasks/%E0%A4%A',
    `/v1/tasks/${'x'.repeat(600)}`,
  ])('to %s says that nobody may guess at its type', async (path) => {
    const answer = await served.request(path)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    await answer.body?.cancel()
  })

  test('is kept by nobody, unless it has a name', async () => {
    const refusal = await served.request('/v1/tasks/unknown')
    expect(refusal.headers.get('cache-control')).toBe('no-store')
    const body = JSON.stringify({ title: 'Another', id: 'T2' })
    const made = await served.request('/v1/tasks', { method: 'POST', body, headers: JSON_BODY })
    expect([made.status, made.headers.get('cache-control'), made.headers.get('etag')]).toEqual([200, 'no-store', null])
    const unreadable = await rawBytes(served.server.url, 'hello\r\n\r\n')
    expect(unreadable).toMatch(/cache-control: no-store\r\nx-content-type-options: nosniff/)
  })
})

const JSON_BODY = { 'content-type': 'application/json' }

describe('an ETag', () => {
  test('names the body, and the same body is not sent twice', async () => {
    const first = await served.request('/v1/tasks/T1')
    const tag = first.headers.get('etag') ?? ''
    expect(tag).toMatch(/^"[\w-]{22}"$/)
    expect(first.headers.get('cache-control')).toBe('private, no-cache')
    for (const condition of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await served.request('/v1/tasks/T1', { headers: { 'if-none-match': condition } })
      expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([304, tag, ''])
    }
    const other = await served.request('/v1/tasks/T1', { headers: { 'if-none-match': '"other"' } })
    expect([other.status, await other.json()]).toEqual([200, await first.json()])
  })

  test('changes with the body', async () => {
    const { client } = served
    await client.task.create({ id: 'T3', title: 'Changes' })
    const before = (await served.request('/v1/tasks/T3')).headers.get('etag') ?? ''
    await client.task.cancel({ task: 'T3' })
    const after = await served.request('/v1/tasks/T3', { headers: { 'if-none-match': before } })
    expect(after.status).toBe(200)
    expect(after.headers.get('etag')).not.toBe(before)
  })

  test('is not on refusals', async () => {
    const answer = await served.request('/v1/tasks/unknown', { headers: { 'if-none-match': '*' } })
    expect([answer.status, answer.headers.get('etag')]).toEqual([404, null])
  })
})

describe('traceparent', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

  test('comes back, on refusals too', async () => {
    for (const path of ['/v1/status', '/v1/tasks/unknown', '/nowhere']) {
      const answer = await served.request(path, { headers: { traceparent } })
      expect(answer.headers.get('traceparent')).toBe(traceparent)
    }
  })

  test.each(['', 'x', `${traceparent}-x`, traceparent.toUpperCase(), `00-${'0'.repeat(32)}-b7ad6b7169203331-01`])(
    'that is malformed (%j) does not',
    async (malformed) => {
      const answer = await served.request('/v1/status', { headers: { traceparent: malformed } })
      expect(answer.headers.get('traceparent')).toBeNull()
    },
  )
})

describe('a method that a path does not have', () => {
  test.each([
    ['DELETE', '/v1/tasks/T1', 'GET, HEAD'],
    ['PATCH', '/v1/tasks?limit=1', 'GET, HEAD, POST'],
    ['OPTIONS', '/v1/next', 'POST'],
    ['POST', '/v1/swarms/s1', 'GET, HEAD, PUT'],
    ['PROPFIND', '/v1/status', 'GET, HEAD'],
    ['HEAD', '/v1/next', 'POST'],
    ['HEAD', '/v1/events', 'GET'],
    ['PUT', '/tile/0/000', 'GET, HEAD'],
    ['POST', '/docs', 'GET, HEAD'],
  ])('%s %s is refused with the ones that it has', async (method, path, allow) => {
    const answer = await served.request(path, { method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    if (method !== 'HEAD') expect(await answer.json()).toMatchObject({ code: 'INVALID_ARGUMENT', status: 405 })
  })

  test.each(['/v1', '/v1/tasks/T1/', '/v1/tasks/T1/claim/x', '/v1/statusx', '/V1/status'])(
    'of a path that there is not (%s) is not known',
    async (path) => {
      expect((await served.request(path, { method: 'DELETE' })).status).toBe(404)
    },
  )
})

describe('HEAD', () => {
  test('answers as GET does, without the body', async () => {
    for (const path of ['/v1/tasks/T1', '/v1/tasks/unknown', '/healthz', '/openapi.json', '/vkey.txt']) {
      const [get, head] = [await served.request(path), await served.request(path, { method: 'HEAD' })]
      const shown = ({ status, headers }: Response) => [status, headers.get('content-type'), headers.get('etag')]
      expect(shown(head), path).toEqual(shown(get))
      expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(await get.text())))
      expect(await head.text()).toBe('')
    }
  })

  test('with the name of the body answers 304', async () => {
    const tag = (await served.request('/v1/tasks/T1', { method: 'HEAD' })).headers.get('etag') ?? ''
    const again = await served.request('/v1/tasks/T1', { method: 'HEAD', headers: { 'if-none-match': tag } })
    expect(again.status).toBe(304)
  })

  test('of each read is there', async () => {
    for (const { name, method, path } of OPERATION_LIST) {
      if (method !== 'GET') continue
      const answer = await served.request(path.replace(/:\w+/, 'T1'), { method: 'HEAD' })
      expect([200, 400, 404], name).toContain(answer.status)
    }
  })
})

describe('a caller that asks too often', () => {
  test('is told when to ask again', async () => {
    await using busy = await serveFabric({ requestsPerSecond: 1, now: () => 0 })
    const { token } = await busy.client.token.issue({ name: 'eve', role: 'viewer' })
    const ask = () => busy.request('/v1/status', { headers: { authorization: `Bearer ${token}` } })
    for (const _ of [1, 2]) expect((await ask()).status).toBe(200)
    const answer = await ask()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1'])
    expect(await answer.json()).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs: 1_000 } })
    expect((await busy.request('/v1/status')).status).toBe(200)
  })
})
