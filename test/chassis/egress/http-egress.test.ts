import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CredentialEndpoint } from '../../../src/chassis/credential/credential.js'
import { HttpEgress } from '../../../src/chassis/egress/http-egress.js'
import { LIMITS } from '../../../src/model/limits.js'
import {
  API,
  endpoint,
  type GuestRequest,
  guestRequest,
  never,
  OTHER,
  outcomeOf,
  PUBLIC_ADDRESS,
  SECRET,
  Upstream,
  WITH_SECRET,
} from '../support/upstream.js'

let upstream: Upstream
beforeEach(async () => {
  upstream = await Upstream.open()
})
afterEach(() => upstream[Symbol.asyncDispose]())

const request = (given: GuestRequest = {}, ...endpoints: readonly CredentialEndpoint[]) =>
  upstream.egress().request(guestRequest(given), upstream.context(...endpoints), never)

describe('a request that is allowed', () => {
  test('reaches the host by its name, at the address that was vetted', async () => {
    upstream.names.set(API, ['93.184.216.35'])
    const answer = await request({ url: `https://${API}/v1/items?page=2` }, endpoint())
    expect(outcomeOf(answer)).toBe('200 ok')
    expect(upstream.connected).toEqual(['93.184.216.35'])
    expect(upstream.requests).toMatchObject([{ method: 'GET', path: '/v1/items?page=2', headers: { host: API } }])
    expect(upstream.uses).toEqual([
      { credential: 'c-1', host: API, port: 443, method: 'GET', outcome: 'allowed', status: 200 },
    ])
  })

  test('carries its headers and its body', async () => {
    const headers = { 'Content-Type': 'text/plain', 'X-Trace': ' a ' }
    await request({ method: 'POST', headers, body: 'Grüße' }, endpoint())
    expect(upstream.requests).toMatchObject([
      {
        method: 'POST',
        body: 'Grüße',
        headers: { 'content-type': 'text/plain', 'x-trace': 'a', 'content-length': '7' },
      },
    ])
  })

  test('names its port where that is not the usual one', async () => {
    await request({ url: `https://${API}:8443/` }, endpoint({ port: 8443 }))
    expect(upstream.requests).toMatchObject([{ headers: { host: `${API}:8443` } }])
  })

  test('gets status, headers and body, whatever the status is', async () => {
    upstream.answer = (_, response) => {
      response.writeHead(404, { 'X-Kind': ['a', 'b'], 'Content-Type': 'text/plain' }).end('nothing')
    }
    const answer = await request({}, endpoint())
    expect(answer).toMatchObject({ status: 404, headers: { 'x-kind': 'a, b', 'content-type': 'text/plain' } })
    expect(outcomeOf(answer)).toBe('404 nothing')
  })

  test('may have an answer without a body', async () => {
    upstream.answer = (_, response) => response.writeHead(204).end()
    expect(outcomeOf(await request({}, endpoint()))).toBe('204 ')
    upstream.answer = (_, response) => response.writeHead(200, { 'content-length': '99999999' }).end()
    expect(outcomeOf(await request({ method: 'HEAD' }, endpoint({ methods: ['HEAD'] })))).toBe('200 ')
  })

  test('tries the next address when one does not answer', async () => {
    const [dead, alive] = [PUBLIC_ADDRESS, '2606:2800:220:1::1']
    upstream.names.set(API, [dead, alive])
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    closed.close()
    const egress = upstream.egress({
      connect: (address) => (address === dead ? connect(port, '127.0.0.1') : upstream.connect(address)),
    })
    expect(outcomeOf(await egress.request(guestRequest({}), upstream.context(endpoint()), never))).toBe('200 ok')
    upstream.names.set(API, [dead])
    expect(outcomeOf(await egress.request(guestRequest({}), upstream.context(endpoint()), never))).toBe('UNREACHABLE')
  })
})

describe('the secret of an endpoint', () => {
  test('is in the request and not in what the module gets', async () => {
    upstream.answer = ({ headers }, response) => response.end(`key ${headers['x-api-key']}.`)
    const answer = await request({ headers: { 'X-Api-Key': 'mine' } }, WITH_SECRET)
    expect(upstream.requests[0]?.headers['x-api-key']).toBe(SECRET)
    expect(outcomeOf(answer)).toBe('200 key [redacted].')
  })

  test('stands behind its prefix', async () => {
    upstream.secrets.set('token', 't0ken-of-the-vault')
    const inject = { name: 'token', header: 'authorization', prefix: 'Bearer ' }
    await request({}, endpoint({ inject }))
    expect(upstream.requests[0]?.headers.authorization).toBe('Bearer t0ken-of-the-vault')
  })

  test('is not sent where the vault has none that can be', async () => {
    const missing = endpoint({ inject: { name: 'unknown', header: 'x-api-key' } })
    const told: unknown[] = []
    const egress = upstream.egress({ reportSecret: (error) => told.push(error) })
    const answer = await egress.request(guestRequest({}), upstream.context(missing), never)
    expect(outcomeOf(answer)).toBe('SECRET_UNAVAILABLE')
    expect(told).toMatchObject([{ message: 'There is no unknown.' }])
    for (const bad of ['short', 'line\r\nX-Evil: 1', 'ümlaut-secret', ' padded-secret', 'x'.repeat(4_097)]) {
      upstream.secrets.set('api-key', bad)
      expect(outcomeOf(await request({}, WITH_SECRET))).toBe('SECRET_UNAVAILABLE')
    }
    expect(upstream.requests).toEqual([])
    expect(upstream.uses[0]).toMatchObject({ credential: 'c-1', outcome: 'failed', reason: 'SECRET_UNAVAILABLE' })
  })

  test('is forgotten when the host does not take it', async () => {
    const forgotten: string[] = []
    const secrets = { secret: async () => SECRET, forget: (name: string) => void forgotten.push(name) }
    const ask = () => upstream.egress({ secrets }).request(guestRequest({}), upstream.context(WITH_SECRET), never)
    await ask()
    upstream.answer = (_, response) => response.writeHead(401).end()
    expect(forgotten).toEqual([])
    await ask()
    expect(forgotten).toEqual(['api-key'])
  })

  test('comes from the right that has one', async () => {
    await request({}, endpoint(), WITH_SECRET)
    expect(upstream.requests[0]?.headers['x-api-key']).toBe(SECRET)
    expect(upstream.uses).toMatchObject([{ credential: 'c-2' }])
  })
})

describe('a redirect', () => {
  const redirect = (status: number, location: string) => {
    upstream.answer = ({ path }, response) => {
      if (path === '/') response.writeHead(status, { location }).end()
      else response.end('there')
    }
  }

  test.each([301, 302, 303, 307, 308])('%i is followed', async (status) => {
    redirect(status, '/next?a=1')
    expect(outcomeOf(await request({}, endpoint()))).toBe('200 there')
    expect(upstream.requests.map(({ path }) => path)).toEqual(['/', '/next?a=1'])
    expect(upstream.uses.map((use) => use.status)).toEqual([status, 200])
  })

  test.each([
    [301, 'GET', ''],
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', 'text'],
    [308, 'POST', 'text'],
  ])('%i makes a POST a %s', async (status, method, body) => {
    redirect(status, '/next')
    const headers = { 'content-type': 'text/plain', 'x-trace': 'a' }
    await request({ method: 'POST', headers, body: 'text' }, endpoint())
    const [, second] = upstream.requests
    expect(second).toMatchObject({ method, body, headers: { 'x-trace': 'a' } })
    expect(second?.headers['content-type']).toBe(body === '' ? undefined : 'text/plain')
  })

  test('needs the method that it asks for', async () => {
    redirect(303, '/next')
    const only = endpoint({ methods: ['POST'] })
    expect(outcomeOf(await request({ method: 'POST', body: 'text' }, only))).toBe('NOT_ALLOWED')
  })

  test('leads to another host that is allowed', async () => {
    redirect(302, `https://${OTHER}/next`)
    expect(outcomeOf(await request({}, endpoint(), endpoint({ host: OTHER })))).toBe('200 there')
    expect(upstream.uses.map(({ host }) => host)).toEqual([API, OTHER])
  })

  test('that says no place is an answer', async () => {
    upstream.answer = (_, response) => response.writeHead(302).end('nowhere')
    expect(outcomeOf(await request({}, endpoint()))).toBe('302 nowhere')
  })

  test(`is followed ${LIMITS.egressRedirects} times`, async () => {
    upstream.answer = ({ path }, response) => {
      const count = Number(path.slice(1))
      if (count === LIMITS.egressRedirects) response.end('there')
      else response.writeHead(302, { location: `/${count + 1}` }).end()
    }
    expect(outcomeOf(await request({ url: `https://${API}/0` }, endpoint()))).toBe('200 there')
  })
})

describe('an end from outside', () => {
  test('cancels the request', async () => {
    upstream.answer = () => calling.abort()
    const calling = new AbortController()
    const answer = await upstream.egress().request(guestRequest({}), upstream.context(endpoint()), calling.signal)
    expect(outcomeOf(answer)).toBe('CANCELLED')
    expect(upstream.uses).toMatchObject([{ outcome: 'failed', reason: 'CANCELLED' }])
    expect(upstream.timing.pending).toBe(0)
  })

  test('before it begins sends nothing', async () => {
    const answer = await upstream.egress().request(guestRequest({}), upstream.context(endpoint()), AbortSignal.abort())
    expect(outcomeOf(answer)).toBe('CANCELLED')
    expect(upstream.connected).toEqual([])
  })

  test.each(['the name server', 'the vault'])('does not wait for %s', async (part) => {
    const calling = new AbortController()
    const stall = () => {
      calling.abort()
      return new Promise<never>(() => {})
    }
    const egress = upstream.egress(part === 'the vault' ? { secrets: { secret: stall } } : { resolve: stall })
    expect(outcomeOf(await egress.request(guestRequest({}), upstream.context(WITH_SECRET), calling.signal))).toBe(
      'CANCELLED',
    )
  })
})

test('a service of this machine that the operator excepted is reached by its name, over http and with its secret', async () => {
  const headers: unknown[] = []
  const inside = createHttpServer((incoming, response) => {
    headers.push(incoming.headers['x-api-key'])
    response.end('inside')
  }).listen(0, '127.0.0.1')
  await once(inside, 'listening')
  const { port } = inside.address() as AddressInfo
  const { timing, secrets } = upstream
  const secret = async (name: string) => secrets.get(name) ?? ''
  const privateHosts = [`localhost:${port}`]
  const egress = new HttpEgress({ timing, secrets: { secret }, report: () => {}, privateHosts })
  const local = { ...WITH_SECRET, host: 'localhost', port, scheme: 'http' as const }
  const url = `http://localhost:${port}/`
  expect(outcomeOf(await egress.request(guestRequest({ url }), upstream.context(local), never))).toBe('200 inside')
  expect(headers).toEqual([SECRET])
  inside.close()
})

test('a fault of ours is an answer, and is reported', async () => {
  const context = { ...upstream.context(endpoint()), rights: () => JSON.parse('{') }
  const answer = await upstream.egress().request(guestRequest({}), context, never)
  expect(outcomeOf(answer)).toBe('INTERNAL')
  expect(upstream.faults).toHaveLength(1)
  expect(JSON.stringify(answer)).not.toContain('JSON')
})
