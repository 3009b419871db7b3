import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBundle, encodeBundle } from '../../../src/witness/tree/bundle.js'

describe('a bundle of entries', () => {
  test('has a big-endian 16-bit length before each', () => {
    const bundle = encodeBundle([Buffer.from('ab'), Buffer.alloc(0), Buffer.alloc(258, 7)])
    expect(bundle.subarray(0, 8)).toEqual(Buffer.from([0, 2, 0x61, 0x62, 0, 0, 1, 2]))
    expect(bundle.length).toBe(8 + 258)
  })

  test('of no entries is empty', () => {
    expect(encodeBundle([])).toEqual(Buffer.alloc(0))
    expect(decodeBundle(Buffer.alloc(0), 0)).toEqual([])
  })

  test('is read back, whatever is in it', () => {
    const entry = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(new Uint8Array(65_535).fill(255)))
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 256 }), (entries) => {
        const bytes = Uint8Array.from(encodeBundle(entries))
        const decoded = decodeBundle(bytes, entries.length)
        expect(decoded.length).toBe(entries.length)
        expect(decoded.every((found, at) => Buffer.compare(found, entries[at] ?? Buffer.from('?')) === 0)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('takes no entry of 65,536 bytes and no 257th entry', () => {
    expect(encodeBundle([Buffer.alloc(65_535)]).length).toBe(65_537)
    expect(() => encodeBundle([Buffer.alloc(65_536)])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    const many = Array<Uint8Array>(257).fill(Buffer.alloc(0))
    expect(() => encodeBundle(many)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(encodeBundle(many.slice(1)).length).toBe(512)
  })

  test('is corrupt wherever it is cut off', () => {
    const bundle = encodeBundle([Buffer.from('first'), Buffer.alloc(0), Buffer.from('third')])
    for (let length = 0; length < bundle.length; length += 1) {
      expect(() => decodeBundle(bundle.subarray(0, length), 3)).toThrow(
        expect.objectContaining({ code: 'DATA_CORRUPT' }),
      )
    }
    expect(decodeBundle(bundle, 3).length).toBe(3)
  })

  test('is corrupt when bytes follow its last entry', () => {
    const bundle = encodeBundle([Buffer.from('first'), Buffer.from('second')])
    const corrupt = expect.objectContaining({
      code: 'DATA_CORRUPT',
      message: expect.stringContaining('8 bytes follow'),
    })
    expect(() => decodeBundle(bundle, 1)).toThrow(corrupt)
    expect(() => decodeBundle(Uint8Array.of(0), 0)).toThrow(expect.objectContaining({ code: 'DATA_CORRUPT' }))
  })
})
