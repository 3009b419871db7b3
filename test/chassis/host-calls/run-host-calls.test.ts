import { describe, expect, test } from 'vitest'
import { DEFAULT_CONTRACT_LIMITS } from '../../../src/chassis/contract/contract.js'
import type { Egress, EgressAnswer, EgressContext } from '../../../src/chassis/egress/egress.js'
import { CallRates } from '../../../src/chassis/host-calls/call-rates.js'
import { RunHostCalls } from '../../../src/chassis/host-calls/run-host-calls.js'
import { LIMITS } from '../../../src/model/limits.js'
import { FakeTiming } from '../../../src/testing/index.js'
import { Redactor } from '../../../src/witness/redact.js'

const context: EgressContext = { hosts: [], rights: () => [], onUse: () => {} }

function hostCalls(answer: EgressAnswer, limits = {}) {
  const sent: [Uint8Array, EgressContext][] = []
  const egress: Egress = {
    async request(request, given) {
      sent.push([request, given])
      return answer
    },
  }
  const timing = new FakeTiming()
  const host = new RunHostCalls({
    swarm: 'alice',
    limits: { ...DEFAULT_CONTRACT_LIMITS, ...limits },
    rates: new CallRates(timing),
    redactor: new Redactor({ key: new Uint8Array(32) }),
    egress,
    context,
  })
  const ask = async (signal = new AbortController().signal) =>
    JSON.parse(Buffer.from(await host.httpRequest(Buffer.from('{}'), signal)).toString())
  return { host, sent, timing, ask }
}

const refused: EgressAnswer = { error: { code: 'NOT_ALLOWED', message: 'No.' } }

test('a response is JSON with its body in base64', async () => {
  const headers = { 'content-type': 'text/plain', ['__proto__']: 'x' }
  const { sent, ask } = hostCalls({ status: 200, headers, body: Uint8Array.of(0xff, 0x00) })
  expect(await ask()).toEqual({ status: 200, headers, body: '/wA=' })
  expect(sent).toEqual([[Buffer.from('{}'), context]])
})

test('a refusal is JSON too, and is counted', async () => {
  const { host, ask } = hostCalls(refused)
  expect(await ask()).toEqual(refused)
  await ask()
  host.log('info', Buffer.from('done'))
  expect(host.lines).toEqual([{ level: 'info', text: 'done' }])
  expect(host.counts).toEqual({ lines: 1, droppedLines: 0, requests: 2, refusals: { NOT_ALLOWED: 2 } })
})

test('what is faster than the contract allows never gets out', async () => {
  const { host, sent, timing, ask } = hostCalls(refused, { hostCallsPerSecond: 2 })
  const answers = Array.from({ length: 6 }, () => ask())
  timing.advance(500)
  expect((await Promise.all(answers)).at(-1)).toMatchObject({
    error: { code: 'RATE_LIMITED', message: expect.stringContaining('waited 500 ms') },
  })
  expect(sent).toHaveLength(2)
  for (let line = 0; line < 500; line += 1) host.log('info', Buffer.from('x'))
  expect(host.counts).toMatchObject({ lines: 500, droppedLines: 400, refusals: { NOT_ALLOWED: 2, RATE_LIMITED: 4 } })
})

describe('the answer to a request beyond the rate', () => {
  test('comes when there is room for the next', async () => {
    const { sent, timing, ask } = hostCalls(refused, { hostCallsPerSecond: 2 })
    await Promise.all([ask(), ask()])
    let answered = false
    const third = ask().then(() => (answered = true))
    timing.advance(499)
    await new Promise(setImmediate)
    expect([answered, timing.untilNext]).toEqual([false, 1])
    timing.advance(1)
    await third
    expect(await ask()).toEqual(refused)
    expect([sent.length, timing.pending]).toEqual([3, 0])
  })

  test('comes at once when the run ends, and leaves no timer behind', async () => {
    const { timing, ask } = hostCalls(refused, { hostCallsPerSecond: 1 })
    const run = new AbortController()
    await ask()
    const held = ask(run.signal)
    expect(timing.pending).toBe(1)
    run.abort()
    expect(await held).toMatchObject({ error: { code: 'RATE_LIMITED' } })
    expect(await ask(run.signal)).toMatchObject({ error: { code: 'RATE_LIMITED' } })
    expect(timing.pending).toBe(0)
  })

  test('comes after a second where the contract allows no host calls, and says so', async () => {
    const { timing, ask } = hostCalls(refused, { hostCallsPerSecond: 0 })
    const held = ask()
    expect(timing.untilNext).toBe(LIMITS.rateLimitHoldMs)
    timing.advance(LIMITS.rateLimitHoldMs)
    const message = 'The contract allows 0 requests in a second.'
    expect(await held).toEqual({ error: { code: 'RATE_LIMITED', message } })
  })
})
