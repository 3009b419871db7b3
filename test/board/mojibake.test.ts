import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { repairMojibake } from '../../src/board/mojibake.js'
import { misdecode } from './support.js'

const CLEAN = [
  'plain words',
  '✅ done ⏳ waiting 🚀 → “quoted” – dash … café naïve Größe',
  '« café » and jusqu’à « midi »',
  'CAFÉ” and “É”',
  'élève – Überprüfung',
  '日本語 и русский',
  'a single â or ð or Ã',
]

describe('repair of UTF-8 decoded as Windows-1252', () => {
  test.each(CLEAN)('leaves clean text as it is: %s', (text) => {
    expect(repairMojibake(text)).toEqual({ text, repaired: 0 })
  })

  test.each(CLEAN)('brings back: %s', (text) => {
    const broken = misdecode(text)
    const { text: repaired, repaired: count } = repairMojibake(broken)
    expect(repaired).toBe(text)
    expect(count > 0).toBe(broken !== text)
  })

  test('brings back whatever was decoded wrongly', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 })
    fc.assert(fc.property(text, (original) => repairMojibake(misdecode(original)).text === original))
  })

  test('leaves any text of other characters alone', () => {
    const character = fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0x2190, max: 0x21ff }))
    const text = fc.array(character).map((codes) => String.fromCodePoint(...codes))
    fc.assert(fc.property(text, (clean) => repairMojibake(clean).repaired === 0))
  })

  test('repairs what is broken beside what is clean', () => {
    const text = `✅ café ${misdecode('✅ → 🚀')} “é”`
    expect(repairMojibake(text)).toEqual({ text: '✅ café ✅ → 🚀 “é”', repaired: 3, firstLine: 1 })
    expect(repairMojibake(`\n\n${misdecode('✅')}`).firstLine).toBe(3)
  })

  test('guesses a lost byte only beside certain damage, and when one emoji fits', () => {
    const withoutControls = (text: string) => misdecode(text).replace(/[\u0080-\u009f]/g, '')
    expect(withoutControls('⏳')).toBe('â³')
    expect(repairMojibake(`${withoutControls('⏳')} ${misdecode('✅')}`).text).toBe('⏳ ✅')
    expect(repairMojibake('â³').text).toBe('â³')
    const ambiguous = withoutControls('📍')
    expect(repairMojibake(`${ambiguous} ${misdecode('✅')}`).text).toBe(`${ambiguous} ✅`)
  })

  test('keeps sequences that are no UTF-8: overlong, surrogates, past the last character, cut short', () => {
    for (const bytes of ['à€€', 'í\u00a0¡', 'ô\u0090€€', 'ðŸ']) {
      expect(repairMojibake(bytes)).toEqual({ text: bytes, repaired: 0 })
    }
  })
})
