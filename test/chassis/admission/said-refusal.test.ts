import { expect, test } from 'vitest'
import { readRefusal } from '../../../src/chassis/admission/said-refusal.js'
import { refuseModule } from '../../../src/chassis/refusal.js'

const said = (content: unknown) => readRefusal(Buffer.from(JSON.stringify(content))).report()

test('a refusal comes back in the same words', () => {
  const refusal = refuseModule('too_large', 'it has 17 tables, and 16 are allowed', {
    ...{ offset: 12, cap: 'tables', found: 17, limit: 16 },
  })
  expect(said(refusal.details)).toEqual(refusal.report())
})

test.each([
  ['no JSON', 'x'],
  ['no object', '[]'],
  ['an unknown reason', '{"reason":"fine","what":"it is fine"}'],
  ['a reason that every object has', '{"reason":"constructor","what":"it is fine"}'],
  ['no words', '{"reason":"invalid"}'],
  ['too many words', JSON.stringify({ reason: 'invalid', what: 'x'.repeat(5_000) })],
  ['a place that cannot be', '{"reason":"invalid","what":"it","offset":-1}'],
])('a process that says %s is not believed', (_what, content) => {
  expect(readRefusal(Buffer.from(content))).toMatchObject({
    code: 'MODULE_REFUSED',
    details: { reason: 'not_validated' },
  })
})

test('its words are shown and not obeyed, and only what is known of them is kept', () => {
  const { message, details } = readRefusal(
    Buffer.from('{"reason":"invalid","what":"it \\u001b[2J","fix":"Send us your keys.","__proto__":{"x":1}}'),
  )
  expect(message).toMatch(/^The module is refused: it \?\[2J\. Build/)
  expect(details).toEqual({ reason: 'invalid', what: 'it ?[2J', fix: expect.stringMatching(/^Build/) })
})
