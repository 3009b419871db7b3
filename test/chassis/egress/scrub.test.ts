import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Scrubber } from '../../../src/chassis/egress/scrub.js'
import { SECRET } from '../support/upstream.js'

const scrubber = new Scrubber([SECRET])
const base64 = (text: string) => Buffer.from(text).toString('base64')
const escaped = (text: string, spell: (code: string) => string) =>
  [...text].map((letter) => spell(letter.charCodeAt(0).toString(16).padStart(2, '0'))).join('')

describe('a secret is found', () => {
  test.each([
    ['as it is', SECRET],
    ['in capitals', SECRET.toUpperCase()],
    ['in JSON', JSON.stringify({ key: SECRET })],
    ['in JSON with escaped slashes', JSON.stringify(SECRET).replaceAll('/', '\\/')],
    ['in JSON that is safe in HTML', JSON.stringify(SECRET).replaceAll('<', '\\u003c').replaceAll('&', '\\u0026')],
    ['in JSON of escapes only', escaped(SECRET, (code) => `\\u00${code.toUpperCase()}`)],
    ['in a query', encodeURIComponent(SECRET)],
    ['in a query with small digits', encodeURIComponent(SECRET).toLowerCase()],
    ['in a form', new URLSearchParams({ key: SECRET }).toString()],
    ['in a URL', encodeURI(SECRET)],
    ['in escapes only', escaped(SECRET, (code) => `%${code}`)],
    ['escaped twice', encodeURIComponent(encodeURIComponent(SECRET))],
    ['in JSON in JSON', JSON.stringify({ text: encodeURIComponent(JSON.stringify(SECRET)) })],
    ['in HTML', SECRET.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')],
    ['in HTML with numbers', SECRET.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&#34;')],
    ['in hexadecimal', Buffer.from(SECRET).toString('hex')],
    ['in base64', base64(SECRET)],
    ['in base64 for URLs', Buffer.from(SECRET).toString('base64url')],
    ['in base64 behind one letter', base64(`:${SECRET}`)],
    ['in base64 behind a user', base64(`al:${SECRET}`)],
    ['in HTML with many zeros', SECRET.replaceAll('&', '&#x0000000026;').replaceAll('"', '&#000000034;')],
    ['in UTF-16', Buffer.from(SECRET, 'utf16le').toString('latin1')],
    ['in UTF-16 with the bytes turned', Buffer.from(SECRET, 'utf16le').swap16().toString('latin1')],
    ['in JSON in UTF-16', Buffer.from(JSON.stringify(SECRET), 'utf16le').toString('latin1')],
    ['in UTF-32', [...SECRET].map((letter) => `\0\0\0${letter}`).join('')],
    ['in base64 in the middle', base64(`{"key":"${SECRET}","more":[1,2,3]}`)],
  ])('%s', (_, text) => {
    const shown = scrubber.text(`before ${text} after`)
    expect(shown).toMatch(/^before .*\[redacted\].* after$/s)
    expect(scrubber.finds(text)).toBe(true)
    const bytes = scrubber.bytes(Buffer.concat([Buffer.of(0, 255), Buffer.from(text), Buffer.of(0, 254)]))
    expect([bytes[0], bytes[1], bytes.at(-2), bytes.at(-1)]).toEqual([0, 255, 0, 254])
    expect(bytes.includes('[redacted]')).toBe(true)
  })

  test('and no part of it is left when it is there alone', () => {
    for (const text of [SECRET, base64(SECRET), encodeURIComponent(SECRET)]) {
      expect(scrubber.text(`<${text}><${text}>`)).toBe('<[redacted]><[redacted]>')
    }
  })

  test('whatever it is made of, in every spelling and wherever it stands', () => {
    const printable = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) })
    const secrets = printable.filter((text) => text.length >= 8)
    fc.assert(
      fc.property(secrets, printable, printable, (secret, before, after) => {
        const own = new Scrubber([secret])
        const text = before + secret + after
        const spelled = [
          text,
          JSON.stringify(text),
          encodeURIComponent(text),
          base64(text),
          escaped(text, (c) => `%${c}`),
        ]
        expect(spelled.filter((form) => !own.finds(form))).toEqual([])
        expect(own.text(secret)).toBe('[redacted]')
      }),
    )
  })
})

describe('what holds none', () => {
  test('stays as it is', () => {
    const bytes = Buffer.from(Array.from({ length: 1024 }, (_, at) => at % 256))
    expect(scrubber.bytes(bytes)).toBe(bytes)
    expect(scrubber.text('q7R/x+2=k "9&vT<z')).toBe('q7R/x+2=k "9&vT<z')
  })

  test('stays as it is where no secret was sent', () => {
    expect(new Scrubber([]).text(SECRET)).toBe(SECRET)
    expect(new Scrubber([]).finds('')).toBe(false)
  })
})

test('takes linear time on what nearly holds it', () => {
  const backslashes = new Scrubber([`${'\\'.repeat(60)}x`, `${'\\"'.repeat(60)}x`])
  expect(backslashes.finds(`${'\\'.repeat(100_000)}y`)).toBe(false)
  expect(backslashes.finds(`${'\\\\\\"'.repeat(30_000)}y`)).toBe(false)
  expect(backslashes.finds(JSON.stringify(`${'\\'.repeat(60)}x`))).toBe(true)
})

test('of two secrets none is taken for a part of the other', () => {
  const two = new Scrubber(['abcdefgh', 'abcdefghijkl'])
  expect(two.text('abcdefghijkl abcdefgh')).toBe('[redacted] [redacted]')
})

test('gets one mark where it overlaps or touches itself, and no part of it is left', () => {
  const periodic = new Scrubber(['abababab'])
  expect(periodic.text('<ababababab>')).toBe('<[redacted]>')
  expect(periodic.text('<abababab%61babababx>')).toBe('<[redacted]x>')
  expect(periodic.text('abababab'.repeat(1_000))).toBe('[redacted]')
  const nested = new Scrubber(['cdefghij', 'abcdefghijkl'])
  expect(nested.text('-abcdefghijkl-cdefghij-')).toBe('-[redacted]-[redacted]-')
})

test('that is an escape itself is found as it is and as what it means', () => {
  const own = new Scrubber(['%41%42&secret'])
  expect(own.text('<%41%42&amp;secret>')).toBe('<[redacted]>')
  expect(own.text('<%41%42%26secret>')).toBe('<[redacted]>')
  expect(own.text('<AB&secret>')).toBe('<[redacted]>')
})
