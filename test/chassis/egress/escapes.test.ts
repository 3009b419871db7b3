import { describe, expect, test } from 'vitest'
import { EscapedText, withoutEscapes } from '../../../src/chassis/egress/escapes.js'

describe('an escape is taken out', () => {
  test.each([
    ['of URLs', '%41%7e%2F', 'a~/'],
    ['of JSON', '\\u0041\\u007E\\"\\/\\\\', 'a~"/\\'],
    ['of JavaScript', "\\x41\\X7e\\'", "a~'"],
    ['of HTML by name', '&amp;&LT;&gt;&quot;&apos;', '&<>"\''],
    ['of HTML by number', '&#65;&#065;&#x41;&#X7E;', 'aa~'.padStart(4, 'a')],
    ['of HTML with many zeros', `&#${'0'.repeat(50)}65;&#x${'0'.repeat(50)}41;`, 'aa'],
    ['one level of several', '%2541&amp;lt;\\\\u0041', '%41&lt;\\u0041'],
  ])('%s', (_, text, plain) => {
    expect(withoutEscapes(text)).toBe(plain.toLowerCase())
  })

  test.each([
    ['that is cut', '%', '%4', '\\', '\\u00', '\\u004', '\\x4', '&', '&#', '&#x', '&#65', '&#x41', '&am', '&amp'],
    ['of what is not printable', '%0a', '\\u0000', '\\u00e4', '\\u0100', '\\x7f', '&#10;', '&#x00;', '&#99999999999;'],
    ['that is none', '%zz', '\\n', '\\u1041', '&copy;', '&#xzz;', '&#;', '&;', '& lt;'],
  ])('and not one %s', (_, ...texts) => {
    expect(texts.map(withoutEscapes)).toEqual(texts)
  })
})

test('what is left knows where it was', () => {
  const text = new EscapedText(Buffer.from('a\0%2541\0\0b\0'))
  const state = () => [
    Buffer.from(text.bytes.subarray(0, text.length)).toString(),
    [...text.places.subarray(0, text.length + 1)],
  ]
  expect(state()).toEqual(['a%2541b', [0, 2, 3, 4, 5, 6, 9, 11]])
  expect([text.unescape(), ...state()]).toEqual([true, 'a%41b', [0, 2, 5, 6, 9, 11]])
  expect([text.unescape(), ...state()]).toEqual([true, 'aab', [0, 2, 9, 11]])
  expect(text.unescape()).toBe(false)
})
