/** Dollars with up to nine decimals, as nano-dollars: `$1.25` is 1,250,000,000. Undefined when it is no such sum. */
export function parseDollars(text: string): number | undefined {
  // A comma only parts thousands: `1,50` may mean a dollar and a half, and must not become 150.
  const plain = text
    .trim()
    .replace(/^(\$?\s*\d{1,3})((?:,\d{3})+)(?!\d)/, (_, first, rest) => first + rest.replaceAll(',', ''))
  const match = /^\$?\s*(\d{1,7})(?:\.(\d{1,9}))?(?:\s*(?:usd|dollars?))?$/i.exec(plain)
  if (match?.[1] === undefined) return undefined
  const nanos = Number(match[1]) * 1_000_000_000 + Number((match[2] ?? '').padEnd(9, '0'))
  return Number.isSafeInteger(nanos) ? nanos : undefined
}

/** Nano-dollars as dollars, without a digit lost: `$1.25`. */
export function formatDollars(nanos: number): string {
  const whole = Math.floor(nanos / 1_000_000_000)
  const rest = String(nanos % 1_000_000_000)
    .padStart(9, '0')
    .replace(/0+$/, '')
    .padEnd(2, '0')
  return `$${whole}.${rest}`
}

export const NANOS_PER_DOLLAR = 1_000_000_000

/** Whether this is an amount of money or of tokens that can be booked: a whole number that is exact and not negative. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
