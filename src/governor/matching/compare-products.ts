/** The sign of a x b - c x d for safe integers, exactly, though the products need not be safe. */
export function compareProducts(a: number, b: number, c: number, d: number): number {
  const left = a * b
  const right = c * d
  // Rounding keeps the order: only equal rounded products have to be told apart by what was rounded away.
  return left - right || lost(a, b, left) - lost(c, d, right)
}

/** What rounding took from a x b (Dekker's product). */
function lost(a: number, b: number, product: number): number {
  const highA = highHalf(a)
  const lowA = a - highA
  const highB = highHalf(b)
  const lowB = b - highB
  return highA * highB - product + highA * lowB + lowA * highB + lowA * lowB
}

const SPLIT = 2 ** 27 + 1

/** The upper 26 bits of a number (Veltkamp's split). */
function highHalf(value: number): number {
  const wide = value * SPLIT
  return wide - (wide - value)
}
