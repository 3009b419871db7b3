import { refuseModule } from '../refusal.js'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads a part of a module strictly. Everything that is not as the binary format says throws MODULE_REFUSED. */
export class ByteReader {
  readonly bytes: Uint8Array
  readonly end: number
  at: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  get isAtEnd(): boolean {
    return this.at === this.end
  }

  malformed(what: string, at = this.at) {
    return refuseModule('malformed', what, { offset: at })
  }

  byte(): number {
    const value = this.at < this.end ? this.bytes[this.at] : undefined
    if (value === undefined) throw this.malformed('it ends too early')
    this.at += 1
    return value
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw this.malformed('it ends too early')
    this.at += count
  }

  /** LEB128 of at most five bytes, the unused bits of the fifth zero; longer spellings of small numbers are allowed. */
  u32(): number {
    const start = this.at
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    const last = this.byte()
    if (last > 0x0f) throw this.malformed('a number has more than 32 bits', start)
    return value + last * 2 ** 28
  }

  /** A signed LEB128 of 32, 33 or 64 bits is passed over; its unused bits must repeat the sign. */
  skipSigned(bits: 32 | 33 | 64): void {
    const start = this.at
    const full = Math.ceil(bits / 7) - 1
    for (let count = 0; count < full; count += 1) if (this.byte() < 0x80) return
    // Bits from the sign on, of the last byte.
    const spare = (0x7f << (bits - 7 * full - 1)) & 0x7f
    const last = this.byte()
    const signs = last & spare
    if (last > 0x7f || (signs !== 0 && signs !== spare)) {
      throw this.malformed(`a number has more than ${bits} bits`, start)
    }
  }

  /** A type index as the type of a block: a signed number of 33 bits that is not negative. */
  typeIndex(): number {
    const start = this.at
    this.skipSigned(33)
    const last = this.bytes[this.at - 1] ?? 0
    const isShort = this.at - start < 5
    if ((last & (isShort ? 0x40 : 0x10)) !== 0) throw this.malformed('a block has a type that there is not', start)
    let value = 0
    for (let at = this.at - 1; at >= start; at -= 1) value = value * 128 + ((this.bytes[at] ?? 0) & 0x7f)
    return value
  }

  name(): string {
    const size = this.u32()
    const start = this.at
    this.skip(size)
    try {
      return decoder.decode(this.bytes.subarray(start, this.at))
    } catch {
      throw this.malformed('a name is not UTF-8', start)
    }
  }

  /** A reader of the next `size` bytes, which are passed over here. */
  part(size: number): ByteReader {
    const start = this.at
    this.skip(size)
    return new ByteReader(this.bytes, start, this.at)
  }
}
