import { expect, test } from 'vitest'
import { DEFAULT_CONTRACT_LIMITS } from '../../../src/chassis/contract/contract.js'
import type { Egress, EgressAnswer, EgressContext } from '../../../src/chassis/egress/egress.js'
import { CallRates } from '../../../src/chassis/host-calls/call-rates.js'
import { RunHostCalls } from '../../../src/chassis/host-calls/run-host-calls.js'
import { FakeTiming } from '../../../src/testing/index.js'
import { Redactor } from '../../../src/witness/redact.js'
import { never } from '../support/upstream.js'

const context: EgressContext = { hosts: [], rights: () => [], onUse: () => {} }

function hostCalls(answer: EgressAnswer, limits = {}) {
  const sent: [Uint8Array, EgressContext][] = []
  const egress: Egress = {
    async request(request, given) {
      sent.push([request, given])
      return answer
    },
  }
  const host = new RunHostCalls({
    swarm: 'alice',
    limits: { ...DEFAULT_CONTRACT_LIMITS, ...limits },
    rates: new CallRates(new FakeTiming()),
    redactor: new Redactor({ key: new Uint8Array(32) }),
    egress,
    context,
  })
  const ask = async () => JSON.parse(Buffer.from(await host.httpRequest(Buffer.from('{}'), never)).toString())
  return { host, sent, ask }
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
  const { host, sent, ask } = hostCalls(refused, { hostCallsPerSecond: 2 })
  for (let request = 0; request < 5; request += 1) await ask()
  expect(await ask()).toMatchObject({
    error: { code: 'RATE_LIMITED', message: expect.stringContaining('Wait 500 ms') },
  })
  expect(sent).toHaveLength(2)
  for (let line = 0; line < 500; line += 1) host.log('info', Buffer.from('x'))
  expect(host.counts).toMatchObject({ lines: 500, droppedLines: 400, refusals: { NOT_ALLOWED: 2, RATE_LIMITED: 4 } })
})

test('a contract that allows no host calls says so', async () => {
  const { ask } = hostCalls(refused, { hostCallsPerSecond: 0 })
  expect(await ask()).toMatchObject({ error: { code: 'RATE_LIMITED', message: expect.not.stringContaining('Wait') } })
})
