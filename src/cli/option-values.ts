import { InvalidArgumentError } from 'commander'
import { isId } from '../model/ids.js'
import { LIMITS } from '../model/limits.js'
import { parseDollars } from '../model/money.js'
import { ROLES, type Role } from '../model/principal.js'
import { MILESTONE_PERCENTS, type MilestonePercent, type PlannedMilestone } from '../model/task.js'
import { DAY_MS, HOUR_MS, MINUTE_MS, parseEstimateMinutes, SECOND_MS } from '../model/time.js'
import { parseTime } from '../witness/query/filter.js'

/** Readers of option values. Each throws what commander turns into a usage error that names the option. */

/** `A,B` and repeated options are one list. */
export function list(value: string, previous: readonly string[] = []): string[] {
  const items = value.split(',').map((item) => item.trim())
  if (items.includes('')) throw new InvalidArgumentError('Separate names with single commas, such as A,B.')
  return [...previous, ...items]
}

/** For texts, which may hold commas: each occurrence of the option is one item. */
export function repeated(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value]
}

/** An id of a task, swarm, board or blocker. */
export function id(value: string): string {
  if (isId(value)) return value
  const allowed = "use 1 to 128 letters, digits, '.', '_', ':' or '-', starting with a letter or digit"
  throw new InvalidArgumentError(`It is not a valid id: ${allowed}.`)
}

/** An id, once for each occurrence of the option. */
export function repeatedId(value: string, previous: readonly string[] = []): string[] {
  return [...previous, id(value)]
}

export function wholeNumber(value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('Give a whole number.')
}

export function exitCode(value: string, previous: readonly number[] = []): number[] {
  if (/^-?\d{1,10}$/.test(value)) return [...previous, Number(value)]
  throw new InvalidArgumentError('Give the whole number that the command exited with.')
}

/** `key=value`, once for each pair. */
export function pair(value: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = value.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Give key=value.')
  return { ...previous, [value.slice(0, at)]: value.slice(at + 1) }
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS }

/** `500ms`, `50s`, `10m`, `2h` or plain seconds, as milliseconds. */
export function duration(value: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)?$/.exec(value)
  if (match !== null) return Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? 's'] ?? SECOND_MS))
  throw new InvalidArgumentError('Give a duration such as 50s, 10m or 2h.')
}

/** How long a token is good: a duration, or days as `7d`. */
export function ttl(value: string): number {
  const days = /^(\d{1,3})d$/.exec(value)?.[1]
  const ms = days === undefined ? duration(value) : Number(days) * DAY_MS
  if (ms >= MINUTE_MS && ms <= LIMITS.tokenTtlMs) return ms
  throw new InvalidArgumentError(`Between 1m and ${LIMITS.tokenTtlMs / DAY_MS}d.`)
}

/** How long a credential is good. */
export function credentialTtl(value: string): number {
  const ms = duration(value)
  if (ms >= SECOND_MS && ms <= LIMITS.credentialTtlMs) return ms
  throw new InvalidArgumentError(`Between 1s and ${LIMITS.credentialTtlMs / HOUR_MS}h.`)
}

/** A place that requests may go to. */
export interface WrittenPlace {
  readonly scheme: 'https' | 'http'
  readonly host: string
  /** Absent: that of the scheme. */
  readonly port?: number
  /** What paths begin with. */
  readonly path: string
}

/** `https://api.example.com/v1/`, once for each place. */
export function place(value: string, previous: readonly WrittenPlace[] = []): WrittenPlace[] {
  const url = URL.canParse(value) ? new URL(value) : undefined
  const scheme = url?.protocol.slice(0, -1)
  if (url === undefined || (scheme !== 'https' && scheme !== 'http') || /[@?#]/.test(value)) {
    throw new InvalidArgumentError('Give a URL such as https://api.example.com/v1/, without user, query or fragment.')
  }
  const port = url.port === '' ? {} : { port: Number(url.port) }
  return [...previous, { scheme, host: url.hostname, ...port, path: url.pathname }]
}

export function role(value: string): Role {
  const known = ROLES.find((name) => name === value)
  if (known !== undefined) return known
  throw new InvalidArgumentError(`One of ${ROLES.join(', ')}.`)
}

/** How long a claim lasts without heartbeats. */
export function lease(value: string): number {
  const ms = duration(value)
  if (ms >= SECOND_MS) return ms
  throw new InvalidArgumentError('At least 1s.')
}

/** How long a call waits for work or messages. */
export function wait(value: string): number {
  const ms = duration(value)
  if (ms <= LIMITS.waitMs) return ms
  throw new InvalidArgumentError(`At most ${LIMITS.waitMs / SECOND_MS}s; ask again after that.`)
}

/** `2h`, `1h 30m`, `15 min`, as minutes; a day is eight hours. */
export function estimate(value: string): number {
  const minutes = parseEstimateMinutes(value)
  if (minutes !== undefined) return minutes
  throw new InvalidArgumentError('Give an estimate such as 2h, 15m or 1h 30m.')
}

/** `1.25`, `$1.25` or `1,000`, as nano-dollars. */
export function dollars(value: string): number {
  // Where a comma is the decimal sign, `1,50` must not become 150 dollars.
  const nanos = /,(?!\d{3}(?!\d))/.test(value) ? undefined : parseDollars(value)
  if (nanos !== undefined) return nanos
  throw new InvalidArgumentError('Give dollars such as 2.50, with at most nine decimals.')
}

/** A reputation. */
export function fraction(value: string): number {
  const number = /^\d(?:\.\d{1,9})?$/.test(value) ? Number(value) : Number.NaN
  if (number <= 1) return number
  throw new InvalidArgumentError('Give a number from 0 to 1, such as 0.9.')
}

/** How long a question waits for people. */
export function patience(value: string): number {
  const ms = duration(value)
  if (ms >= SECOND_MS && ms <= LONGEST_PATIENCE_MS) return ms
  throw new InvalidArgumentError(`Give 1s to ${LONGEST_PATIENCE_MS / HOUR_MS}h.`)
}

const LONGEST_PATIENCE_MS = 30 * DAY_MS

/** RFC 3339; a date alone is its start, UTC. */
export function time(value: string): string {
  const full = /^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value
  if (parseTime(full) !== undefined) return full
  throw new InvalidArgumentError('Give a time such as 2026-01-31T08:30:00Z or a date such as 2026-01-31.')
}

export function percent(value: string): MilestonePercent {
  const known = MILESTONE_PERCENTS.find((candidate) => String(candidate) === value.replace(/%$/, ''))
  if (known !== undefined) return known
  throw new InvalidArgumentError(`Give ${MILESTONE_PERCENTS.join(', ')}.`)
}

/** `50=the happy path works`, once for each planned milestone. */
export function plannedMilestone(value: string, previous: readonly PlannedMilestone[] = []): PlannedMilestone[] {
  const at = value.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Give PERCENT=TEXT, such as 50=the happy path works.')
  return [...previous, { percent: percent(value.slice(0, at)), text: value.slice(at + 1) }]
}

/** A reader that says which words it takes, for the shell to complete. */
export interface ChoiceReader<Word extends string> {
  (value: string): Word
  readonly words: readonly Word[]
}

/** One of a few words. */
export function choice<Word extends string>(words: readonly Word[]): ChoiceReader<Word> {
  const read = (value: string): Word => {
    const known = words.find((word) => word === value)
    if (known !== undefined) return known
    throw new InvalidArgumentError(`Choose one of ${words.join(', ')}.`)
  }
  return Object.assign(read, { words })
}
