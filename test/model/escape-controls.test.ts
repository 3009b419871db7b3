import { describe, expect, test } from 'vitest'
import { visible } from '../../src/cli/answer.js'
import { escapeControls, escapeControlsInLines } from '../../src/model/escape-controls.js'

describe('what nobody sees becomes an escape', () => {
  test.each([
    ['a control character', '\u001b', '\\u001b'],
    ['the end of a line', '\r', '\\u000d'],
    ['a line separator', '\u2028', '\\u2028'],
    ['a paragraph separator', '\u2029', '\\u2029'],
    ['a mark that turns text', '\u202e', '\\u202e'],
    ['an isolate', '\u2066', '\\u2066'],
    ['a zero-width space', '\u200b', '\\u200b'],
    ['a zero-width joiner', '\u200d', '\\u200d'],
    ['a byte order mark', '\ufeff', '\\ufeff'],
    ['a word joiner', '\u2060', '\\u2060'],
    ['a soft hyphen', '\u00ad', '\\u00ad'],
    ['a filler', '\u3164', '\\u3164'],
    ['a tag', '\u{e0041}', '\\udb40\\udc41'],
    ['half of a character', '\ud800', '\\ud800'],
  ])('%s', (_, character, shown) => {
    for (const show of [escapeControls, escapeControlsInLines, visible]) {
      expect(show(`a${character}b${character}`)).toBe(`a${shown}b${shown}`)
    }
  })

  test('and all else stays', () => {
    const text = 'Zürich, 東京, ❤\ufe0f, שלום, \\n'
    expect([escapeControls(text), escapeControlsInLines(text), visible(text)]).toEqual([text, text, text])
  })

  test('lines and tabs where there are some', () => {
    expect(escapeControls('a\n\tb')).toBe('a\\u000a\\u0009b')
    expect(escapeControlsInLines('a\n\tb\r\n')).toBe('a\n\tb\\u000d\n')
    expect(visible('a\n\tb')).toBe('a\\u000a b')
  })
})
