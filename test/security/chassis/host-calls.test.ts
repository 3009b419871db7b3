import { describe, expect, test } from 'vitest'
import { DEFAULT_CONTRACT_LIMITS } from '../../../src/chassis/contract/contract.js'
import type { Egress } from '../../../src/chassis/egress/egress.js'
import { CallRates } from '../../../src/chassis/host-calls/call-rates.js'
import { RunHostCalls } from '../../../src/chassis/host-calls/run-host-calls.js'
import { FakeTiming } from '../../../src/testing/index.js'
import { Redactor } from '../../../src/witness/redact.js'
import { never } from '../../chassis/support/upstream.js'

const redactor = new Redactor({ key: new Uint8Array(32) })
const nowhere: Egress = { request: async () => ({ status: 204, headers: {}, body: new Uint8Array() }) }
const context = { hosts: [], rights: () => [], onUse: () => {} }

/** One run of a module of a swarm. */
function run(swarm: string, rates: CallRates, limits = {}): RunHostCalls {
  return new RunHostCalls({
    swarm,
    limits: { ...DEFAULT_CONTRACT_LIMITS, ...limits },
    rates,
    redactor,
    egress: nowhere,
    context,
  })
}

/** Sends requests without waiting for the answers, and gives the codes of what is answered while the clock stands still. */
async function answered(host: RunHostCalls, attempts: number): Promise<string[]> {
  const codes: string[] = []
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    host.httpRequest(Buffer.from('{}'), new AbortController().signal).then((answer) => {
      codes.push(Buffer.from(answer).includes('RATE_LIMITED') ? 'RATE_LIMITED' : 'sent')
    })
  }
  await new Promise(setImmediate)
  return [...codes]
}

const sent = (count: number) => Array.from({ length: count }, () => 'sent')

test('API rate limiting', async () => {
  const timing = new FakeTiming()
  const rates = new CallRates(timing)
  const host = run('alice', rates)
  // What is beyond the rate waits for its refusal.
  expect(await answered(host, 1_000)).toEqual(sent(10))
  let through = 0
  for (let second = 0; second < 60; second += 1) {
    timing.advance(1_000)
    through += (await answered(host, 100)).length
  }
  timing.advance(1_000)
  await new Promise(setImmediate)
  expect(through).toBe(600)
  expect(host.counts).toMatchObject({ requests: 7_000, refusals: { RATE_LIMITED: 6_390 } })
  expect(timing.pending).toBe(0)
})

test('a module that asks again and again is refused as often as its rate allows', async () => {
  const timing = new FakeTiming()
  const host = run('alice', new CallRates(timing))
  let isOver = false
  const flood = async () => {
    while (!isOver) await host.httpRequest(Buffer.from('{}'), never)
  }
  const flooding = flood()
  for (let step = 0; step < 1_000; step += 1) {
    await new Promise(setImmediate)
    timing.advance(10)
  }
  isOver = true
  timing.advance(1_000)
  await flooding
  const { requests, refusals } = host.counts
  expect(requests).toBeLessThan(250)
  expect(refusals.RATE_LIMITED).toBeLessThan(110)
})

test('one noisy swarm of 100: the other 99 are unaffected', async () => {
  const timing = new FakeTiming()
  const rates = new CallRates(timing)
  const others = Array.from({ length: 99 }, (_, at) => run(`quiet-${at}`, rates))
  for (let second = 0; second < 5; second += 1) {
    // A fresh run each time gives the noisy one nothing.
    const noisy = run('noisy', rates)
    for (let line = 0; line < 10_000; line += 1) noisy.log('info', Buffer.from('noise'))
    expect(await answered(noisy, 1_000)).toEqual(sent(10))
    for (const host of others) {
      expect(await answered(host, 10)).toEqual(sent(10))
      host.log('info', Buffer.from(`second ${second}`))
    }
    timing.advance(1_000)
  }
  for (const host of others) {
    expect(host.counts).toEqual({ lines: 5, droppedLines: 0, requests: 50, refusals: {} })
    expect(host.lines).toHaveLength(5)
  }
})

describe('a flood of lines', () => {
  test('is bounded in number by the rate, in bytes by the contract, and told once', () => {
    const timing = new FakeTiming()
    const host = run('alice', new CallRates(timing), { hostCallsPerSecond: 1_000, logBytes: 64 * 1024 })
    for (let line = 0; line < 100_000; line += 1) {
      if (line % 1_000 === 0) timing.advance(1_000)
      host.log('info', Buffer.from('x'.repeat(200)))
    }
    const bytes = host.lines.reduce((sum, { text }) => sum + text.length + 1, 0)
    expect(bytes).toBeLessThan(65 * 1024)
    expect(host.lines.filter(({ text }) => text.includes('dropped'))).toHaveLength(1)
    expect(host.counts.droppedLines).toBe(100_000 - (host.lines.length - 1))
  })

  test('of the largest lines is as small', () => {
    const host = run('alice', new CallRates(new FakeTiming()))
    const line = Buffer.alloc(1024 * 1024, 'x')
    for (let count = 0; count < 1_000; count += 1) host.log('info', line)
    expect(host.lines.reduce((sum, { text }) => sum + text.length + 1, 0)).toBeLessThan(65 * 1024)
  })
})

describe('a line', () => {
  test.each([
    ['a token of GitHub', 'ghp_0123456789abcdefghijABCDEFGHIJ012345', 'ghp_'],
    ['a token of this fabric', `ifab_0123456789abcdef_${'A1b2'.repeat(8)}`, 'A1b2'],
    ['a key of a cloud', 'AKIAIOSFODNN7EXAMPLE', 'AKIA'],
    ['a header', 'Authorization: Bearer abc123def456ghi789jkl', 'abc123'],
    ['a password', 'DB_PASSWORD=correct-horse-battery', 'horse'],
    ['a password in a URL', 'postgres://admin:s3cret-Passw0rd@db.example.com/', 's3cret'],
    [
      'a private key',
      '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----',
      'MIIE',
    ],
  ])('with %s shows it to nobody', (_, text, secret) => {
    const host = run('alice', new CallRates(new FakeTiming()))
    host.log('info', Buffer.from(`found ${text} here`))
    const [line] = host.lines
    expect(line?.text).toContain('[redacted:')
    expect(line?.text).not.toContain(secret)
  })

  test('cannot pass for another line, or move the cursor of who reads it', () => {
    const host = run('alice', new CallRates(new FakeTiming()))
    host.log(
      'info',
      Buffer.from(
        'done\n2026-01-01 ERROR admin logged in\r\u001b[1A\u001b[2K\u001b]0;title\u0007\u009b2J\u202e\u2028\u200b\u3164\u034f',
      ),
    )
    expect(host.lines).toHaveLength(1)
    expect(host.lines[0]?.text).toMatch(/^[\x20-\x7e]+$/)
  })
})
