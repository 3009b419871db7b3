import fc from 'fast-check'

const byte = fc.nat(255)
const bytes = (...parts: readonly (number | fc.Arbitrary<number>)[]) =>
  fc.tuple(
    ...(parts.map((part) => (typeof part === 'number' ? fc.constant(part) : part)) as [
      fc.Arbitrary<number>,
      fc.Arbitrary<number>,
      fc.Arbitrary<number>,
      fc.Arbitrary<number>,
    ]),
  )

/** The four bytes of an address inside, of this machine, or of a metadata service. */
export const privateV4 = fc.oneof(
  bytes(10, byte, byte, byte),
  bytes(127, byte, byte, byte),
  bytes(172, fc.integer({ min: 16, max: 31 }), byte, byte),
  bytes(192, 168, byte, byte),
  bytes(169, 254, byte, byte),
  bytes(100, fc.integer({ min: 64, max: 127 }), byte, byte),
  bytes(0, byte, byte, byte),
  fc.constant([169, 254, 169, 254] as [number, number, number, number]),
)

type Base = 'decimal' | 'hexadecimal' | 'octal'

function written(value: number, base: Base): string {
  if (base === 'hexadecimal') return `0x${value.toString(16)}`
  return base === 'octal' ? `0${value.toString(8)}` : String(value)
}

const base = fc.constantFrom<Base>('decimal', 'hexadecimal', 'octal')

/** A private address as the host of a URL in one of the spellings that programs have taken for it. */
export const privateHost = fc
  .record({ address: privateV4, bases: fc.tuple(base, base, base, base), parts: fc.integer({ min: 1, max: 4 }) })
  .chain(({ address: [a, b, c, d], bases, parts }) => {
    const values = [
      [((a * 256 + b) * 256 + c) * 256 + d],
      [a, (b * 256 + c) * 256 + d],
      [a, b, c * 256 + d],
      [a, b, c, d],
    ][parts - 1] as number[]
    const v4 = values.map((value, at) => written(value, bases[at] ?? 'decimal')).join('.')
    const hex = [a, b, c, d].map((part) => part.toString(16).padStart(2, '0'))
    const [high, low] = [`${hex[0]}${hex[1]}`, `${hex[2]}${hex[3]}`]
    return fc.constantFrom(
      v4,
      `${v4}.`,
      v4.replace(/\d/g, (digit) => `%3${digit}`),
      v4.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
      v4.replaceAll('.', '\u3002'),
      `[::${a}.${b}.${c}.${d}]`,
      `[::ffff:${a}.${b}.${c}.${d}]`,
      `[0:0:0:0:0:FFFF:${high}:${low}]`,
      `[64:ff9b::${high}:${low}]`,
      `[2002:${high}:${low}::]`,
    )
  })
