import { isId } from '../../model/ids.js'
import { LIMITS } from '../../model/limits.js'
import { formatDollars, isCount } from '../../model/money.js'
import { formatTimestamp, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../model/time.js'
import type { LoggedEntry } from './facts.js'

/** Data of an entry as it was read; which fields it has depends on its name. */
export type Fields = Readonly<Record<string, unknown>>

/** Says what an entry of one name means. */
export type Words = (data: Fields, entry: LoggedEntry) => string

/** What other people wrote, on one line and in quotes that it cannot leave. */
export function quoted(value: unknown): string {
  const flat = String(value).replace(/\s+/g, ' ').trim()
  return JSON.stringify(cut(flat, LIMITS.traceQuoteChars)).replace(UNSEEN, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

// Controls that JSON leaves as they are, and the marks that reverse the direction of text.
const UNSEEN = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** An id as it is; anything else in quotes. */
export function named(value: unknown): string {
  return isId(value) ? value : quoted(value)
}

export function namedAll(value: unknown, show: (item: unknown) => string = named): string {
  const shown = listOf(value)
    .slice(0, LIMITS.traceListItems)
    .map((item) => show(item))
  const more = listOf(value).length - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ')
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** `before` and the text, or nothing where there is none. */
export function optional(before: string, value: unknown, show: (value: unknown) => string = quoted): string {
  return value === undefined || value === '' ? '' : `${before}${show(value)}`
}

export function counted(count: unknown, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Nano-dollars. */
export function dollars(value: unknown): string {
  return isCount(value) ? formatDollars(value) : quoted(value)
}

/** Money, and the tokens that there are: `$0.05 (tokens: 12000 in, 900 out)`. */
export function amount(value: unknown): string {
  const { nanos, inputTokens, outputTokens, cachedTokens } = Object(value) as Fields
  const tokens = [
    [inputTokens, 'in'],
    [outputTokens, 'out'],
    [cachedTokens, 'cached'],
  ].flatMap(([count, what]) => (isCount(count) && count > 0 ? [`${count} ${what}`] : []))
  return `${dollars(nanos)}${tokens.length === 0 ? '' : ` (tokens: ${tokens.join(', ')})`}`
}

/** The largest unit that says it without a fraction: `30m`, `90s`. */
export function span(value: unknown): string {
  const ms = Number(value)
  if (ms % HOUR_MS === 0) return `${ms / HOUR_MS}h`
  if (ms % MINUTE_MS === 0) return `${ms / MINUTE_MS}m`
  return ms % SECOND_MS === 0 ? `${ms / SECOND_MS}s` : `${ms}ms`
}

export function moment(value: unknown): string {
  const ms = Number(value)
  return Math.abs(ms) <= LAST_MS ? formatTimestamp(ms) : String(value)
}

/** The last millisecond that ECMAScript can date. */
const LAST_MS = 8.64e15

/** At most so many characters; never half of one. */
export function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text
  const kept = text.slice(0, maxChars - 3)
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}...`
}
