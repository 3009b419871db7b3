import { beforeAll, describe, expect, test } from 'vitest'
import { built, callBaked, callWithText } from '../support/baked.js'

/** One tool with many bodies, so that it is built once: the input says which. */
const TOOL = `
import type { Ifab } from 'infrafabric/tool'

let calls = 0
const loadedAt = Date.now()
const loadedRandom = Math.random()

type Body = (value: any, ifab: Ifab) => unknown
const bodies: Record<string, Body> = {
  echo: (value) => value,
  nothing: () => undefined,
  later: async (value) => { await null; await new Promise<void>((done) => queueMicrotask(done)); return value },
  throws: () => { throw new TypeError('no luck') },
  throwsText: () => { throw 'so' },
  throwsHostile: () => { throw { get name() { throw 1 }, toJSON() { throw 2 }, toString() { throw 3 } } },
  rejects: async () => { await null; throw new RangeError('later') },
  never: () => new Promise(() => undefined),
  thenable: (value) => ({ then: (done: (value: unknown) => void) => done(value) }),
  bigint: () => 1n,
  symbol: () => Symbol('x'),
  circular: () => { const value: Record<string, unknown> = {}; value.self = value; return value },
  logs: (_, { log }) => { log.error('e'); log.warn('w'); log.info('i'); log.debug('d') },
  console: () => { console.log('a', 1, { b: [2] }, undefined, null, new Error('c')); console.error('x'); console.warn('y'); console.info('z'); console.debug('q') },
  text: (value) => [value, new TextDecoder().decode(new TextEncoder().encode(value)), new TextEncoder().encode(value).length],
  lone: () => ['\\ud800', Array.from(new TextEncoder().encode('\\ud800'))],
  decoder: () => new TextDecoder('utf-16le'),
  partly: () => new TextDecoder().decode(new Uint8Array([65, 66, 67]).subarray(1)) + new TextDecoder().decode(),
  time: (_, ifab) => [Date.now(), ifab.now(), new Date().toISOString(), new Date(0).getTimezoneOffset(), loadedAt],
  random: (_, ifab) => [Math.random(), ifab.random(), loadedRandom],
  count: () => (calls += 1),
  post: (value, { http }) => { const { status, headers, body } = http.request({ method: 'POST', url: 'https://a.example/b', headers: { x: 'y' }, body: value === 'bytes' ? new Uint8Array([0, 255]) : value }); return { status, headers, body: Array.from(body) } },
  get: (_, { http }) => { const response = http.get('https://a.example/'); return [response.status, response.text(), response.json()] },
  caught: (_, { http }) => { try { http.get('https://a.example/') } catch (error: any) { return [error.name, error.code, error.message, error instanceof Error] } },
  globals: () => Object.getOwnPropertyNames(globalThis).sort(),
}
export default (input: any, ifab: Ifab) => (input === undefined ? 'no input' : bodies[input.body]!(input.value, ifab))
`

let bytes: Uint8Array
beforeAll(async () => {
  bytes = (await built(TOOL)).bytes
})

const call = (body: string, value?: unknown, options = {}) => callBaked(bytes, { body, value }, options)
const outputOf = (body: string, value?: unknown, options = {}) => JSON.parse(call(body, value, options).output)

describe('the output', () => {
  test.each([[{ a: [1, 'ä', null] }], ['grüße 😀 \u0000'], [0.1], [[]], [false]])(
    'is what the tool returns: %j',
    (value) => {
      expect(call('echo', value)).toMatchObject({ code: 0, output: JSON.stringify(value), log: [] })
      expect(call('later', value)).toMatchObject({ code: 0, output: JSON.stringify(value) })
      expect(call('thenable', value)).toMatchObject({ code: 0, output: JSON.stringify(value) })
    },
  )

  test('is null for nothing', () => {
    expect(call('nothing')).toMatchObject({ code: 0, output: 'null' })
  })

  test('fits input and output of megabytes', () => {
    const long = 'ü'.repeat(1_000_000)
    expect(outputOf('echo', long)).toBe(long)
  })

  test.each([
    ['bigint', '0 The output cannot be written as JSON: TypeError: BigInt are forbidden in JSON.stringify'],
    ['symbol', '0 The output is a symbol, which is nothing in JSON.'],
    ['circular', '0 The output cannot be written as JSON: TypeError: circular reference'],
  ])('that is nothing in JSON fails the call: %s', (body, line) => {
    expect(call(body)).toMatchObject({ code: 4, output: '', log: [line] })
  })
})

describe('the input', () => {
  test('may be nothing', () => {
    expect(callBaked(bytes)).toMatchObject({ code: 0, output: '"no input"' })
  })

  test.each(['{', 'undefined', '\u00ff', '{"a":1}x'])('that is not JSON fails the call: %s', (text) => {
    expect(callWithText(bytes, text)).toMatchObject({ code: 3, output: '', log: ['0 The input is not JSON.'] })
  })
})

describe('a tool that fails', () => {
  test.each([
    ['throws', 1, 'TypeError: no luck'],
    ['throwsText', 1, 'so'],
    ['throwsHostile', 1, 'something was thrown that cannot be shown'],
    ['rejects', 1, 'RangeError: later'],
    ['never', 2, 'The tool waits for a promise that nothing can settle any more.'],
    ['missing', 1, 'TypeError: not a function'],
  ])('gives its number and logs why: %s', (body, code, message) => {
    expect(call(body)).toMatchObject({ code, output: '', log: [`0 ${message}`] })
  })
})

describe('the log', () => {
  test('has a line for each call, with its level', () => {
    expect(call('logs').log).toEqual(['0 e', '1 w', '2 i', '3 d'])
  })

  test('is where console writes', () => {
    expect(call('console').log).toEqual(['2 a 1 {"b":[2]} undefined null Error: c', '0 x', '1 y', '2 z', '3 q'])
  })
})

describe('text', () => {
  test('goes through UTF-8 and back', () => {
    expect(outputOf('text', 'grüße 😀 \u0000!')).toEqual(['grüße 😀 \u0000!', 'grüße 😀 \u0000!', 15])
    expect(outputOf('text', '')).toEqual(['', '', 0])
    expect(outputOf('partly')).toBe('BC')
  })

  test('with half a pair is well-formed where it goes out', () => {
    expect(call('lone').output).toBe('["\\ud800",[239,191,189]]')
  })

  test('has no other decoder', () => {
    expect(call('decoder')).toMatchObject({
      code: 1,
      log: ['0 RangeError: There is no decoder for utf-16le here, only for utf-8.'],
    })
  })
})

describe('time and randomness', () => {
  test('are those of the call, and stand still while the tool is loaded', () => {
    const clockMs = Date.UTC(2030, 0, 2, 3, 4, 5, 678)
    expect(outputOf('time', null, { clockMs })).toEqual([clockMs, clockMs, '2030-01-02T03:04:05.678Z', 0, 0])
    expect(outputOf('time', null, { clockMs: clockMs + 1 })[0]).toBe(clockMs + 1)
  })

  test('are the same for the same seed, and others for another', () => {
    const [first, again, other] = [1, 1, 2].map((seed) => outputOf('random', null, { seed }))
    expect(again).toEqual(first)
    expect(other[0]).not.toBe(first[0])
    expect(other[1]).not.toBe(first[1])
    expect(other[2]).toBe(first[2])
    expect(first[0]).not.toBe(first[1])
  })
})

describe('a call', () => {
  test('finds the tool as it was loaded, not as the last call left it', () => {
    expect([outputOf('count'), outputOf('count')]).toEqual([1, 1])
  })

  test('uses the same fuel for the same input', () => {
    const fuels = ['later', 'logs', 'random'].map((body) => [call(body, 1).fuel, call(body, 1).fuel])
    for (const [first, second] of fuels) expect(second).toBe(first)
    expect(call('echo', 1).fuel).toBeLessThan(2_000_000n)
  })
})

describe('requests', () => {
  const asked: unknown[] = []
  const answer = (request: unknown) => {
    asked.push(request)
    return { status: 201, headers: { 'content-type': 'text/plain' }, body: Buffer.from('{"ä":1}').toString('base64') }
  }

  test('go out as JSON, with the body in base64', () => {
    asked.length = 0
    const body = [...Buffer.from('{"ä":1}')]
    expect(outputOf('post', 'grüße', { answer })).toEqual({
      status: 201,
      headers: { 'content-type': 'text/plain' },
      body,
    })
    outputOf('post', 'bytes', { answer })
    outputOf('post', undefined, { answer })
    const request = { method: 'POST', url: 'https://a.example/b', headers: { x: 'y' } }
    const encoded = (bytes: readonly number[]) => Buffer.from(bytes).toString('base64')
    expect(asked).toEqual([
      { ...request, body: encoded([...Buffer.from('grüße')]) },
      { ...request, body: encoded([0, 255]) },
      request,
    ])
  })

  test('come back as status, headers and body', () => {
    expect(outputOf('get', null, { answer })).toEqual([201, '{"ä":1}', { ä: 1 }])
  })

  test('that are refused throw, with the code', () => {
    const refused = () => ({ error: { code: 'FORBIDDEN', message: 'Not that host.' } })
    expect(outputOf('caught', null, { answer: refused })).toEqual(['HttpError', 'FORBIDDEN', 'Not that host.', true])
    expect(call('get', null, { answer: refused })).toMatchObject({ code: 1, log: ['0 HttpError: Not that host.'] })
    const untaken = ['HttpError', 'TOO_LARGE', 'The request is too large. Send less.', true]
    expect(outputOf('caught', null, { answer: () => undefined })).toEqual(untaken)
  })
})

test('the globals are those of the language, and four more', () => {
  const globals: string[] = outputOf('globals')
  const known = new Set(Object.getOwnPropertyNames(globalThis))
  expect(globals.filter((name) => !known.has(name) || /^(process|require|module|fetch|set)/.test(name))).toEqual([
    'AsyncDisposableStack',
    'DisposableStack',
    'Float16Array',
    'InternalError',
    'Iterator',
    'SuppressedError',
  ])
  expect(globals).toEqual(expect.arrayContaining(['TextDecoder', 'TextEncoder', 'console', 'performance']))
})
