import { actorSwarm, type Entry } from '../../model/entry.js'
import { FabricError } from '../../model/errors.js'
import { ENTRY_KINDS, type EntryKind } from './entry-kinds.js'
import { type Severity, severityOf } from './severity.js'

/** An entry as the engine has it, or as it was read from its stored bytes. `type` is its name, such as `task_claimed`. */
export interface LoggedEntry extends Entry {
  /** Where it is absent, it follows from the name. */
  readonly component?: string
}

/** What an entry can be found by. */
export interface EntryFacts {
  readonly index: number
  readonly component: string
  readonly name: string
  readonly subject: string
  readonly actor: string
  /** Milliseconds since the Unix epoch, UTC. */
  readonly at: number
  /** 32 hexadecimal digits out of `traceparent`. */
  readonly traceId: string | undefined
  /** Tasks and swarms it concerns, each once. */
  readonly tasks: readonly string[]
  readonly swarms: readonly string[]
  /** The question for people that it asks or answers. */
  readonly escalation: string | undefined
  readonly severity: Severity
}

/** Is told what an entry concerns; may be told the same thing twice. */
export interface Relations {
  task(id: string): void
  swarm(id: string): void
  escalation(id: string): void
}

export function factsOf(entry: LoggedEntry): EntryFacts {
  const { index, type, subject, actor, at, traceparent } = entry
  const tasks = new Set<string>()
  const swarms = new Set<string>()
  let escalation: string | undefined
  relate(entry, ENTRY_KINDS.get(type), {
    task: (id) => tasks.add(id),
    swarm: (id) => swarms.add(id),
    escalation: (id) => {
      escalation = id
    },
  })
  return {
    index,
    component: componentOf(entry),
    name: type,
    subject,
    actor,
    at,
    traceId: traceparent === undefined ? undefined : traceIdOf(traceparent),
    tasks: [...tasks],
    swarms: [...swarms],
    escalation,
    severity: severityOf(type),
  }
}

export function componentOf({ component, type }: LoggedEntry): string {
  return component ?? ENTRY_KINDS.get(type)?.component ?? 'unknown'
}

/** The one rule for what an entry concerns, for the index and for those who ask about one entry. Costs no parsing. */
export function relate({ actor, subject, data }: LoggedEntry, kind: EntryKind | undefined, to: Relations): void {
  const swarm = actorSwarm(actor)
  if (swarm !== undefined) to.swarm(swarm)
  if (kind === undefined) return
  if (kind.subject !== undefined) relateSubject(kind.subject, subject, to)
  if (typeof data !== 'object' || data === null) return
  const fields = data as Readonly<Record<string, unknown>>
  for (const field of kind.tasks) {
    const value = fields[field]
    if (typeof value === 'string') to.task(value)
    else for (const id of namesIn(value)) to.task(id)
  }
  for (const field of kind.swarms) {
    const value = fields[field]
    if (value === swarm) continue
    if (typeof value === 'string') to.swarm(value)
    else for (const id of namesIn(value)) to.swarm(id)
  }
}

function relateSubject(kind: NonNullable<EntryKind['subject']>, subject: string, to: Relations): void {
  if (kind === 'account') {
    const { task, swarm } = ownerOf(subject)
    if (task !== undefined) to.task(task)
    if (swarm !== undefined) to.swarm(swarm)
  } else to[kind](subject)
}

const OWNED_ACCOUNT = /^(task|help|swarm):([^/]+)\//

/** The task or swarm whose budget an account is, such as `task:API-1/total`; nothing for those of many. */
export function ownerOf(account: string): { readonly task?: string; readonly swarm?: string } {
  const [, scope, id] = OWNED_ACCOUNT.exec(account) ?? []
  if (id === undefined) return {}
  return scope === 'swarm' ? { swarm: id } : { task: id }
}

const NOTHING: readonly string[] = []

function namesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return NOTHING
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : Object.keys(value)
}

const TRACE_START = 3
const TRACE_END = 35

/** Trace id of a W3C `traceparent` of any version; undefined when it has none. */
export function traceIdOf(traceparent: string): string | undefined {
  if (traceparent[TRACE_START - 1] !== '-' || traceparent[TRACE_END] !== '-') return undefined
  return traceparent.slice(TRACE_START, TRACE_END)
}

const TYPE_PATTERN = /^infrafabric\.([a-z]+)\.([a-z_]+)\.v\d+$/
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Reads the stored bytes of an entry. Throws DATA_CORRUPT when they are not one. */
export function parseEntry(index: number, bytes: Uint8Array): LoggedEntry {
  return entryOf(index, parseEvent(bytes))
}

/** An entry out of its parsed JSON. Throws DATA_CORRUPT when it is not one. */
export function entryOf(index: number, event: Readonly<Record<string, unknown>>): LoggedEntry {
  const { subject, actor, traceparent, data } = event
  const [, component, type] = TYPE_PATTERN.exec(String(event.type)) ?? []
  const at = Date.parse(String(event.time))
  if (component === undefined || type === undefined || Number.isNaN(at)) throw unreadable(index)
  if (typeof subject !== 'string' || typeof actor !== 'string') throw unreadable(index)
  const trace = typeof traceparent === 'string' ? { traceparent } : {}
  return { index, type, component, subject, at, actor, ...trace, data }
}

function parseEvent(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const event: unknown = JSON.parse(decoder.decode(bytes))
    return typeof event === 'object' && event !== null ? (event as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

function unreadable(index: number): FabricError {
  const message = `Entry ${index} of the log is not an event of InfraFabric. Restore the data directory from a backup.`
  return new FabricError('DATA_CORRUPT', message, { index })
}
