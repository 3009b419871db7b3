import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rawBytes } from '../support/raw-http.js'
import { type ServedFabric, serveFabric, TOKEN } from '../support/served-fabric.js'

let served: ServedFabric
beforeAll(async () => {
  served = await serveFabric()
  await served.client.task.create({ id: 'T1', title: 'A secret plan' })
})
afterAll(async () => {
  expect(served.faults).toEqual([])
  await served[Symbol.asyncDispose]()
})

/** One request, byte for byte as written; the connection ends with it. */
function ask(line: string, headers: readonly string[] = [], body = ''): Promise<string> {
  const length = body === '' ? [] : ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`]
  const head = [`${line} HTTP/1.1`, 'host: localhost', 'connection: close', ...headers, ...length]
  return rawBytes(served.server.url, `${head.join('\r\n')}\r\n\r\n${body}`)
}

const AUTHORIZED = [`authorization: Bearer ${TOKEN}`]

describe('without a token', () => {
  test.each([
    '/tile/entries/000.p/1',
    'http://localhost/tile/entries/000.p/1',
    'http://evil.example/tile/entries/000.p/1',
    '/tile/%65ntries/000.p/1',
    '/tile//entries/000.p/1',
    '/tile/../tile/entries/000.p/1',
    '/tile/entries%2f000.p/1',
    '/tile/0/../entries/000.p/1',
    '/checkpoint/../v1/status',
    '/docs/../v1/status',
    '/healthz;/v1/status',
    '/v1/status?/healthz',
    '/v1/status#/healthz',
    'http://localhost/v1/status',
  ])('%s opens nothing', async (path) => {
    const answer = await ask(`GET ${path}`)
    expect(answer).toMatch(/^HTTP\/1\.1 40[014] /)
    expect(answer).not.toContain('secret plan')
  })

  test.each(['HEAD', 'POST', 'OPTIONS', 'TRACE', 'PROPFIND'])('%s is no way round', async (method) => {
    expect(await ask(`${method} /v1/status`)).toMatch(/^HTTP\/1\.1 401 /)
  })

  test('the description says nothing of what is in the fabric', async () => {
    const answers = [await ask('GET /openapi.json'), await ask('GET /docs')]
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      expect(answer).not.toMatch(/secret plan|token-of-the-tests/)
    }
  })
})

describe('requests that two readers could understand differently', () => {
  test.each([
    ['two hosts, the first foreign', ['host: evil.example']],
    ['two tokens, the first wrong', ['authorization: Bearer x', ...AUTHORIZED]],
    ['a token in another scheme', [`authorization: Basic ${TOKEN}`]],
  ])('with %s are refused', async (_, headers) => {
    const hosts = headers[0]?.startsWith('host')
      ? `${headers[0]}\r\nhost: localhost`
      : `host: localhost\r\n${headers.join('\r\n')}`
    const answer = await rawBytes(
      served.server.url,
      `GET /v1/status HTTP/1.1\r\n${hosts}\r\n${AUTHORIZED[0]}\r\nconnection: close\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 40[13] /)
  })

  test('do not carry a second request with them', async () => {
    const inner = `POST /v1/tasks HTTP/1.1\r\nhost: localhost\r\n${AUTHORIZED[0]}\r\ncontent-length: 0\r\n\r\n`
    for (const headers of [
      ['content-length: 0', 'transfer-encoding: chunked'],
      ['content-length: 1', 'content-length: 2'],
      ['transfer-encoding: chunked, identity'],
    ]) {
      const answer = await rawBytes(
        served.server.url,
        `POST /v1/tasks HTTP/1.1\r\nhost: localhost\r\n${[...AUTHORIZED, ...headers].join('\r\n')}\r\n\r\n${inner}`,
      )
      expect(answer).toMatch(/^HTTP\/1\.1 400 /)
      expect(answer.match(/^HTTP\/1\.1 \d/gm)).toHaveLength(1)
    }
  })
})

describe('ten megabytes', () => {
  const LARGE = 'x'.repeat(10 * 1024 * 1024)

  test.each([
    ['of a field', JSON.stringify({ id: 'T2', title: 'x', description: LARGE })],
    ['of blanks', LARGE.replaceAll('x', ' ')],
  ])('%s are not read', async (_, body) => {
    const answer = await post('/v1/tasks', body).catch(({ cause }) => cause)
    // The server answers and hangs up while the rest is still on its way; either may arrive first.
    if (answer instanceof Error)
      expect(answer).toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE|SOCKET/) })
    else expect([answer.status, JSON.parse(answer.text).code]).toEqual([413, 'INVALID_ARGUMENT'])
  })

  test.each([
    ['of a field', { board: 'b', tasks: [{ spec: { id: 'T2', title: LARGE } }] }],
    [
      'of small fields',
      Object.fromEntries(Array.from({ length: 200_000 }, (_, key) => [`a-field-with-a-long-name-${key}`, 0])),
    ],
    ['of a list', { tasks: Array(2_000_000).fill('T1') }],
  ])('%s are refused in few words where so much may come', async (_, body) => {
    const { status, text } = await post('/v1/boards/b/import', JSON.stringify(body))
    expect(status).toBe(400)
    expect(text.length).toBeLessThan(4_000)
  })

  async function post(path: string, body: string): Promise<{ status: number; text: string }> {
    const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
    const answer = await served.request(path, { method: 'POST', body, headers })
    return { status: answer.status, text: await answer.text() }
  }
})
