import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GuestLog } from '../../../src/chassis/host-calls/guest-log.js'
import { LIMITS } from '../../../src/model/limits.js'
import { Redactor } from '../../../src/witness/redact.js'

const redactor = new Redactor({ key: new Uint8Array(32) })
const TOKEN = 'ghp_0123456789abcdefghijABCDEFGHIJ012345'

function logged(...lines: readonly (string | Uint8Array)[]): readonly string[] {
  const log = new GuestLog(redactor, 1024 * 1024)
  for (const line of lines) log.add('info', Buffer.from(line))
  return log.lines.map(({ text }) => text)
}

describe('a line', () => {
  test('keeps its level and its words', () => {
    const log = new GuestLog(redactor, 1_000)
    log.add('error', Buffer.from('Grüße, 世界 🙂'))
    expect(log.lines).toEqual([{ level: 'error', text: 'Grüße, 世界 🙂' }])
  })

  test('shows what would move the cursor, end the line or turn the text', () => {
    expect(logged('\u001b[2J\u001b[31mred\nnext\r\u0007\u009b1m \u202eevil \u2028\u200b\u{e0041}')).toEqual([
      '\\u001b[2J\\u001b[31mred\\u000anext\\u000d\\u0007\\u009b1m \\u202eevil \\u2028\\u200b\\udb40\\udc41',
    ])
  })

  test('is text, whatever the bytes are', () => {
    expect(logged(Uint8Array.of(0x61, 0xff, 0xed, 0xa0, 0x80, 0x62))).toEqual(['a\ufffd\ufffd\ufffd\ufffdb'])
  })

  test('has no tokens', () => {
    const [line = ''] = logged(`got ${TOKEN} and PASSWORD=hunter2!`)
    expect(line).toMatch(/^got \[redacted:github-token:[0-9a-f]{16}\] and PASSWORD=\[redacted:/)
  })

  test('is cut where it is too long', () => {
    const [line = ''] = logged('x'.repeat(100_000))
    expect(line).toBe(`${'x'.repeat(LIMITS.guestLogLineChars - 1)}…`)
    expect(logged(`${'x'.repeat(LIMITS.guestLogLineChars - 2)}🙂!`)[0]).toMatch(/x…$/)
  })

  test('shows no part of a token that was cut in two', () => {
    const many = `${TOKEN} `.repeat(Math.ceil(LIMITS.guestLogScanBytes / (TOKEN.length + 1)))
    for (let shift = 0; shift < TOKEN.length; shift += 1) {
      const [line = ''] = logged(' '.repeat(shift) + many)
      expect(line).not.toContain('ghp_')
    }
    // Hardly anything is left of long secrets, so what comes at the end of what was looked at is shown.
    const long = `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(LIMITS.guestLogScanBytes - 65)}\n-----END PRIVATE KEY-----\n${TOKEN}`
    expect(logged(long)[0]).not.toContain('ghp_')
  })

  test('is printable whatever it was', () => {
    const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array())
    fc.assert(
      fc.property(anything, (text) => {
        expect(logged(text)[0]).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      }),
    )
  })
})

describe('all lines of a call', () => {
  test('have at most the bytes of the contract, and what is dropped is told once', () => {
    const log = new GuestLog(redactor, 1_000)
    for (let line = 0; line < 10_000; line += 1) log.add('info', Buffer.from(`line ${line}`))
    const bytes = log.lines.slice(0, -1).reduce((sum, { text }) => sum + Buffer.byteLength(text) + 1, 0)
    expect(bytes).toBeLessThanOrEqual(1_000)
    expect(bytes).toBeGreaterThan(980)
    const told = log.lines.filter(({ text }) => text.includes('dropped'))
    expect(told).toEqual([log.lines.at(-1)])
    expect(told[0]).toMatchObject({ level: 'warn', text: expect.stringContaining(`${log.dropped} lines were dropped`) })
    expect(log.lines).toHaveLength(10_000 - log.dropped + 1)
  })

  test('go on with a shorter one when one did not fit', () => {
    const log = new GuestLog(redactor, 10)
    log.add('info', Buffer.from('a line too long'))
    log.add('info', Buffer.from('short'))
    expect(log.lines[0]).toEqual({ level: 'info', text: 'short' })
    expect(log.lines[1]?.text).toMatch(/^\[1 line was dropped/)
  })

  test('are none where the contract allows none', () => {
    const log = new GuestLog(redactor, 0)
    log.add('info', new Uint8Array())
    expect(log.dropped).toBe(1)
  })
})
