const NANOS_PER_CENT = 10_000_000

/** `$1.25`, to the cent. */
export function dollars(nanos) {
  return `$${(Math.round(nanos / NANOS_PER_CENT) / 100).toFixed(2)}`
}
