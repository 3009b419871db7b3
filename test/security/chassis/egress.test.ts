import { once } from 'node:events'
import { type AddressInfo, createServer, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CredentialEndpoint } from '../../../src/chassis/credential/credential.js'
import type { EgressAnswer, EgressContext } from '../../../src/chassis/egress/egress.js'
import type { EgressOptions } from '../../../src/chassis/egress/http-egress.js'
import { LIMITS } from '../../../src/model/limits.js'
import { privateHost, privateV4 } from '../../chassis/support/addresses.js'
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
} from '../../chassis/support/upstream.js'

let upstream: Upstream
beforeEach(async () => {
  upstream = await Upstream.open()
})
afterEach(async () => {
  expect(upstream.faults).toEqual([])
  expect(upstream.timing.pending).toBe(0)
  await upstream[Symbol.asyncDispose]()
})

interface Given extends GuestRequest {
  readonly options?: Partial<EgressOptions>
  readonly context?: Partial<EgressContext>
}

function send(
  { options, context, ...request }: Given,
  ...endpoints: readonly CredentialEndpoint[]
): Promise<EgressAnswer> {
  const whole = { ...upstream.context(...endpoints), ...context }
  return upstream.egress(options).request(guestRequest(request), whole, never)
}

/** An endpoint as no contract could have it, for what must hold even then. */
function anywhere(url: string): CredentialEndpoint {
  const { hostname, port, protocol } = new URL(url)
  const scheme = protocol === 'http:' ? 'http' : 'https'
  return endpoint({ host: hostname, scheme, port: Number(port || (scheme === 'http' ? 80 : 443)) })
}

describe('an address in the URL', () => {
  test.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://127.0.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.1/',
    'http://017700000001/',
    'http://0177.0.0.01/',
    'http://127.0.0.1./',
    'http://%31%32%37.0.0.1/',
    'http://１２７.0.0.1/',
    'http://127。0。0。1/',
    'http://0/',
    'http://0.0.0.0:8080/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::127.0.0.1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[0:0:0:0:0:ffff:127.0.0.1]/',
    'http://[64:ff9b::127.0.0.1]/',
    'http://[2002:7f00:1::]/',
    'http://[2001:0:7f00:1::1]/',
    'http://[fe80::1]/',
    'http://[fd00:ec2::254]/latest/meta-data/',
    'http://169.254.169.254/latest/meta-data/',
    'http://0xa9fea9fe/latest/meta-data/',
    'http://2852039166/latest/meta-data/',
    'http://169.254.43518/latest/meta-data/',
    'http://[::ffff:a9fe:a9fe]/latest/meta-data/',
    'https://10.0.0.1/',
    'https://8.8.8.8/',
  ])('%s leads nowhere, even if it were allowed', async (url) => {
    expect(outcomeOf(await send({ url }))).toBe('NOT_ALLOWED')
    expect(outcomeOf(await send({ url }, anywhere(url)))).toBe('ADDRESS_REFUSED')
    expect(upstream.connected).toEqual([])
    expect(upstream.uses.map(({ outcome }) => outcome)).toEqual(['refused', 'refused'])
  })

  test('leads nowhere in any spelling of any address inside', async () => {
    await fc.assert(
      fc.asyncProperty(privateHost, fc.constantFrom('http', 'https'), async (host, scheme) => {
        const answer = await send({ url: `${scheme}://${host}/` }, anywhere(`${scheme}://${host}/`))
        expect(['ADDRESS_REFUSED', 'INVALID_REQUEST']).toContain(outcomeOf(answer))
      }),
    )
    expect(upstream.connected).toEqual([])
  })

  test.each([
    `https://${API}@169.254.169.254/`,
    `https://169.254.169.254#@${API}/`,
    `https://169.254.169.254?@${API}/`,
    `https://169.254.169.254\\@${API}/`,
    `https://${API}\\@169.254.169.254/`,
    `https://${API}:443@169.254.169.254/`,
    `https://${API}%00.169.254.169.254/`,
    `https://${API}%2f@169.254.169.254/`,
    `https://${API}.169.254.169.254.nip.io/`,
    `https://${API}\t.evil.example/`,
    `https:/${API}/`,
    `gopher://${API}/`,
    `file://${API}/etc/passwd`,
  ])('%j does not pass for a host that is allowed', async (url) => {
    expect(['NOT_ALLOWED', 'ADDRESS_REFUSED', 'INVALID_REQUEST']).toContain(outcomeOf(await send({ url }, WITH_SECRET)))
    expect(upstream.connected).toEqual([])
  })
})

describe('a name that is allowed', () => {
  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '198.18.0.1',
    '192.0.2.1',
    '::1',
    '::',
    '::ffff:10.0.0.1',
    '::10.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '2002:a00:1::',
    '2001:0:a00:1::',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    'ff02::1',
  ])('leads nowhere when its address is %s, alone or beside a good one', async (address) => {
    for (const addresses of [[address], [PUBLIC_ADDRESS, address], [address, PUBLIC_ADDRESS]]) {
      upstream.names.set(API, addresses)
      const answer = await send({}, WITH_SECRET)
      expect(outcomeOf(answer)).toBe('ADDRESS_REFUSED')
      expect(JSON.stringify(answer)).not.toContain(address)
    }
    expect(upstream.connected).toEqual([])
    expect(upstream.uses[0]).toEqual({
      credential: 'c-1',
      host: API,
      port: 443,
      method: 'GET',
      outcome: 'refused',
      reason: 'ADDRESS_REFUSED',
    })
  })

  test('leads nowhere when one of many addresses is inside', async () => {
    await fc.assert(
      fc.asyncProperty(privateV4, fc.nat(9), async (inside, at) => {
        const addresses: string[] = Array.from({ length: 10 }, () => PUBLIC_ADDRESS)
        addresses[at] = inside.join('.')
        upstream.names.set(API, addresses)
        expect(outcomeOf(await send({}, endpoint()))).toBe('ADDRESS_REFUSED')
      }),
      { numRuns: 30 },
    )
  })

  test('does not lead to this machine by an address that others reach it at', async () => {
    const options = { ownAddresses: () => ['::1', PUBLIC_ADDRESS] }
    expect(outcomeOf(await send({ options }, endpoint()))).toBe('ADDRESS_REFUSED')
  })

  test('does not lead inside because it is called localhost, or has no address', async () => {
    upstream.names.set('localhost', ['127.0.0.1', '::1'])
    upstream.names.set(API, [])
    expect(outcomeOf(await send({ url: 'http://localhost/' }, anywhere('http://localhost/')))).toBe('ADDRESS_REFUSED')
    expect(outcomeOf(await send({}, endpoint()))).toBe('ADDRESS_REFUSED')
    expect(upstream.connected).toEqual([])
  })

  test('leads inside where the operator excepted it, and never to a metadata service', async () => {
    const options = { privateHosts: [`${API}:443`] }
    upstream.names.set(API, ['10.0.0.5'])
    expect(outcomeOf(await send({ options }, endpoint()))).toBe('200 ok')
    const otherPort = `https://${API}:8443/`
    expect(outcomeOf(await send({ options, url: otherPort }, anywhere(otherPort)))).toBe('ADDRESS_REFUSED')
    for (const address of ['169.254.169.254', '100.100.100.200', 'fd00:ec2::254', '0.0.0.0']) {
      upstream.names.set(API, [address])
      expect(outcomeOf(await send({ options }, endpoint()))).toBe('ADDRESS_REFUSED')
    }
    expect(upstream.connected).toEqual(['10.0.0.5'])
  })

  test('is not asked for again once its addresses are vetted (rebinding)', async () => {
    const answers = [[PUBLIC_ADDRESS], ['127.0.0.1'], ['169.254.169.254']]
    upstream.names.set(API, () => answers.shift() ?? [])
    expect(outcomeOf(await send({}, endpoint()))).toBe('200 ok')
    expect(upstream.connected).toEqual([PUBLIC_ADDRESS])
    expect(answers).toHaveLength(2)
    expect(outcomeOf(await send({}, endpoint()))).toBe('ADDRESS_REFUSED')
  })

  test('is not asked for at all where it is not allowed', async () => {
    let asked = 0
    upstream.names.set('tell.evil.example', () => {
      asked += 1
      return [PUBLIC_ADDRESS]
    })
    expect(outcomeOf(await send({ url: 'https://tell.evil.example/' }, endpoint()))).toBe('NOT_ALLOWED')
    expect(asked).toBe(0)
  })
})

describe('a redirect', () => {
  const redirectTo = (location: string, status = 302) => {
    upstream.answer = ({ headers, path }, response) => {
      if (headers.host === API && path === '/') response.writeHead(status, { location }).end()
      else response.end('there')
    }
  }

  test.each([
    ['http://169.254.169.254/latest/', 'NOT_ALLOWED'],
    ['https://169.254.169.254/latest/', 'NOT_ALLOWED'],
    ['https://2852039166/latest/', 'NOT_ALLOWED'],
    ['https://[::1]/', 'NOT_ALLOWED'],
    ['//127.0.0.1/', 'NOT_ALLOWED'],
    ['https://evil.example/', 'NOT_ALLOWED'],
    [`https://${API}:8443/`, 'NOT_ALLOWED'],
    ['/admin', 'NOT_ALLOWED'],
    ['/open/../admin', 'NOT_ALLOWED'],
    ['/open/%2e%2e/admin', 'BAD_RESPONSE'],
    ['/open/..%2fadmin', 'BAD_RESPONSE'],
    ['/\\169.254.169.254/', 'BAD_RESPONSE'],
    [`https://${API}@169.254.169.254/`, 'BAD_RESPONSE'],
    ['file:///etc/passwd', 'BAD_RESPONSE'],
    ['gopher://127.0.0.1:6379/_FLUSHALL', 'BAD_RESPONSE'],
    ['https://', 'BAD_RESPONSE'],
  ])('to %s is not followed', async (location, code) => {
    upstream.answer = ({ path }, response) => {
      if (path === '/open') response.writeHead(302, { location }).end()
      else response.end('there')
    }
    const answer = await send({ url: `https://${API}/open` }, endpoint({ paths: ['/open'] }))
    expect(outcomeOf(answer)).toBe(code)
    expect(upstream.requests).toHaveLength(1)
    expect(upstream.connected).toEqual([PUBLIC_ADDRESS])
  })

  test('to a name that leads inside is not followed', async () => {
    redirectTo(`https://${OTHER}/`)
    upstream.names.set(OTHER, ['10.0.0.1'])
    expect(outcomeOf(await send({}, endpoint(), endpoint({ host: OTHER })))).toBe('ADDRESS_REFUSED')
    expect(upstream.connected).toEqual([PUBLIC_ADDRESS])
  })

  test('to the same name is vetted anew (rebinding)', async () => {
    const answers = [[PUBLIC_ADDRESS], ['127.0.0.1']]
    upstream.names.set(API, () => answers.shift() ?? [])
    redirectTo('/next')
    expect(outcomeOf(await send({}, endpoint()))).toBe('ADDRESS_REFUSED')
    expect(upstream.connected).toEqual([PUBLIC_ADDRESS])
  })

  test.each([301, 302, 303, 307, 308])('%i carries no secret to another host', async (status) => {
    redirectTo(`https://${OTHER}/`, status)
    expect(outcomeOf(await send({}, WITH_SECRET, endpoint({ host: OTHER })))).toBe('200 there')
    const [first, second] = upstream.requests
    expect(first?.headers['x-api-key']).toBe(SECRET)
    expect(second?.headers.host).toBe(OTHER)
    expect(JSON.stringify(second)).not.toContain('q7R')
    expect(upstream.uses.map(({ credential }) => credential)).toEqual(['c-1', 'c-2'])
  })

  test('to another host gets the secret of that host only', async () => {
    upstream.secrets.set('other-key', 'other-secret-value')
    redirectTo(`https://${OTHER}/`)
    const other = endpoint({ host: OTHER, inject: { name: 'other-key', header: 'authorization', prefix: 'Bearer ' } })
    await send({}, WITH_SECRET, other)
    expect(upstream.requests[1]?.headers).toMatchObject({ authorization: 'Bearer other-secret-value' })
    expect(upstream.requests[1]?.headers).not.toHaveProperty('x-api-key')
  })

  test.each([
    ['in its query', `https://${OTHER}/?key=${encodeURIComponent(SECRET)}`],
    ['in its path', `https://${OTHER}/${encodeURIComponent(SECRET)}`],
    ['in base64', `https://${OTHER}/?key=${Buffer.from(`key:${SECRET}`).toString('base64url')}`],
    ['on the same host', `/?key=${encodeURIComponent(SECRET)}`],
  ])('with the secret %s is not followed', async (_, location) => {
    redirectTo(location)
    const answer = await send({}, WITH_SECRET, endpoint({ host: OTHER }))
    expect(outcomeOf(answer)).toBe('BAD_RESPONSE')
    expect(upstream.requests).toHaveLength(1)
  })

  test('from https to http is not followed, even where both are allowed', async () => {
    redirectTo(`http://${API}/next`)
    expect(outcomeOf(await send({}, endpoint(), endpoint({ scheme: 'http', port: 80 })))).toBe('NOT_ALLOWED')
    expect(upstream.requests).toHaveLength(1)
  })

  test('in a circle ends', async () => {
    upstream.answer = (_, response) => response.writeHead(302, { location: '/' }).end()
    expect(outcomeOf(await send({}, endpoint()))).toBe('TOO_MANY_REDIRECTS')
    expect(upstream.requests).toHaveLength(LIMITS.egressRedirects + 1)
  })

  test('is not followed under a credential that ended in between', async () => {
    redirectTo('/next')
    const rights = [{ credential: 'c-1', endpoint: WITH_SECRET }]
    const answerFirst = upstream.answer
    upstream.answer = (request, response) => {
      rights.length = 0
      answerFirst(request, response)
    }
    expect(outcomeOf(await send({ context: { rights: () => rights } }, WITH_SECRET))).toBe('NOT_ALLOWED')
    expect(upstream.requests).toHaveLength(1)
  })
})

describe('a credential', () => {
  test('that ended while the host or the secret was looked up sends nothing', async () => {
    const rights = [{ credential: 'c-1', endpoint: WITH_SECRET }]
    const secrets = {
      secret: async () => {
        rights.length = 0
        return SECRET
      },
    }
    const answer = await send({ options: { secrets }, context: { rights: () => rights } }, WITH_SECRET)
    expect(outcomeOf(answer)).toBe('NOT_ALLOWED')
    expect(upstream.requests).toEqual([])
    expect(upstream.uses).toMatchObject([{ credential: 'c-1', outcome: 'refused', reason: 'NOT_ALLOWED' }])
  })

  test('sends its secret over no connection that others can read', async () => {
    const open = { ...WITH_SECRET, scheme: 'http' as const, port: 80 }
    expect(outcomeOf(await send({ url: `http://${API}/` }, open))).toBe('NOT_ALLOWED')
    expect(upstream.connected).toEqual([])
  })

  test('sends its secret over http to no service inside either', async () => {
    upstream.names.set(API, ['10.0.0.5'])
    const open = { ...WITH_SECRET, scheme: 'http' as const, port: 80 }
    const options = { privateHosts: [`${API}:80`] }
    expect(outcomeOf(await send({ url: `http://${API}/`, options }, open))).toBe('NOT_ALLOWED')
    expect(upstream.connected).toEqual([])
  })

  test.each([
    ['is of another name', 'evil.test', {}],
    ['nobody trusts', API, { ca: undefined }],
  ])('sends nothing to a server whose certificate %s', async (_, name, changes) => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const allowed = { ...WITH_SECRET, host: name }
      const answer = await send({ url: `https://${name}/`, options: changes as Partial<EgressOptions> }, allowed)
      expect(outcomeOf(answer)).toBe('UNREACHABLE')
      expect(upstream.connected).toHaveLength(1)
      expect(upstream.requests).toEqual([])
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    }
  })
})

describe('header injection', () => {
  test.each([
    ['a value', { 'x-a': 'b\r\nx-evil: 1' }],
    ['a value with a request', { 'x-a': `b\r\n\r\nGET /admin HTTP/1.1\r\nHost: ${API}` }],
    ['a name', { 'x-a: b\r\nx-evil': '1' }],
    ['a bare line feed', { 'x-a': 'b\nx-evil: 1' }],
    ['letters that become lines in Latin-1', { 'x-a': 'b\u010d\u010ax-evil: 1' }],
  ])('by %s is refused', async (_, headers) => {
    const answer = await send({ headers: headers as unknown as Record<string, string> }, endpoint())
    expect(outcomeOf(answer)).toBe('INVALID_REQUEST')
    expect(upstream.connected).toEqual([])
  })

  test('of what is ours is without effect', async () => {
    const headers = {
      Host: 'evil.example',
      Authorization: 'Bearer mine',
      Cookie: 'session=1',
      Connection: 'x-api-key',
      'Transfer-Encoding': 'chunked',
      'Content-Length': '5',
      'Proxy-Authorization': 'Basic bWU6bWU=',
      'X-Forwarded-For': '127.0.0.1',
      'X-HTTP-Method-Override': 'DELETE',
      'Accept-Encoding': 'gzip',
      Range: 'bytes=0-3',
      'x-API-key': 'mine',
      'x_api.key': 'mine',
    }
    await send({ method: 'POST', headers, body: 'hello, world' }, WITH_SECRET)
    expect(upstream.requests).toHaveLength(1)
    expect(upstream.requests[0]?.body).toBe('hello, world')
    expect(upstream.requests[0]?.headers).toEqual({
      host: API,
      'user-agent': 'InfraFabric',
      'x-api-key': SECRET,
      'accept-encoding': 'identity',
      connection: 'close',
      'content-length': '12',
    })
  })
})

describe('a secret that the server repeats', () => {
  const echo = (body: string | readonly string[], headers: Record<string, string | string[]> = {}) => {
    upstream.answer = (_, response) => {
      response.writeHead(201, headers)
      for (const chunk of body) response.write(Buffer.from(chunk, 'latin1'))
      response.end()
    }
  }
  const base64 = Buffer.from(`user:${SECRET}`).toString('base64')

  test.each([
    ['as it is', SECRET],
    ['in JSON', JSON.stringify({ headers: { 'x-api-key': SECRET } })],
    ['in a URL', `https://${API}/?key=${encodeURIComponent(SECRET)}`],
    ['in a form', new URLSearchParams({ key: SECRET }).toString()],
    ['in HTML', SECRET.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')],
    ['in base64', base64],
    ['in a URL in JSON', JSON.stringify({ next: `/?key=${encodeURIComponent(SECRET)}` }).replaceAll('/', '\\/')],
    ['in hexadecimal', Buffer.from(SECRET).toString('hex')],
  ])('%s does not reach the module in one piece, byte by byte, or in a header', async (_, text) => {
    const clean = (answer: EgressAnswer) => {
      const [, body = ''] = /^201 (.*)$/.exec(outcomeOf(answer)) ?? []
      expect(body).toMatch(/^before .*\[redacted\].* after$/)
      expect(body).not.toContain(text)
    }
    echo([`before ${text} after`])
    clean(await send({}, WITH_SECRET))
    echo([...`before ${text} after`])
    clean(await send({}, WITH_SECRET))
    echo('', { 'x-echo': `before ${text}`, location: `/${encodeURI(text)}`, link: ['<a>', text] })
    const answer = await send({}, WITH_SECRET)
    expect(answer).toMatchObject({
      headers: {
        'x-echo': expect.stringMatching(/^before .*\[redacted\]/),
        location: expect.stringContaining('[redacted]'),
        link: expect.stringMatching(/^<a>, .*\[redacted\]/),
      },
    })
  })

  test('across two pieces does not reach the module', async () => {
    for (let at = 1; at < SECRET.length; at += 1) {
      echo([`before ${SECRET.slice(0, at)}`, `${SECRET.slice(at)} after`])
      expect(outcomeOf(await send({}, WITH_SECRET))).toBe('201 before [redacted] after')
    }
  })

  test('in the name of a header, or as a cookie, does not reach the module', async () => {
    upstream.secrets.set('api-key', 'plain-secret-1')
    echo('', { 'x-plain-secret-1': 'yes', 'set-cookie': 'session=abc', 'proxy-authenticate': 'Basic', 'x-kept': 'yes' })
    const answer = await send({}, WITH_SECRET)
    if ('error' in answer) throw new Error(answer.error.message)
    const { date, ...headers } = answer.headers
    expect(headers).toEqual({ 'x-kept': 'yes' })
  })

  test('in the parts that Basic is made of does not reach the module', async () => {
    upstream.secrets.set('api-key', Buffer.from('alice:correct-horse').toString('base64'))
    echo(['{"user":"alice","password":"correct-horse"}'])
    const basic = endpoint({ inject: { name: 'api-key', header: 'authorization', prefix: 'Basic ' } })
    expect(outcomeOf(await send({}, basic))).toBe('201 {"user":"alice","password":"[redacted]"}')
  })

  test('of an earlier hop does not reach the module', async () => {
    upstream.answer = ({ headers }, response) => {
      if (headers.host === API) response.writeHead(302, { location: `https://${OTHER}/` }).end()
      else response.end(`I know ${SECRET}`)
    }
    expect(outcomeOf(await send({}, WITH_SECRET, endpoint({ host: OTHER })))).toBe('200 I know [redacted]')
  })

  test('in what breaks does not reach the module', async () => {
    upstream.answer = (_, response) => void response.socket?.end(`HTTP/1.1 ${SECRET}\r\n\r\n`)
    expect(JSON.stringify(await send({}, WITH_SECRET))).not.toContain('q7R')
    expect(JSON.stringify(upstream.uses)).not.toContain('q7R')
  })

  test('compressed does not reach the module', async () => {
    upstream.answer = (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(SECRET))
    }
    expect(outcomeOf(await send({}, WITH_SECRET))).toBe('BAD_RESPONSE')
  })

  test('cannot be asked for in pieces', async () => {
    upstream.answer = ({ headers }, response) => {
      const text = JSON.stringify({ key: headers['x-api-key'] })
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
      if (from === undefined) response.end(text)
      else response.writeHead(206).end(text.slice(Number(from), Number(to) + 1))
    }
    expect(outcomeOf(await send({ headers: { Range: 'bytes=8-11' } }, WITH_SECRET))).toBe('200 {"key":"[redacted]"}')
  })

  test.each([
    ['a part', 206, { 'content-range': 'bytes 0-3/20' }],
    ['parts', 200, { 'content-type': 'multipart/byteranges; boundary=x' }],
    ['a difference', 226, { im: 'diffe' }],
    ['UTF-16', 200, { 'content-type': 'text/plain; charset=utf-16' }],
    ['UTF-32', 200, { 'content-type': 'text/plain; charset="UTF-32LE"' }],
    ['UTF-7', 200, { 'content-type': "text/html;Charset = 'utf-7'" }],
    ['EBCDIC', 200, { 'content-type': 'text/plain; charset=ibm037' }],
  ])('as %s that nobody asked for does not reach the module', async (_, status, headers) => {
    upstream.answer = (__, response) => response.writeHead(status, headers as Record<string, string>).end('q7R')
    expect(outcomeOf(await send({}, WITH_SECRET))).toBe('BAD_RESPONSE')
    expect(upstream.uses).toMatchObject([{ credential: 'c-1', outcome: 'failed', reason: 'BAD_RESPONSE' }])
    expect(outcomeOf(await send({}, endpoint()))).toBe(`${status} q7R`)
  })

  test.each(['utf-8', 'UTF8', '"iso-8859-1"', 'windows-1252', 'us-ascii'])('may come in %s', async (charset) => {
    echo(`key ${SECRET}`, { 'content-type': `text/plain; charset=${charset}` })
    expect(outcomeOf(await send({}, WITH_SECRET))).toBe('201 key [redacted]')
  })
})

describe('a response', () => {
  const chunkedAs = (coding: string) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n1\r\nx\r\n0\r\n\r\n`
  const raw = (text: string) => {
    upstream.answer = (_, response) => void response.socket?.end(text)
  }

  test('that says it is too large is not read', async () => {
    upstream.answer = (_, response) => {
      response.writeHead(200, { 'content-length': String(LIMITS.egressResponseBytes + 1) }).write('x')
    }
    expect(outcomeOf(await send({}, endpoint()))).toBe('TOO_LARGE')
  })

  test('without end is given up when it is too large', async () => {
    upstream.answer = (_, response) => {
      const fill = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      }
      response.on('drain', fill)
      fill()
    }
    expect(outcomeOf(await send({}, endpoint()))).toBe('TOO_LARGE')
    expect(upstream.uses).toMatchObject([{ outcome: 'failed', reason: 'TOO_LARGE' }])
  })

  test('of the largest size is whole', async () => {
    upstream.answer = (_, response) => response.end(Buffer.alloc(LIMITS.egressResponseBytes, 'x'))
    const answer = await send({}, WITH_SECRET)
    expect('body' in answer && answer.body.every((byte) => byte === 0x78) && answer.body.length).toBe(
      LIMITS.egressResponseBytes,
    )
  })

  test('that is a gzip bomb is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    upstream.answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    expect(outcomeOf(await send({}, endpoint()))).toBe('BAD_RESPONSE')
    expect(upstream.requests[0]?.headers['accept-encoding']).toBe('identity')
  })

  test('that comes byte by byte is given up when the time is over (slowloris)', async () => {
    upstream.answer = (_, response) => {
      response.write('x')
      // Each byte comes in time, and all of them together do not.
      for (let second = 0; second < 30; second += 1) {
        response.write('x')
        upstream.timing.advance(1_000)
      }
    }
    expect(outcomeOf(await send({}, WITH_SECRET))).toBe('TIMEOUT')
    expect(upstream.uses).toMatchObject([{ outcome: 'failed', reason: 'TIMEOUT' }])
  })

  test('that does not begin is given up when the time is over', async () => {
    upstream.answer = () => upstream.timing.advance(LIMITS.egressMs)
    expect(outcomeOf(await send({}, endpoint()))).toBe('TIMEOUT')
  })

  test('has the time of all its redirects together', async () => {
    upstream.answer = (_, response) => {
      upstream.timing.advance(LIMITS.egressMs / 3)
      response.writeHead(302, { location: '/' }).end()
    }
    expect(outcomeOf(await send({}, endpoint()))).toBe('TIMEOUT')
    expect(upstream.requests).toHaveLength(3)
  })

  test.each([
    ['garbage', 'SSH-2.0-OpenSSH_9.2\r\n', 'BAD_RESPONSE'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 'BAD_RESPONSE'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'BAD_RESPONSE',
    ],
    ['a header with a zero', 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\n\r\n', 'BAD_RESPONSE'],
    [
      'another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      'BAD_RESPONSE',
    ],
    ['announcements without end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1_000), 'BAD_RESPONSE'],
    ['a coding for the transfer', chunkedAs('gzip, chunked'), 'BAD_RESPONSE'],
    ['a coding for the transfer in two headers', chunkedAs('gzip\r\nTransfer-Encoding: chunked'), 'BAD_RESPONSE'],
    ['a coding up to its end', chunkedAs('chunked, deflate'), 'BAD_RESPONSE'],
    ['chunks twice', chunkedAs('chunked, chunked'), 'BAD_RESPONSE'],
    ['headers too large', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(LIMITS.egressHeaderBytes)}\r\n\r\n`, 'TOO_LARGE'],
    ['too many headers', `HTTP/1.1 200 OK\r\n${'X-A: a\r\n'.repeat(LIMITS.egressHeaders + 1)}\r\n`, 'TOO_LARGE'],
    ['nothing', '', 'UNREACHABLE'],
    ['half of its body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', 'UNREACHABLE'],
    ['half of a header', 'HTTP/1.1 200 OK\r\nX-A: ', 'UNREACHABLE'],
  ])('with %s is none', async (_, text, code) => {
    raw(text)
    expect(outcomeOf(await send({}, endpoint()))).toBe(code)
  })
})

describe('a host that does not answer', () => {
  test('is given up after a while, for the next of its addresses', async () => {
    upstream.names.set(API, [PUBLIC_ADDRESS, '93.184.216.35'])
    const connect = (address: string) => {
      if (address !== PUBLIC_ADDRESS) return upstream.connect(address)
      setImmediate(() => upstream.timing.advance(LIMITS.egressConnectMs))
      return new Socket()
    }
    expect(outcomeOf(await send({ options: { connect } }, endpoint()))).toBe('200 ok')
  })

  test('is given up when it does not speak TLS', async () => {
    const silent = createServer(() => upstream.timing.advance(LIMITS.egressMs)).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const sockets: Socket[] = []
    const connect = () => {
      const socket = new Socket().connect((silent.address() as AddressInfo).port, '127.0.0.1')
      sockets.push(socket)
      return socket
    }
    expect(outcomeOf(await send({ options: { connect } }, endpoint()))).toBe('TIMEOUT')
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true])
    silent.close()
  })

  test('is tried at a few of its addresses only, of both families', async () => {
    const many = Array.from({ length: 50 }, (_, at) => at)
    upstream.names.set(API, [...many.map((at) => `93.184.216.${at}`), ...many.map((at) => `2606:2800:220:1::${at}`)])
    const tried: string[] = []
    const connect = (address: string) => {
      tried.push(address)
      const socket = new Socket()
      setImmediate(() => socket.destroy())
      return socket
    }
    expect(outcomeOf(await send({ options: { connect } }, endpoint()))).toBe('UNREACHABLE')
    expect(tried).toEqual(['93.184.216.0', '93.184.216.1', '2606:2800:220:1::0', '2606:2800:220:1::1'])
  })
})
