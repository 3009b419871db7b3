import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLoopback } from '../../src/model/loopback.js'
import { checkHost } from '../../src/server/guard.js'
import { type Authenticate, authenticator } from '../../src/server/principal.js'
import { openTestFabric } from '../../src/testing/test-fabric.js'
import { rawRequest } from '../support/raw-http.js'
import { type ServedFabric, serveFabric, TOKEN } from '../support/served-fabric.js'

const reachedAs = (name: string) => ({ scheme: 'http', names: [name], localName: name }) as const

describe('the guard', () => {
  let authenticate: Authenticate

  beforeAll(async () => {
    const { fabric } = await openTestFabric()
    authenticate = authenticator(fabric, TOKEN)
    return () => fabric.close()
  })

  test.each(['localhost', '127.0.0.1', '127.8.9.1', '::1'])('takes %s for this machine', (host) => {
    expect(isLoopback(host)).toBe(true)
  })

  test.each(['0.0.0.0', '::', '10.0.0.1', 'localhost.evil.example', '127.0.0.1.evil.example', ''])(
    'does not take %j for this machine',
    (host) => {
      expect(isLoopback(host)).toBe(false)
    },
  )

  test.each(['localhost:7420', 'LOCALHOST', '127.0.0.1:9', '[::1]:7420', '127.1.2.3:7420'])(
    'lets Host %s in',
    (host) => {
      expect(() => checkHost({ host }, reachedAs('127.1.2.3'))).not.toThrow()
    },
  )

  test.each(['evil.example', 'localhost.evil.example:7420', 'localhost:7420:80', '', undefined, '127.0.0.2'])(
    'keeps Host %j out',
    (host) => {
      expect(() => checkHost(host === undefined ? {} : { host }, reachedAs('127.0.0.1'))).toThrow('Host header')
    },
  )

  test.each(['http://evil.example', 'null', 'https://localhost:7420', 'http://localhost:7421', ''])(
    'keeps Origin %j out',
    (origin) => {
      expect(() => checkHost({ host: 'localhost:7420', origin }, reachedAs('127.0.0.1'))).toThrow('origin')
    },
  )

  test('lets its own Origin in', () => {
    expect(() =>
      checkHost({ host: 'localhost:7420', origin: 'http://localhost:7420' }, reachedAs('127.0.0.1')),
    ).not.toThrow()
  })

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN} x`,
    `Bearer ${TOKEN}x`,
    'Bearer x',
  ])('does not take %j for the token', (authorization) => {
    expect(() => authenticate(authorization === undefined ? {} : { authorization })).toThrow(/token/i)
  })

  test('takes the token, whatever the case of the scheme', () => {
    expect(authenticate({ authorization: `bearer ${TOKEN}` })).toEqual({ actor: 'admin', role: 'admin' })
  })
})

describe('over HTTP', () => {
  let served: ServedFabric
  beforeAll(async () => {
    served = await serveFabric()
  })
  afterAll(() => served[Symbol.asyncDispose]())

  const authorization = `Bearer ${TOKEN}`

  test('a missing or wrong token is refused before the body is looked at', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
      const answer = await rawRequest(`${served.server.url}/v1/tasks`, { method: 'POST', headers, body: '{' })
      expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED', retryable: false } })
    }
    const answer = await served.request('/v1/status', { headers: { authorization: 'Bearer wrong' } })
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
  })

  test('a name that was bound to this address is refused, also for health', async () => {
    for (const path of ['/v1/status', '/healthz', '/nowhere', '/v1/events']) {
      const headers = { authorization, host: 'evil.example:7420' }
      const answer = await rawRequest(served.server.url + path, { headers })
      expect(answer, path).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
    }
  })

  test('a page of another origin is refused, the own one is not', async () => {
    const { url } = served.server
    const foreign = await rawRequest(`${url}/v1/status`, { headers: { authorization, origin: 'http://evil.example' } })
    expect(foreign).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
    const own = await rawRequest(`${url}/v1/status`, { headers: { authorization, origin: url } })
    expect(own.status).toBe(200)
  })

  test('health needs no token', async () => {
    expect(await rawRequest(`${served.server.url}/healthz`)).toMatchObject({ status: 200, body: { status: 'ok' } })
  })
})
