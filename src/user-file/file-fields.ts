import * as z from 'zod'
import { ID_PATTERN } from '../model/ids.js'
import { LIMITS } from '../model/limits.js'
import { formatDollars, parseDollars } from '../model/money.js'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../model/time.js'

/**
 * Fields of the files that users write. Numbers with a fraction come as the text that stands in the file (see
 * `readYamlTree`), so money is never a float on its way.
 */

/** One line of text without control characters. */
export const LINE_PATTERN = /^(?=.*\S)[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u

const DOLLARS = /^\$?\d{1,7}(?:\.\d{1,9})?$/
const MOST_DOLLARS = 9_007_199
const DOLLARS_HELP = `is no sum of dollars. Write 0 to ${MOST_DOLLARS} with at most nine decimals, such as 2.50 or $2.50.`

/** The forms of a sum of dollars; one of them alone is no schema of its own. */
export function dollarForms(error: string) {
  return [z.number().min(0, { error }).max(MOST_DOLLARS, { error }), z.string().regex(DOLLARS, { error })] as const
}

/** Nano-dollars of a sum in one of the forms. */
export function toNanos(sum: number | string, context: z.RefinementCtx): number {
  const nanos = DOLLARS.test(String(sum)) ? parseDollars(String(sum)) : undefined
  if (nanos !== undefined) return nanos
  context.addIssue({ code: 'custom', message: DOLLARS_HELP })
  return z.NEVER
}

/** Dollars, exact to the nano-dollar: `2.5`, `"$2.50"`. Becomes nano-dollars. */
export function dollars(description: string) {
  return z.union(dollarForms(DOLLARS_HELP), { error: DOLLARS_HELP }).transform(toNanos).describe(description)
}

/** Dollars, or the word `unlimited`, which becomes undefined. */
export function dollarsOrUnlimited(description: string) {
  const error = `${DOLLARS_HELP} The word unlimited means no bound.`
  return z
    .union([z.literal('unlimited'), ...dollarForms(error)], { error })
    .transform((sum, context) => (sum === 'unlimited' ? undefined : toNanos(sum, context)))
    .describe(description)
}

/** Nano-dollars as they may stand in a file. */
export const dollarText = formatDollars

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS }
const DURATION = /^(\d{1,9})(ms|s|m|h)$/

/** A duration such as `30s`, `5m` or `24h`. Becomes milliseconds. */
export function duration([least, most]: readonly [number, number], description: string) {
  return z
    .string({ error: 'is no duration. Write a number and a unit, such as 30s, 5m or 24h.' })
    .regex(DURATION, { error: 'is no duration. Write a number and one of ms, s, m and h, such as 30s, 5m or 24h.' })
    .transform((text) => {
      const [, number, unit = ''] = DURATION.exec(text) ?? []
      return Number(number) * (UNIT_MS[unit] ?? Number.NaN)
    })
    .refine((ms) => ms >= least && ms <= most, {
      error: `is out of range. Use ${durationText(least)} to ${durationText(most)}.`,
    })
    .describe(description)
}

/** Milliseconds as they may stand in a file, in the largest unit that is exact. */
export function durationText(ms: number): string {
  const unit = ['h', 'm', 's'].find((name) => ms > 0 && ms % (UNIT_MS[name] ?? 1) === 0) ?? 'ms'
  return `${ms / (UNIT_MS[unit] ?? 1)}${unit}`
}

const FRACTION = /^(?:0?\.\d{1,9}|0(?:\.\d{1,9})?|1(?:\.0{1,9})?)$/

/** A number from 0 to 1. */
export function fraction(description: string) {
  const error = 'is no number from 0 to 1 with at most nine decimals. Write one such as 0.7.'
  return z
    .union([z.number().min(0, { error }).max(1, { error }), z.string().regex(FRACTION, { error })], { error })
    .transform(Number)
    .describe(description)
}

export function whole([least, most]: readonly [number, number], description: string) {
  return z.int().min(least).max(most).describe(description)
}

const GROUPED = /^\d{1,3}(?:_\d{3}){1,5}$/

/** A whole number that may be large, with or without groups: `3000000000`, `3_000_000_000`. */
export function count(description: string) {
  const error = `is no whole number from 0 to ${Number.MAX_SAFE_INTEGER}. Write it in digits, such as 3000 or 3_000.`
  return z
    .union([z.int().min(0, { error }), z.string().regex(GROUPED, { error })], { error })
    .transform((value) => (typeof value === 'number' ? value : Number(value.replaceAll('_', ''))))
    .refine(Number.isSafeInteger, { error })
    .describe(description)
}

/** A whole number within bounds that may be large, with or without groups. */
export function amount([least, most]: readonly [number, number], description: string) {
  return count(description).refine((value) => value >= least && value <= most, {
    error: `is out of range. Use ${least} to ${most}.`,
  })
}

const UNIT_BYTES: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }
const SIZE = /^(\d{1,7})(KiB|MiB|GiB)$/

/** A size such as `64KiB` or `256MiB`. Becomes bytes. */
export function bytes([least, most]: readonly [number, number], description: string) {
  const error = 'is no size. Write a number and one of KiB, MiB and GiB, such as 256MiB.'
  return z
    .string({ error })
    .regex(SIZE, { error })
    .transform((text) => {
      const [, number, unit = ''] = SIZE.exec(text) ?? []
      return Number(number) * (UNIT_BYTES[unit] ?? Number.NaN)
    })
    .refine((size) => size >= least && size <= most, {
      error: `is out of range. Use ${bytesText(least)} to ${bytesText(most)}.`,
    })
    .describe(description)
}

/** Bytes, a multiple of 1024, as they may stand in a file, in the largest unit that is exact. */
export function bytesText(size: number): string {
  const unit = ['GiB', 'MiB'].find((name) => size > 0 && size % (UNIT_BYTES[name] ?? 1) === 0) ?? 'KiB'
  return `${size / (UNIT_BYTES[unit] ?? 1)}${unit}`
}

/** One line of text. */
export function line(description: string) {
  return z
    .string()
    .max(LIMITS.titleChars)
    .regex(LINE_PATTERN, { error: 'is blank, or has line breaks or control characters. Write one line of text.' })
    .describe(description)
}

const ID_HELP = "is no id. Use 1 to 128 letters, digits, '.', '_', ':' or '-', and begin with a letter or digit."

export function id(description: string) {
  return z.string().regex(ID_PATTERN, { error: ID_HELP }).describe(description)
}

/** Keys of a map that the user names. */
export function name(pattern: RegExp, error: string) {
  return z.string().regex(pattern, { error })
}

export function flag(description: string) {
  return z.boolean().describe(description)
}
