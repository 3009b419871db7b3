import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRequest } from '../../../src/chassis/egress/read-request.js'
import { EgressRefusal } from '../../../src/chassis/egress/refusal.js'
import { LIMITS } from '../../../src/model/limits.js'
import { guestRequest } from '../support/upstream.js'

const URL = 'https://api.example.com/'
const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const read = (value: unknown) => readRequest(json(value))
const refusal = (code: string) => expect.objectContaining({ code })
const headersOf = (headers: Record<string, string>) => [...readRequest(guestRequest({ headers })).headers]

describe('a request', () => {
  test('has a method, a URL, headers and a body', () => {
    const body = Buffer.from([0, 255]).toString('base64')
    expect(read({ method: 'POST', url: URL, headers: { Accept: 'text/plain' }, body })).toEqual({
      method: 'POST',
      target: { scheme: 'https', host: 'api.example.com', port: 443, path: '/', query: '' },
      headers: new Map([['accept', 'text/plain']]),
      body: Buffer.from([0, 255]),
    })
  })

  test('may have nothing but a method and a URL', () => {
    expect(read({ method: 'GET', url: URL })).toMatchObject({ method: 'GET', headers: new Map() })
  })

  test.each([
    ['no JSON', Buffer.from('{')],
    ['nothing', Buffer.from('')],
    ['no UTF-8', Buffer.concat([Buffer.from('{"method":"GET","url":"'), Buffer.of(0xff), Buffer.from('"}')])],
    ['a list', json([])],
    ['null', json(null)],
    ['a text', json('GET')],
    ['no method', json({ url: URL })],
    ['no URL', json({ method: 'GET' })],
    ['a method in small letters', json({ method: 'get', url: URL })],
    ['CONNECT', json({ method: 'CONNECT', url: URL })],
    ['TRACE', json({ method: 'TRACE', url: URL })],
    ['a method with a line', json({ method: 'GET / HTTP/1.1\r\nHost: evil\r\n\r\nGET', url: URL })],
    ['another field', json({ method: 'GET', url: URL, host: 'evil.example' })],
    ['a field that JavaScript has', Buffer.from(`{"method":"GET","url":"${URL}","constructor":1}`)],
    ['a list of headers', json({ method: 'GET', url: URL, headers: [['a', 'b']] })],
    ['a header that is a number', json({ method: 'GET', url: URL, headers: { a: 1 } })],
    ['a body that is no base64', json({ method: 'POST', url: URL, body: 'text!' })],
    ['a body in base64 without padding', json({ method: 'POST', url: URL, body: 'YQ' })],
    ['a body with GET', json({ method: 'GET', url: URL, body: 'YQ==' })],
    ['a body with HEAD', json({ method: 'HEAD', url: URL, body: 'YQ==' })],
  ])('with %s is malformed', (_, bytes) => {
    expect(() => readRequest(bytes)).toThrow(refusal('INVALID_REQUEST'))
  })

  test('has a bounded size', () => {
    expect(() => readRequest(Buffer.alloc(LIMITS.egressRequestBytes + 1))).toThrow(refusal('TOO_LARGE'))
    const body = 'x'.repeat(LIMITS.egressBodyBytes)
    expect(readRequest(guestRequest({ method: 'POST', body })).body).toHaveLength(LIMITS.egressBodyBytes)
    expect(() => readRequest(guestRequest({ method: 'POST', body: `${body}x` }))).toThrow(refusal('TOO_LARGE'))
  })

  test('has a bounded number of parts, which is no bound for its body, its URL and its headers', () => {
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`x${at}`, '']))
    for (const parts of [{ headers: many }, many, { headers: Array.from({ length: 100_000 }) }]) {
      expect(() => read({ method: 'GET', url: URL, ...parts })).toThrow(refusal('TOO_LARGE'))
    }
    expect(() => readRequest(Buffer.from('['.repeat(1_000_000)))).toThrow(refusal('TOO_LARGE'))
    expect(() => readRequest(Buffer.from('['.repeat(20_000)))).toThrow(refusal('INVALID_REQUEST'))
    const url = URL + ','.repeat(LIMITS.egressUrlChars - URL.length)
    const headers = { 'x-a': ','.repeat(LIMITS.egressHeaderBytes - 3) }
    expect(readRequest(guestRequest({ method: 'POST', url, headers, body: ',[{'.repeat(100_000) }))).toMatchObject({
      method: 'POST',
    })
  })

  test('of any bytes is read or refused, and a refusal repeats none of it', () => {
    const anything = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .record({ method: fc.string(), url: fc.string(), headers: fc.dictionary(fc.string(), fc.string()) })
        .map((value) => json(value)),
    )
    fc.assert(
      fc.property(anything, (bytes) => {
        expect(() => readRequest(bytes)).toThrow(EgressRefusal)
      }),
    )
    const evil = { method: 'GET', url: URL, '\u001b[31m<script>': 1 }
    expect(() => read(evil)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('script') }))
  })
})

describe('headers', () => {
  test('are sent in lower case', () => {
    expect(headersOf({ Accept: 'a', 'X-Two': ' b\t' })).toEqual([
      ['accept', 'a'],
      ['x-two', 'b'],
    ])
  })

  test.each([
    'Authorization',
    'PROXY-AUTHORIZATION',
    'Proxy-Connection',
    'Proxy',
    'Host',
    'Connection',
    'Keep-Alive',
    'Transfer-Encoding',
    'Content-Length',
    'TE',
    'Trailer',
    'Upgrade',
    'Expect',
    'Cookie',
    'Accept-Encoding',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'Forwarded',
    'Via',
    'X-Real-IP',
    'X-HTTP-Method-Override',
    'X-Original-URL',
    'X-Rewrite-URL',
    'Content_Length',
    'X_Forwarded_For',
    'X.HTTP.Method.Override',
    "X'Original~URL",
    'Range',
    'If-Range',
    'A-IM',
    'Accept-Charset',
    'X-Original-Host',
    'X-Host',
    'X-Forwarded',
    'Forwarded-For',
    'CF-Connecting-IP',
    'X-Remote-User',
  ])('%s is taken out', (name) => {
    expect(headersOf({ [name]: '1', 'x-kept': '2' })).toEqual([['x-kept', '2']])
  })

  test.each([
    ['a line in a value', { 'x-a': 'b\r\nx-evil: 1' }],
    ['a line feed in a value', { 'x-a': 'b\nx-evil: 1' }],
    ['a zero in a value', { 'x-a': 'b\0' }],
    ['an escape in a value', { 'x-a': '\u001b[31m' }],
    ['a letter that Latin-1 would make a line of', { 'x-a': 'b\u560d\u560ax-evil: 1' }],
    ['an umlaut in a value', { 'x-a': 'ü' }],
    ['a line in a name', { 'x-a\r\nx-evil': '1' }],
    ['a colon in a name', { 'x-a: b': '1' }],
    ['a space in a name', { 'x-a ': '1' }],
    ['no name', { '': '1' }],
    ['a letter in a name that is lowered to ASCII', { '\u212aeep-alive': '1' }],
    ['a line in one that is taken out', { authorization: 'a\r\nb: c' }],
    ['one twice', { 'x-a': '1', 'X-A': '2' }],
  ])('with %s are malformed', (_, headers) => {
    expect(() => headersOf(headers as unknown as Record<string, string>)).toThrow(refusal('INVALID_REQUEST'))
  })

  test('are bounded in number and size', () => {
    const many = Array.from({ length: LIMITS.egressHeaders + 1 }, (_, at) => [`x-${at}`, ''] as const)
    expect(headersOf(Object.fromEntries(many.slice(1)))).toHaveLength(LIMITS.egressHeaders)
    expect(() => headersOf(Object.fromEntries(many))).toThrow(refusal('TOO_LARGE'))
    expect(() => headersOf({ 'x-a': 'a'.repeat(LIMITS.egressHeaderBytes) })).toThrow(refusal('TOO_LARGE'))
  })
})
