import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { CredentialEndpoint } from '../../../src/chassis/credential/credential.js'
import { CallRates } from '../../../src/chassis/host-calls/call-rates.js'
import { RunHostCalls } from '../../../src/chassis/host-calls/run-host-calls.js'
import type { LoadedModule } from '../../../src/chassis/sandbox/run.js'
import { Sandbox } from '../../../src/chassis/sandbox/sandbox.js'
import { LIMITS } from '../../../src/model/limits.js'
import { Redactor } from '../../../src/witness/redact.js'
import { admitted, call, guest, text } from '../support/sandbox.js'
import { guestRequest, outcomeOf, PUBLIC_ADDRESS, SECRET, Upstream, WITH_SECRET } from '../support/upstream.js'

/** Sends its input as a request, and gives the answer back. */
const ASK = guest(
  `(drop (call $read_input (i32.const 0) (i32.const 0) (call $input_length)))
  (if (call $http_request (i32.const 0) (call $input_length)) (then (return (i32.const 1))))
  (drop (call $read_response (i32.const 0) (i32.const 0) (call $response_length)))
  (call $write_output (i32.const 0) (call $response_length))`,
  '(memory (export "memory") 40)',
)

/** Logs its input for ever. */
const FLOOD = guest(
  `(drop (call $read_input (i32.const 0) (i32.const 0) (call $input_length)))
  (loop $again (call $log (i32.const 2) (i32.const 0) (call $input_length)) (br $again)) (i32.const 0)`,
  '(memory (export "memory") 40)',
)

const sandbox = new Sandbox()
let ask: LoadedModule
beforeAll(async () => {
  ask = await admitted(ASK)
})
afterAll(() => sandbox.close())

let upstream: Upstream
beforeEach(async () => {
  upstream = await Upstream.open()
})
afterEach(() => upstream[Symbol.asyncDispose]())

function hostCalls({ limits }: LoadedModule, ...endpoints: readonly CredentialEndpoint[]): RunHostCalls {
  return new RunHostCalls({
    swarm: 'alice',
    limits,
    rates: new CallRates(upstream.timing),
    redactor: new Redactor({ key: new Uint8Array(32) }),
    egress: upstream.egress(),
    context: upstream.context(...endpoints),
  })
}

test('a module sends a request without ever having its secret', async () => {
  upstream.answer = ({ headers }, response) => response.end(`key ${headers['x-api-key']}`)
  const host = hostCalls(ask, WITH_SECRET)
  const report = await call(sandbox, ask, { host, input: guestRequest({}) })
  const { status, body } = JSON.parse(text(report.output))
  expect(outcomeOf({ status, headers: {}, body: Buffer.from(body, 'base64') })).toBe('200 key [redacted]')
  expect(upstream.requests[0]?.headers['x-api-key']).toBe(SECRET)
  expect(report).toMatchObject({ end: 'completed', hostCalls: 1 })
})

test('a module gets the largest response', async () => {
  upstream.answer = (_, response) => response.end(Buffer.alloc(LIMITS.egressResponseBytes, 'x'))
  const module = await admitted(ASK, { outputBytes: 4 * 1024 * 1024 })
  const report = await call(sandbox, module, { host: hostCalls(module, WITH_SECRET), input: guestRequest({}) })
  expect(report.end).toBe('completed')
  expect(Buffer.from(JSON.parse(text(report.output)).body, 'base64')).toHaveLength(LIMITS.egressResponseBytes)
})

test('a module is told why not', async () => {
  const host = hostCalls(ask)
  const report = await call(sandbox, ask, { host, input: guestRequest({}) })
  expect(JSON.parse(text(report.output))).toMatchObject({ error: { code: 'NOT_ALLOWED' } })
  expect(host.counts.refusals).toEqual({ NOT_ALLOWED: 1 })
  expect(upstream.connected).toEqual([])
})

test('a request ends with the run that sent it', async () => {
  const run = new AbortController()
  upstream.answer = () => run.abort()
  const host = hostCalls(ask, WITH_SECRET)
  const report = await call(sandbox, ask, { host, input: guestRequest({}), signal: run.signal })
  expect(report.end).toBe('cancelled')
  await expect.poll(() => upstream.uses).toMatchObject([{ outcome: 'failed', reason: 'CANCELLED' }])
  expect(upstream.connected).toEqual([PUBLIC_ADDRESS])
})

test('a flood of lines is bounded before it leaves the process, and the log says that lines are missing', async () => {
  const module = await admitted(FLOOD, { fuel: 5_000_000, hostCallsPerSecond: 1_000, logBytes: 1_000 })
  const host = hostCalls(module)
  const report = await call(sandbox, module, { host, input: Buffer.from('words') })
  expect(report.end).toBe('fuel')
  expect(report.hostCalls).toBeLessThan(100)
  expect(host.lines.slice(0, -1).every((line) => line.text === 'words')).toBe(true)
  expect(host.lines.at(-1)?.text).toMatch(/^\[1 or more lines were dropped/)
})

test('no half of a token is left of a line that is too long', async () => {
  const module = await admitted(FLOOD, { fuel: 100_000, logBytes: 400 })
  const host = hostCalls(module)
  await call(sandbox, module, {
    host,
    input: Buffer.from(`${'x '.repeat(90)}ghp_0123456789abcdefghijABCDEFGHIJ012345`),
  })
  expect(host.lines).toHaveLength(2)
  expect(host.lines[0]?.text).toMatch(/\[redacted:github-token:[0-9a-f]{16}\]$/)
  expect(JSON.stringify(host.lines)).not.toContain('ghp_')
})
