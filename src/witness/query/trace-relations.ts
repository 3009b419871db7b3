import { ENTRY_KINDS } from './entry-kinds.js'
import { type LoggedEntry, ownerOf, traceIdOf } from './facts.js'
import { type Fields, listOf } from './trace-words.js'

/** What ties entries to each other, beyond what they can be found by. */

export function fieldsOf({ data }: LoggedEntry): Fields {
  return typeof data === 'object' && data !== null ? (data as Fields) : {}
}

/** The one task an entry belongs to; a blocker belongs to the task that is stuck, not to the one it waits for. */
export function taskOf(entry: LoggedEntry): string | undefined {
  const subject = ENTRY_KINDS.get(entry.type)?.subject
  if (subject === 'task') return entry.subject
  const { task } = fieldsOf(entry)
  if (typeof task === 'string') return task
  return subject === 'account' ? ownerOf(entry.subject).task : undefined
}

/** The swarm whose life an entry tells, for those that are about no task. A message is told by its text. */
export function swarmOf({ type, subject }: LoggedEntry): string | undefined {
  return type !== 'message_sent' && ENTRY_KINDS.get(type)?.subject === 'swarm' ? subject : undefined
}

/** The blocker that an entry raises, asks people about, answers or resolves. */
export function blockerOf(entry: LoggedEntry): string | undefined {
  const { type, subject } = entry
  if (type.startsWith('blocker_') || type.startsWith('help_')) return subject
  const { blocker } = fieldsOf(entry)
  return type === 'escalation_opened' && typeof blocker === 'string' ? blocker : undefined
}

/** The question for people that an entry asks, answers or ends. */
export function escalationOf({ type, subject }: LoggedEntry): string | undefined {
  return ENTRY_KINDS.get(type)?.subject === 'escalation' ? subject : undefined
}

/** What an entry was written under: the index of the `task_claimed` of a claim, or of the `help_accepted` of a helper. */
export function epochOf(entry: LoggedEntry): number | undefined {
  const { epoch, hold } = fieldsOf(entry)
  if (typeof epoch === 'number') return epoch
  const held = entry.type === 'budget_extended' ? HOLD_OF_CLAIM.exec(String(hold))?.[1] : undefined
  return held === undefined ? undefined : Number(held)
}

const HOLD_OF_CLAIM = /^claim-(\d{1,15})$/

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
