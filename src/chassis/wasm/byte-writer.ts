/** Bytes of a safe integer in LEB128. */
const LONGEST = 8

/** Bytes that grow at the end. Numbers are written in their shortest form. */
export class ByteWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** A view, until more is written. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  byte(...values: readonly number[]): this {
    this.#reserve(values.length)
    for (const value of values) this.#put(value)
    return this
  }

  append(values: ArrayLike<number>): this {
    this.#reserve(values.length)
    this.#bytes.set(values, this.#length)
    this.#length += values.length
    return this
  }

  /** Unsigned LEB128 of a number below 2^32. */
  u32(value: number): this {
    this.#reserve(LONGEST)
    let rest = value
    while (rest >= 0x80) {
      this.#put((rest & 0x7f) | 0x80)
      rest = Math.floor(rest / 128)
    }
    this.#put(rest)
    return this
  }

  /** Signed LEB128 of a safe integer. */
  signed(value: number): this {
    this.#reserve(LONGEST)
    let rest = value
    for (;;) {
      const low = ((rest % 128) + 128) % 128
      rest = Math.floor(rest / 128)
      const isLast = (rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40)
      this.#put(isLast ? low : low | 0x80)
      if (isLast) return this
    }
  }

  /** Text after its length in bytes. */
  name(text: string): this {
    return this.sized(new TextEncoder().encode(text))
  }

  /** Bytes after their number. */
  sized(bytes: Uint8Array): this {
    return this.u32(bytes.length).append(bytes)
  }

  #put(value: number): void {
    this.#bytes[this.#length] = value
    this.#length += 1
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.bytes)
    this.#bytes = larger
  }
}
