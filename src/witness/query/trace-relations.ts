import { type LoggedEntry, traceIdOf } from './facts.js'
import { type Fields, listOf } from './trace-words.js'

/** What ties entries to each other, beyond what they can be found by. */

export function fieldsOf({ data }: LoggedEntry): Fields {
  return typeof data === 'object' && data !== null ? (data as Fields) : {}
}

/** The one task an entry belongs to; a blocker belongs to the task that is stuck, not to the one it waits for. */
export function taskOf(entry: LoggedEntry): string | undefined {
  if (entry.type.startsWith('task_') || entry.type === 'milestone_reported') return entry.subject
  const { task } = fieldsOf(entry)
  return typeof task === 'string' ? task : undefined
}

/** The swarm whose life an entry tells, for those that are about no task. */
export function swarmOf({ type, subject }: LoggedEntry): string | undefined {
  return type.startsWith('swarm_') ? subject : undefined
}

/** The blocker that an entry raises, answers or resolves. */
export function blockerOf({ type, subject }: LoggedEntry): string | undefined {
  return type.startsWith('blocker_') || type.startsWith('help_') ? subject : undefined
}

/** The claim that an entry was written under: the index of its `task_claimed`. */
export function epochOf(entry: LoggedEntry): number | undefined {
  const { epoch } = fieldsOf(entry)
  return typeof epoch === 'number' ? epoch : undefined
}

/** The swarm that an entry names as the one who speaks or is spoken of. */
export function holderOf(entry: LoggedEntry): string | undefined {
  const { swarm } = fieldsOf(entry)
  return typeof swarm === 'string' ? swarm : undefined
}

const CLAIM_ENDS: ReadonlySet<string> = new Set([
  'task_completed',
  'task_released',
  'task_attempt_failed',
  'task_cancelled',
])

export function endsClaim({ type }: LoggedEntry): boolean {
  return CLAIM_ENDS.has(type)
}

export function isSpec({ type }: LoggedEntry): boolean {
  return type === 'task_created' || type === 'task_updated'
}

/** Tasks that the task of a description waits for. */
export function dependenciesOf(entry: LoggedEntry): string[] {
  return isSpec(entry) ? listOf(fieldsOf(entry).dependencies).filter((id) => typeof id === 'string') : []
}

/** The caller's span: the parent id of `traceparent`. */
export function spanOf({ traceparent = '' }: LoggedEntry): string {
  return traceIdOf(traceparent) === undefined ? 'unknown' : traceparent.slice(SPAN_START, SPAN_END)
}

const SPAN_START = 36
const SPAN_END = 52
