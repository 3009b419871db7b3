import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/model/limits.js'
import type { LogFormat, LogLevel } from '../../src/model/log-level.js'
import { createLog, type Log } from '../../src/server/logging.js'
import { logRequests } from '../../src/server/logging-requests.js'
import { serveFabric, until } from '../support/served-fabric.js'

const NOON = Date.parse('2026-03-01T12:00:00.000Z')

function recorded(format: LogFormat, level: LogLevel = 'debug'): { log: Log; text: () => string } {
  let written = ''
  const write = (lines: string) => {
    written += lines
  }
  return { log: createLog({ level, format, write, now: () => NOON }), text: () => written }
}

/** What one line of JSON says beside its time. */
function fieldsOf(say: (log: Log) => void): Record<string, unknown> {
  const { log, text } = recorded('json')
  say(log)
  return JSON.parse(text())
}

describe('a log', () => {
  test('as JSON has one object a line, with the level as a word', () => {
    const { log, text } = recorded('json')
    log.info('started', { port: 7420 })
    log.error('fault', { error: new TypeError('boom') })
    const [first, second, ...rest] = text().split('\n')
    expect(JSON.parse(first ?? '')).toEqual({
      level: 'info',
      time: '2026-03-01T12:00:00.000Z',
      message: 'started',
      port: 7420,
    })
    expect(JSON.parse(second ?? '')).toMatchObject({
      level: 'error',
      error: { name: 'TypeError', message: 'boom', stack: expect.stringMatching(/^TypeError: boom\n {4}at /) },
    })
    expect(rest).toEqual([''])
  })

  test('as text has one line for people, and the stack of an error below it', () => {
    const { log, text } = recorded('text')
    log.warn('slow disk', { path: '/a b', flushMs: 7 })
    const cause = new Error('below')
    cause.stack = 'Error: below\n    at there'
    const error = new Error('above', { cause })
    error.stack = 'Error: above\n    at here'
    log.error('fault', { error })
    expect(text()).toBe(
      [
        '2026-03-01T12:00:00.000Z warn  slow disk path="/a b" flushMs=7',
        '2026-03-01T12:00:00.000Z error fault',
        '    Error: above',
        '        at here',
        '    caused by',
        '    Error: below',
        '        at there',
        '',
      ].join('\n'),
    )
  })

  test('writes what is at least as grave as its level', () => {
    const { log, text } = recorded('text', 'warn')
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level](level)
    expect(text().match(/\w+$/gm)).toEqual(['warn', 'error'])
    expect(['error', 'warn', 'info', 'debug'].map((level) => log.writes(level as LogLevel))).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  test('keeps a text from passing for another line', () => {
    const { log, text } = recorded('text')
    log.info('a\nb\u2028c', { said: 'x\n2026-03-01T12:00:00.000Z error forged', turned: '\u202e' })
    expect(text().split('\n')).toHaveLength(2)
    expect(text()).toContain('a\\u000ab\\u2028c said="x\\n2026')
  })

  test('keeps its own fields', () => {
    const fields = fieldsOf((log) => log.info('real', { message: 'forged', level: 'none', time: 0 }))
    expect(fields).toMatchObject({ message: 'real', level: 'info', message_: 'forged', level_: 'none', time_: 0 })
  })
})

describe('a secret', () => {
  const TOKEN = `ifab_0123456789abcdef_${'a1B2c3D4'.repeat(5)}-_x`

  test.each(['token', 'Authorization', 'cookie', 'set-cookie', 'x-api-key', 'clientSecret', 'password'])(
    'under the name %s is taken out at the top and at every depth',
    (name) => {
      const deep = { a: { list: [{ [name]: 'hunter2' }] } }
      const fields = fieldsOf((log) => log.info('x', { [name]: 'hunter2', deep, kept: 'kept' }))
      expect(JSON.stringify(fields)).not.toContain('hunter2')
      expect(fields).toMatchObject({ [name]: '[redacted]', deep: { a: { list: [{ [name]: '[redacted]' }] } } })
      expect(fields.kept).toBe('kept')
    },
  )

  test('is taken out of texts, messages and errors', () => {
    const { log, text } = recorded('text')
    log.declare('a-secret-that-was-declared')
    const error = new Error(`sent ${TOKEN}`, { cause: new Error('knows a-secret-that-was-declared') })
    log.error(`Authorization: Bearer ${TOKEN}`, { url: `https://user:${TOKEN}@host/`, error, list: [TOKEN] })
    expect(text()).not.toContain(TOKEN)
    expect(text()).not.toContain('a-secret-that-was-declared')
    expect(text()).toContain('[redacted:')
  })

  test('is not taken for one where it only counts', () => {
    expect(fieldsOf((log) => log.info('x', { token: 3, secret: false, cookie: null, password: '' }))).toMatchObject({
      token: 3,
      secret: false,
      cookie: null,
      password: '',
    })
  })
})

describe('a field', () => {
  test('that is endless, long, deep or no JSON is written all the same', () => {
    const circle: Record<string, unknown> = { name: 'circle' }
    circle.self = circle
    const fields = fieldsOf((log) =>
      log.info('x', {
        circle,
        long: 'x'.repeat(LIMITS.logTextChars + 1),
        list: Array.from({ length: LIMITS.logItems + 1 }, (_, at) => at),
        big: 1n,
        absent: undefined,
      }),
    )
    expect(JSON.stringify(fields.circle)).toContain('[nested too deeply]')
    expect(String(fields.long)).toHaveLength(LIMITS.logTextChars + 1)
    expect(fields.list).toHaveLength(LIMITS.logItems)
    expect(fields.big).toBe('1')
    expect(fields).not.toHaveProperty('absent')
  })
})

describe('a request', () => {
  test('is logged with who asked for what and how it ended, without what was sent', async () => {
    const { log, text } = recorded('json')
    await using served = await serveFabric({ observers: [logRequests(log)] })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await served.request('/v1/tasks', {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent },
      body: JSON.stringify({ id: 'T1', title: 'what was sent' }),
    })
    await served.request('/v1/tasks/T9?note=typed')
    await served.request('/v1/status', { headers: { authorization: 'Bearer wrong-token-that-was-sent' } })
    await until(() => text().split('\n').length === 4)
    const lines = text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toMatchObject([
      { level: 'debug', message: 'request', operation: 'task.create', status: 200, actor: 'admin', traceparent },
      { operation: 'task.show', status: 400, code: 'INVALID_ARGUMENT', actor: 'admin' },
      { operation: 'fabric.status', status: 401, code: 'UNAUTHENTICATED' },
    ])
    for (const { ms, request } of lines) expect([typeof ms, typeof request]).toEqual(['number', 'string'])
    expect(lines[2]).not.toHaveProperty('actor')
    expect(text()).not.toMatch(/what was sent|typed|wrong-token|token-of-the-tests/)
  })

  test('is no line at level info', async () => {
    const { log, text } = recorded('json', 'info')
    await using served = await serveFabric({ observers: [logRequests(log)] })
    await served.client.fabric.status()
    await served.request('/metrics')
    expect(text()).toBe('')
  })
})
