import { InvalidArgumentError } from 'commander'
import { parseDollars } from '../model/money.js'
import { isId } from '../model/ids.js'
import { LIMITS } from '../model/limits.js'
import { MILESTONE_PERCENTS, type MilestonePercent, type PlannedMilestone } from '../model/task.js'
import { HOUR_MS, MINUTE_MS, parseEstimateMinutes, SECOND_MS } from '../model/time.js'

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

/** `1.25` or `$1.25`, as nano-dollars. */
export function dollars(value: string): number {
  const nanos = parseDollars(value)
  if (nanos !== undefined) return nanos
  throw new InvalidArgumentError('Give dollars such as 2.50.')
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

/** One of a few words. */
export function choice<Word extends string>(words: readonly Word[]): (value: string) => Word {
  return (value) => {
    const known = words.find((word) => word === value)
    if (known !== undefined) return known
    throw new InvalidArgumentError(`Choose one of ${words.join(', ')}.`)
  }
}
