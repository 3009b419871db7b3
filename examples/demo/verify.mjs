import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** `infrafabric.coordinator.task_claimed.v1` -> `task_claimed` */
export function kindOf(event) {
  return event.type.split('.')[2]
}

/** The entry that each kind of note promises, told by its place in the log. */
const PLACED = {
  claim: ({ epoch, task, swarm }, at) => is(at(epoch), 'task_claimed', task) && at(epoch).data.swarm === swarm,
  block: ({ blocker, task }, at) =>
    is(at(indexOf(blocker)), 'blocker_raised', blocker) && at(indexOf(blocker)).data.task === task,
  accept: ({ epoch, blocker, swarm }, at) => is(at(epoch), 'help_accepted', blocker) && at(epoch).data.swarm === swarm,
  message: ({ index, to }, at) => is(at(index), 'message_sent', to),
}

/** The entry that each other kind of note promises, told by what it says. */
const SAID = {
  register: ({ swarm }) => ['swarm_registered', swarm, () => true],
  create: ({ task }) => ['task_created', task, () => true],
  milestone: ({ task, epoch, percent }) => [
    'milestone_reported',
    task,
    (data) => data.epoch === epoch && data.percent === percent,
  ],
  ask: ({ blocker, swarms }) => [
    'help_requested',
    blocker,
    (data) => swarms.every((swarm) => data.swarms.includes(swarm)),
  ],
  resolve: ({ blocker, swarm }) => ['blocker_resolved', blocker, (data) => data.by === swarm],
  complete: ({ task, epoch }) => ['task_completed', task, (data) => data.epoch === epoch],
  usage: ({ task, epoch, report, spent }) => [
    'usage_reported',
    task,
    (data) =>
      data.epoch === epoch && data.report === report && Object.keys(spent).every((each) => data[each] === spent[each]),
  ],
  extend: ({ account, reason }) => ['budget_extended', account, (data) => data.reason === reason],
  reset: ({ swarm, reason }) => ['breaker_closed', swarm, (data) => data.reason === reason],
  answer: ({ escalation, answer }) => ['escalation_answered', escalation, (data) => data.answer === answer],
}

/** Acknowledged changes that the log does not have. */
export function missingChanges(notes, events) {
  const at = (index) => events[index]
  const bySubject = groupBySubject(events)
  return notes.filter((note) => {
    const placed = PLACED[note.change]
    if (placed !== undefined) return !placed(note, at)
    const [kind, subject, matches] = SAID[note.change](note)
    const candidates = bySubject.get(subject) ?? []
    return !candidates.some((event) => kindOf(event) === kind && matches(event.data))
  })
}

/** Entries that were pushed to a reader and that the log does not have, or has otherwise. */
export function changedEntries(pushed, events) {
  return pushed.filter(({ index, event }) => JSON.stringify(event) !== JSON.stringify(events[index]))
}

/** What is wrong with a log: two live claims of one task, a word under a stale epoch, a task completed twice. */
export function brokenClaims(events) {
  const live = new Map()
  const completed = new Set()
  const broken = []
  events.forEach((event, index) => {
    const { subject, data } = event
    const kind = kindOf(event)
    if (kind === 'task_claimed') {
      if (live.has(subject)) broken.push(`${subject} is claimed at ${index} under the live epoch ${live.get(subject)}`)
      live.set(subject, index)
    } else if (HOLDER_WORDS.has(kind)) {
      if (live.get(subject) !== data.epoch) broken.push(`${kind} of ${subject} at ${index} has a stale epoch`)
      if (kind !== 'milestone_reported') live.delete(subject)
      if (kind === 'task_completed' && completed.has(subject)) broken.push(`${subject} is completed twice`)
      if (kind === 'task_completed') completed.add(subject)
    }
  })
  return broken
}

/** Completed tasks whose evidence is no file of that content. */
export function falseEvidence(events, directory) {
  return events.filter((event) => {
    if (kindOf(event) !== 'task_completed') return false
    const files = event.data.evidence.filter(({ kind }) => kind === 'file')
    return files.length === 0 || !files.every(({ path, sha256 }) => sha256Of(join(directory, path)) === sha256)
  })
}

const HOLDER_WORDS = new Set(['milestone_reported', 'task_released', 'task_attempt_failed', 'task_completed'])

function sha256Of(path) {
  if (!existsSync(path)) return undefined
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

function is(event, kind, subject) {
  return event !== undefined && kindOf(event) === kind && event.subject === subject
}

/** `blocker-57` was raised by entry 57. */
function indexOf(blocker) {
  return Number(blocker.slice('blocker-'.length))
}

function groupBySubject(events) {
  const groups = new Map()
  for (const event of events) {
    const group = groups.get(event.subject)
    if (group === undefined) groups.set(event.subject, [event])
    else group.push(event)
  }
  return groups
}
