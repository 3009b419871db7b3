import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { type EntryFacts, factsOf, type LoggedEntry, parseEntry } from './facts.js'
import { isAtLeast, SEVERITIES, type Severity } from './severity.js'

/** What entries are asked for; everything that is given must hold. */
export interface EntryFilter {
  readonly component?: string
  /** Name of the entry, such as `task_claimed`. */
  readonly operation?: string
  readonly swarm?: string
  readonly task?: string
  /** A question for people: it, and what became of it. */
  readonly escalation?: string
  /** This severity or a higher one. */
  readonly severity?: Severity
  /** At this time or later, and before this one: milliseconds since the Unix epoch. */
  readonly since?: number
  readonly until?: number
  /** 32 hexadecimal digits. */
  readonly trace?: string
  /** Occurs in the subject, the actor or a value of the data; letters match in either case. */
  readonly text?: string
}

const WORD = /^[a-z][a-z_]{0,63}$/
const TRACE_ID = /^[0-9a-f]{32}$/
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

/** Reads a filter from JSON. Throws INVALID_ARGUMENT for a field that does not exist or has no sense. */
export function readFilter(stated: Readonly<Record<string, unknown>>): EntryFilter {
  const filter: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(stated)) {
    if (value === undefined) continue
    if (!isField(field)) throw refused(field, `${field}: no such field; use ${Object.keys(READERS).join(', ')}.`)
    filter[field] = typeof value === 'string' ? READERS[field](value) : undefined
    if (filter[field] === undefined) throw refused(field, `${field}: ${EXPECTED[field]}.`)
  }
  const { since, until } = filter as EntryFilter
  if (since !== undefined && until !== undefined && since >= until) {
    throw refused('until', 'until: is not later than since, so nothing can match. Exchange them.')
  }
  return filter
}

type Field = keyof EntryFilter

const idText = (text: string) => (text.length <= LIMITS.titleChars ? text : undefined)
const word = (text: string) => (WORD.test(text) ? text : undefined)

/** Each gives undefined for what it cannot read. */
const READERS: Readonly<Record<Field, (text: string) => string | number | undefined>> = {
  component: word,
  operation: word,
  swarm: idText,
  task: idText,
  escalation: idText,
  severity: (text) => SEVERITIES.find((severity) => severity === text),
  since: parseTime,
  until: parseTime,
  trace: (text) => (TRACE_ID.test(text) ? text : undefined),
  text: (text) => (text.length > 0 && text.length <= LIMITS.noteChars ? text : undefined),
}

const TIME = 'not a time: use RFC 3339, such as 2026-01-31T08:30:00Z'
const EXPECTED: Readonly<Record<Field, string>> = {
  component: 'not the name of a component',
  operation: 'not the name of an entry, such as task_claimed',
  swarm: 'not an id of a swarm',
  task: 'not an id of a task',
  escalation: 'not an id of an escalation',
  severity: `use one of ${SEVERITIES.join(', ')}`,
  since: TIME,
  until: TIME,
  trace: 'not a trace id: use 32 lower-case hexadecimal digits',
  text: `use 1 to ${LIMITS.noteChars} characters`,
}

function isField(field: string): field is Field {
  return Object.hasOwn(READERS, field)
}

function refused(field: string, message: string): FabricError {
  return new FabricError('INVALID_ARGUMENT', message, { field })
}

/** Milliseconds since the Unix epoch, or undefined when the text is not RFC 3339. */
export function parseTime(text: string): number | undefined {
  const at = RFC_3339.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

/** Whether stored entries match. What they return throws DATA_CORRUPT for bytes that are no entry. */
export function matcherOf(filter: EntryFilter): (index: number, bytes: Uint8Array) => boolean {
  const { text } = filter
  if (text === undefined) return (index, bytes) => factsMatch(factsOf(parseEntry(index, bytes)), filter)
  // Entries are written with JSON.stringify, so a value that holds the text holds these characters. Reading an entry costs
  // ten times as much as this look at it.
  const stored = JSON.stringify(text).slice(1, -1).toLowerCase()
  return (index, bytes) => {
    const json = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
    return json.toLowerCase().includes(stored) && matches(parseEntry(index, bytes), filter)
  }
}

/** Whether an entry that has been read matches. */
export function matches(entry: LoggedEntry, filter: EntryFilter): boolean {
  if (!factsMatch(factsOf(entry), filter)) return false
  const { text } = filter
  return text === undefined || hasText([entry.subject, entry.actor, entry.data], text.toLowerCase())
}

function factsMatch(facts: EntryFacts, filter: EntryFilter): boolean {
  const { component, operation, swarm, task, escalation, severity, since, until, trace } = filter
  return (
    (component === undefined || facts.component === component) &&
    (operation === undefined || facts.name === operation) &&
    (trace === undefined || facts.traceId === trace) &&
    (task === undefined || facts.tasks.includes(task)) &&
    (swarm === undefined || facts.swarms.includes(swarm)) &&
    (escalation === undefined || facts.escalation === escalation) &&
    (severity === undefined || isAtLeast(facts.severity, severity)) &&
    (since === undefined || facts.at >= since) &&
    (until === undefined || facts.at < until)
  )
}

/** Looks at strings and numbers on all levels; without recursion, since the levels of a foreign log have no bound. */
function hasText(values: readonly unknown[], lower: string): boolean {
  const waiting = [...values]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) waiting.push(inner)
    else if (typeof value === 'string' && value.toLowerCase().includes(lower)) return true
    else if (typeof value === 'number' && String(value).includes(lower)) return true
  }
  return false
}
