import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteReader } from '../../../src/chassis/wasm/byte-reader.js'
import { ByteWriter } from '../../../src/chassis/wasm/byte-writer.js'
import { reasonOf } from '../support/refusal.js'

/** LEB128 with so many bytes of filling as fit into the bits. */
function stretched(shortest: Uint8Array, size: number, filling: number): Uint8Array {
  const bytes = [...shortest]
  while (bytes.length < size) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80
    bytes.push(bytes.length === size - 1 ? filling & 0x7f : filling | 0x80)
  }
  return Uint8Array.from(bytes)
}

describe('unsigned numbers of 32 bits', () => {
  test('are read as they were written, in every length that the format allows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 1, max: 5 }), (value, size) => {
        const bytes = stretched(new ByteWriter().u32(value).bytes, size, 0)
        const reader = new ByteReader(bytes)
        expect(reader.u32()).toBe(value)
        expect(reader.isAtEnd).toBe(true)
      }),
    )
  })

  test.each([
    ['a sixth byte', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['a bit beyond the 32nd', [0xff, 0xff, 0xff, 0xff, 0x1f]],
    ['no end', [0x80, 0x80]],
    ['nothing', []],
  ])('are refused with %s', (_, bytes) => {
    expect(reasonOf(() => new ByteReader(Uint8Array.from(bytes)).u32())).toBe('malformed')
  })
})

describe('signed numbers', () => {
  test('are passed over exactly, in every length that the format allows', () => {
    const cases = fc
      .constantFrom(32 as const, 64 as const)
      .chain((bits) =>
        fc.tuple(
          fc.constant(bits),
          fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
          fc.integer({ min: 1, max: Math.ceil(bits / 7) }),
        ),
      )
    fc.assert(
      fc.property(cases, ([bits, value, size]) => {
        const bytes = stretched(new ByteWriter().signed(value).bytes, size, value < 0 ? 0x7f : 0)
        const reader = new ByteReader(Uint8Array.from([...bytes, 0x2a]))
        reader.skipSigned(bits)
        expect(reader.byte()).toBe(0x2a)
      }),
    )
  })

  test('have unused bits that repeat the sign, and no other', () => {
    const last = (bits: 32 | 33 | 64, byte: number) => {
      const bytes = [...new Array(Math.ceil(bits / 7) - 1).fill(0x80), byte]
      return reasonOf(() => new ByteReader(Uint8Array.from(bytes)).skipSigned(bits))
    }
    const taken = (bits: 32 | 33 | 64) =>
      Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !last(bits, byte))
    expect(taken(32)).toEqual([...range(0x00, 0x07), ...range(0x78, 0x7f)])
    expect(taken(33)).toEqual([...range(0x00, 0x0f), ...range(0x70, 0x7f)])
    expect(taken(64)).toEqual([0x00, 0x7f])
  })
})

describe('the type of a block', () => {
  test('is a type index up to 32 bits, in every length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 1, max: 5 }), (index, size) => {
        const bytes = stretched(new ByteWriter().signed(index).bytes, size, 0)
        expect(new ByteReader(bytes).typeIndex()).toBe(index)
      }),
    )
  })

  test('is no negative number', () => {
    for (const bytes of [[0x7e], [0xff, 0x7f], [0xff, 0xff, 0xff, 0xff, 0x7f]]) {
      expect(reasonOf(() => new ByteReader(Uint8Array.from(bytes)).typeIndex())).toBe('malformed')
    }
  })
})

test('every safe integer is written as the engine reads it', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      let read = 0n
      const { bytes } = new ByteWriter().signed(value)
      for (const [index, byte] of bytes.entries()) read |= BigInt(byte & 0x7f) << BigInt(7 * index)
      expect(BigInt.asIntN(7 * bytes.length, read)).toBe(BigInt(value))
    }),
  )
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => from + offset)
}
