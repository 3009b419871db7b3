import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exportLog } from '../../../src/witness/verify/export.js'
import { httpSource, logUrl } from '../../../src/witness/verify/http-source.js'
import { entriesOf, outcome, Place, signer } from './logs.js'

/** An answer that never comes. */
const HANG = -1

let place: Place
let server: Server
let url: string
/** What the server answers instead of the file; undefined for the file. */
let answer: (request: IncomingMessage) => number | string | { status: number; body: string } | undefined
let requests: IncomingMessage[]

beforeEach(async () => {
  place = await Place.open()
  answer = () => undefined
  requests = []
  server = createServer(async (request, reply) => {
    requests.push(request)
    const path = join(place.path('log'), request.url ?? '')
    const instead = answer(request)
    if (instead === HANG) return
    if (typeof instead === 'number') reply.writeHead(instead).end()
    else if (typeof instead === 'string') reply.end(instead)
    else if (instead !== undefined) reply.writeHead(instead.status).end(instead.body)
    else if (await stat(path).catch(() => undefined)) createReadStream(path).pipe(reply)
    else reply.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await place[Symbol.asyncDispose]()
})

const open = (options: { token?: string; path?: string } = {}) =>
  httpSource({ url: `${url}${options.path ?? ''}`, token: options.token, pauseMs: 0 })

describe('a log over HTTP', () => {
  beforeEach(async () => {
    await place.export({ entries: entriesOf(600) })
  })

  test('is verified and exported as one in a directory', async () => {
    expect(outcome(await place.verify({ source: open({ path: '/' }) }))).toMatchObject({
      integrity: 'ok intact',
      signature: 'ok signed',
    })
    expect(await exportLog(open(), place.path('copy'))).toMatchObject({ size: 600, fetched: 600 })
    expect(await open().vkey()).toBe(signer.vkey)
    expect(requests.every(({ headers }) => headers.authorization === undefined)).toBe(true)
  })

  test('gets the token with every request', async () => {
    await place.verify({ source: open({ token: 'secret' }) })
    expect(requests.length).toBeGreaterThan(6)
    expect(requests.every(({ headers }) => headers.authorization === 'Bearer secret')).toBe(true)
  })

  test('that lacks a bundle fails its integrity', async () => {
    answer = ({ url: path }) => (path === '/tile/entries/001' ? 404 : undefined)
    const { integrity } = (await place.verify({ source: open() })).verdicts
    expect(integrity).toMatchObject({ code: 'entries_missing', details: { path: 'tile/entries/001' } })
  })

  test('that gives far more than a tile fails its integrity', async () => {
    answer = ({ url: path }) => (path === '/tile/0/001' ? 'x'.repeat(100_000) : undefined)
    const { integrity } = (await place.verify({ source: open() })).verdicts
    expect(integrity).toMatchObject({ code: 'tile_damaged', details: { path: 'tile/0/001' } })
    expect(integrity.message).toContain('more than 8192 bytes')
  })

  test.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'FORBIDDEN'],
    [429, 'RATE_LIMITED'],
    [500, 'UNAVAILABLE'],
    [418, 'NOT_FOUND'],
  ])('whose entries are answered with HTTP %i cannot be judged', async (status, code) => {
    answer = ({ url: path }) => (path?.startsWith('/tile/entries/') ? status : undefined)
    await expect(place.verify({ source: open() })).rejects.toMatchObject({ code })
  })

  test('that says itself that a tile of it is damaged fails its integrity', async () => {
    answer = ({ url: path }) =>
      path === '/tile/0/001'
        ? { status: 500, body: '{"code":"DATA_CORRUPT","detail":"it fails its check"}' }
        : undefined
    const { integrity } = (await place.verify({ source: open() })).verdicts
    expect(integrity).toMatchObject({ code: 'tile_damaged', message: expect.stringContaining('it fails its check') })
  })

  test('is asked again after a failure that may pass', async () => {
    let failures = 2
    answer = ({ url: path }) => {
      if (path !== '/tile/entries/000' || failures === 0) return undefined
      failures -= 1
      return 503
    }
    expect(outcome(await place.verify({ source: open() }))).toMatchObject({ integrity: 'ok intact' })
  })

  test('leaves no request open when it is closed', async () => {
    const asked = new Promise<void>((resolve) => {
      answer = () => {
        resolve()
        return HANG
      }
    })
    const source = open()
    const reading = source.bundle(0, 256)
    await asked
    await source.close()
    await expect(reading).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(requests).toHaveLength(1)
  })

  test('is not taken elsewhere with a token', async () => {
    const away = createServer((_, reply) => reply.writeHead(302, { location: `${url}/checkpoint` }).end())
    await new Promise<void>((resolve) => away.listen(0, '127.0.0.1', resolve))
    const elsewhere = `http://127.0.0.1:${(away.address() as AddressInfo).port}`
    await expect(httpSource({ url: elsewhere, token: 'secret', pauseMs: 0 }).checkpoint()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    expect(requests).toEqual([])
    await httpSource({ url: elsewhere, pauseMs: 0 }).checkpoint()
    expect(requests).toHaveLength(1)
    away.closeAllConnections()
    await new Promise((resolve) => away.close(resolve))
  })
})

test('a server that has no checkpoint is no log, and neither is one that is not there', async () => {
  await expect(open().checkpoint()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  answer = () => '<html>Welcome</html>'
  expect(outcome(await place.verify({ source: open() }))).toMatchObject({
    integrity: 'failed checkpoint_damaged',
    signature: 'failed checkpoint_damaged',
  })
  const gone = httpSource({ url: 'http://127.0.0.1:1', pauseMs: 0 })
  await expect(gone.checkpoint()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test.each(['ftp://log.example', 'log.example', 'http://user:pass@log.example', 'http://log.example/?a=b', 'http://'])(
  '%s is not the URL of a log',
  (text) => {
    expect(logUrl(text)).toBeUndefined()
    expect(() => httpSource({ url: text })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  },
)
