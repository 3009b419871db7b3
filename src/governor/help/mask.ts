/** A set of up to 64 things, one bit each. Two numbers, because this is ten times faster than a BigInt. */
export interface Mask {
  readonly low: number
  readonly high: number
}

export const MASK_BITS = 64

const HALF_BITS = 32

export const NOTHING_MASKED: Mask = { low: 0, high: 0 }

export function bitMask(bit: number): Mask {
  return bit < HALF_BITS ? { low: 1 << bit, high: 0 } : { low: 0, high: 1 << (bit - HALF_BITS) }
}

export function union(a: Mask, b: Mask): Mask {
  return { low: a.low | b.low, high: a.high | b.high }
}

export function without(a: Mask, b: Mask): Mask {
  return { low: a.low & ~b.low, high: a.high & ~b.high }
}

export function contains(a: Mask, b: Mask): boolean {
  return (b.low & ~a.low) === 0 && (b.high & ~a.high) === 0
}

export function isEmpty({ low, high }: Mask): boolean {
  return (low | high) === 0
}

export function count({ low, high }: Mask): number {
  return countHalf(low) + countHalf(high)
}

/** The usual sideways addition of bits. */
function countHalf(half: number): number {
  const pairs = half - ((half >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
