import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseSecret, sign } from '../../src/channels/signature.js'
import { Webhook } from '../../src/channels/webhook.js'
import { isFabricError } from '../../src/model/errors.js'
import { Receiver } from './receiver.js'
import { failureOf, makeNotice, never, until } from './samples.js'

/** Test vector of the libraries of Standard Webhooks. */
const VECTOR = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: 1_614_265_330,
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}
const PATH = '/services/T0/B0/very-secret-path'
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

let receiver: Receiver
let now: number
beforeEach(async () => {
  receiver = await Receiver.open()
  now = 1_700_000_000_999
})
afterEach(() => receiver[Symbol.asyncDispose]())

function makeWebhook({ url = receiver.url + PATH, signed = true } = {}): Webhook {
  const key = signed ? parseSecret(SECRET) : undefined
  return new Webhook({ name: 'oncall', minSeverity: 'info', url: new URL(url), key, clock: { now: () => now } })
}

describe('signatures', () => {
  test('are those of Standard Webhooks', () => {
    const key = parseSecret(VECTOR.secret)
    if (key === undefined) throw new Error('The secret is one.')
    expect(sign(key, VECTOR)).toBe(VECTOR.signature)
  })

  test.each([
    '',
    'plain secret',
    'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'whsec_',
    `whsec_${Buffer.alloc(23).toString('base64')}`,
    `whsec_${Buffer.alloc(65).toString('base64')}`,
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n',
    'whsec_MfKQ9r8GKYq-TwjUPD8ILPZIo2LaLaSw',
  ])('need a secret as it says, not %j', (secret) => {
    expect(parseSecret(secret)).toBeUndefined()
  })
})

describe('a webhook', () => {
  test('sends signed JSON', async () => {
    await makeWebhook().deliver(makeNotice(), never())
    const [request] = receiver.requests
    expect(request).toMatchObject({ method: 'POST', path: PATH })
    const { body = '', headers = {} } = request ?? {}
    expect(headers['content-type']).toBe('application/json')
    expect(headers['webhook-timestamp']).toBe('1700000000')
    expect(JSON.parse(body).infrafabric.escalation.id).toBe('escalation-42')
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    const expected = createHmac('sha256', Buffer.alloc(32, 7)).update(signed).digest('base64')
    expect(headers['webhook-signature']).toBe(`v1,${expected}`)
  })

  test('keeps its delivery id and takes a new time for each attempt', async () => {
    receiver.script = [{ status: 500 }]
    await failureOf(makeWebhook().deliver(makeNotice(), never()))
    now += 60_000
    await makeWebhook().deliver(makeNotice(), never())
    const [first, second] = receiver.requests.map(({ headers }) => headers)
    expect(second?.['webhook-id']).toBe(first?.['webhook-id'])
    expect(second?.['webhook-timestamp']).toBe('1700000060')
    expect(second?.['webhook-signature']).not.toBe(first?.['webhook-signature'])
  })

  test('does not sign without a secret', async () => {
    await makeWebhook({ signed: false }).deliver(makeNotice(), never())
    expect(receiver.requests[0]?.headers).not.toHaveProperty('webhook-signature')
    expect(receiver.requests[0]?.headers).toHaveProperty('webhook-id')
  })

  test.each([200, 201, 202, 204, 299])('takes %i for success', async (status) => {
    receiver.script = [{ status }]
    await makeWebhook().deliver(makeNotice(), never())
  })

  test.each([
    [400, false],
    [401, false],
    [404, false],
    [410, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
    [302, false],
    [307, false],
  ])('takes %i for a failure; worth another attempt: %s', async (status, retryable) => {
    receiver.script = [{ status, headers: { location: `${receiver.url}/elsewhere` } }]
    const failure = await failureOf(makeWebhook().deliver(makeNotice(), never()))
    expect(failure).toMatchObject({ retryable, message: expect.stringContaining(String(status)) })
    expect(receiver.requests.map(({ path }) => path)).toEqual([PATH])
  })

  test.each([
    ['120', 120_000],
    ['0', 0],
    [new Date(1_700_000_060_000).toUTCString(), 59_001],
    [new Date(1_600_000_000_000).toUTCString(), 0],
    ['soon', undefined],
    ['-5', undefined],
    ['99999999999', undefined],
  ])('reads Retry-After: %s', async (header, retryAfterMs) => {
    receiver.script = [{ status: 429, headers: { 'retry-after': header } }]
    const failure = await failureOf(makeWebhook().deliver(makeNotice(), never()))
    const details = isFabricError(failure) ? failure.details : undefined
    expect(details).toEqual(retryAfterMs === undefined ? {} : { retryAfterMs })
  })

  test('does not wait for the end of an answer', async () => {
    receiver.script = ['endless']
    await makeWebhook().deliver(makeNotice(), never())
    await until(() => receiver.cut === 1)
  })

  test('ends with its signal', async () => {
    receiver.script = ['silence']
    const ending = new AbortController()
    const failure = failureOf(makeWebhook().deliver(makeNotice(), ending.signal))
    await until(() => receiver.requests.length === 1)
    ending.abort()
    expect(await failure).toMatchObject({ code: 'UNAVAILABLE', message: 'The attempt was ended.' })
    await until(() => receiver.cut === 1)
  })

  test('tells no secret, whatever fails', async () => {
    receiver.script = ['hang up', { status: 404 }, { status: 500 }, { status: 301 }]
    const failures = []
    for (let attempt = 0; attempt < 4; attempt += 1) {
      failures.push(await failureOf(makeWebhook().deliver(makeNotice(), never())))
    }
    // Port 1 is one that fetch refuses by itself; the other host does not exist.
    for (const base of ['http://127.0.0.1:1', 'http://nowhere.invalid']) {
      failures.push(await failureOf(makeWebhook({ url: base + PATH }).deliver(makeNotice(), never())))
    }
    expect(failures).toHaveLength(6)
    for (const failure of failures) {
      if (!isFabricError(failure)) throw failure
      const everything = `${failure.stack} ${JSON.stringify(failure.report())} ${String(failure.cause)}`
      expect(everything).not.toContain('very-secret-path')
      expect(everything).not.toContain(SECRET.slice(6))
    }
    expect(failures[0]).toMatchObject({ message: 'The receiver cannot be reached (UND_ERR_SOCKET).' })
  })
})
