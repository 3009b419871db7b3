/** Source of the current time; injected so that the core is pure and tests are deterministic. */
export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. */
  now(): number
}

/** The clock together with the one kind of timer there is; injected, so tests decide when time passes. */
export interface Timing extends Clock {
  /** Milliseconds since some fixed moment; unlike `now`, never set back or forward by anybody. */
  elapsed(): number

  /** Calls `callback` once when `delayMs` have passed; returns a function that prevents it. */
  after(delayMs: number, callback: () => void): () => void
}

export const SECOND_MS = 1_000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

let lastMs = Number.NaN
let lastText = ''

/** RFC 3339, UTC, milliseconds: `2026-01-31T08:30:00.000Z`. Remembers the last one: a batch has one time. */
export function formatTimestamp(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString()
    lastMs = ms
  }
  return lastText
}

const UNIT_MINUTES = new Map<string, number>([
  ['m', 1],
  ['min', 1],
  ['mins', 1],
  ['minute', 1],
  ['minutes', 1],
  ['h', 60],
  ['hr', 60],
  ['hrs', 60],
  ['hour', 60],
  ['hours', 60],
  ['d', 8 * 60],
  ['day', 8 * 60],
  ['days', 8 * 60],
])

/**
 * Reads an estimate as people write it (`2h`, `1.5 hours`, `15 min`, `1h 30m`; a day is eight working hours).
 * Returns minutes, or undefined when the text is not an estimate.
 */
export function parseEstimateMinutes(text: string): number | undefined {
  const compact = text
    .trim()
    .toLowerCase()
    .replace(/^[~≈]\s*/, '')
  const part = /(\d+(?:\.\d+)?)\s*([a-z]+)\s*/y
  let minutes = 0
  while (part.lastIndex < compact.length) {
    const match = part.exec(compact)
    const unit = match?.[2] === undefined ? undefined : UNIT_MINUTES.get(match[2])
    if (match === null || unit === undefined) return undefined
    minutes += Number(match[1]) * unit
  }
  return minutes > 0 && minutes <= 60_000 ? Math.round(minutes) : undefined
}

/** Minutes as people read them: `45m`, `2h`, `1h 30m`. */
export function formatEstimate(minutes: number): string {
  const hours = Math.floor(minutes / 60)
  const rest = minutes % 60
  if (hours === 0) return `${rest}m`
  return rest === 0 ? `${hours}h` : `${hours}h ${rest}m`
}
