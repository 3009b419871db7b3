import { LIMITS } from '../../model/limits.js'
import type { LoggedEntry } from './facts.js'
import { blockerOf, escalationOf, fieldsOf, swarmOf, taskOf } from './trace-relations.js'
import { CHASSIS_WORDS } from './trace-text-chassis.js'
import { GOVERNOR_WORDS } from './trace-text-governor.js'
import {
  amount,
  counted,
  cut,
  type Fields,
  listOf,
  moment,
  named,
  namedAll,
  optional,
  quoted,
  span,
  type Words,
} from './trace-words.js'

/**
 * One line that says what an entry means. What it is about comes first, unless the line stands below it: `about` has
 * the names that go without saying. An entry without words of its own is shown as it is stored.
 */
export function textOf(entry: LoggedEntry, about: readonly string[] = []): string {
  const data = fieldsOf(entry)
  const words = Object.hasOwn(WORDS, entry.type) ? WORDS[entry.type] : undefined
  if (words === undefined)
    return cut(`${entry.type} ${named(entry.subject)} ${JSON.stringify(data)}`, LIMITS.traceChars)
  const unsaid = namesOf(entry)
    .filter((name) => !about.includes(name))
    .map(named)
  const subject = unsaid.length === 0 ? '' : `${unsaid.join(' ')}: `
  return cut(`${subject}${words(data, entry)}`, LIMITS.traceChars)
}

/** What an entry is about, the largest thing first. */
export function namesOf(entry: LoggedEntry): string[] {
  const names = [taskOf(entry), swarmOf(entry), blockerOf(entry), escalationOf(entry)]
  return names.filter((name) => name !== undefined)
}

const WORDS: Readonly<Record<string, Words>> = {
  fabric_created: ({ name }) => `fabric ${named(name)} created`,
  fabric_started: ({ version, node }) =>
    `fabric started, version ${named(version)}${node === undefined ? '' : `, with the node ${named(node)} in the lead`}`,
  command_received: (_, { subject }) => `answered the command with the key ${named(subject)}`,
  request_refused: refusal,
  blob_stored: ({ bytes, mediaType }, { subject }) =>
    `blob ${named(subject)} stored, ${counted(bytes, 'byte')}${optional(' of ', mediaType)}`,
  blob_deleted: ({ reason }, { subject }) => `blob ${named(subject)} deleted: ${quoted(reason)}`,

  key_introduced: ({ vkey, replaces }) =>
    `checkpoints are signed by ${quoted(vkey)}${optional(', which replaces ', replaces)}`,
  key_rotated: ({ vkey, previous }) =>
    `checkpoints are signed by ${quoted(vkey)}, for which ${quoted(previous)} vouches`,
  incident_detected: ({ kind, witness, size, seen }) =>
    `INCIDENT ${named(kind)}: witness ${quoted(witness)}, size ${size} here${optional(', there ', seen, String)}`,

  swarm_registered: ({ capabilities, tier, capacity }) =>
    `registered, capacity ${capacity}${optional(', tier ', tier, named)}${optional(', can ', namedAll(capabilities), String)}`,
  token_issued: ({ role, name, expiresAt, replaces }, { subject }) =>
    `token ${named(subject)} lets ${named(name)} in as ${named(role)} until ${moment(expiresAt)}${optional(', in place of ', Object(replaces).id, named)}`,
  token_revoked: ({ name, reason }, { subject }) =>
    `token ${named(subject)} of ${named(name)} is revoked${optional(': ', reason)}`,
  swarm_retired: ({ reason }) => `retired${optional(': ', reason)}`,
  board_imported: (data, { subject }) => `board ${named(subject)} imported: ${importCounts(data)}`,

  task_created: ({ title, external }) => `created ${quoted(title)}${external === true ? ', outside this fabric' : ''}`,
  task_updated: ({ title }) => `updated ${quoted(title)}`,
  task_unblocked: ({ cause }) =>
    cause === 'backoff' ? 'offered again: its backoff ended' : 'can start: its dependencies are completed',
  task_claimed: ({ swarm, attempt, leaseMs, hold }, { index }) =>
    `claimed by ${named(swarm)} under epoch ${index}, attempt ${attempt}, lease ${span(leaseMs)}${holding(hold)}`,
  task_stalled: ({ silentSince }) => `silent since ${moment(silentSince)}`,
  task_stall_ended: () => 'heard again',
  milestone_reported: ({ percent, note, testsPassed, testsFailed, nextAction }) =>
    [
      `${percent}%${optional(': ', note)}`,
      ...(testsPassed === undefined ? [] : [`${counted(testsPassed, 'test')} passed`]),
      ...(testsFailed === undefined ? [] : [`${testsFailed} failed`]),
      ...(nextAction === undefined ? [] : [`next ${quoted(nextAction)}`]),
    ].join(', '),
  task_released: ({ cause, note }) =>
    `${RELEASES[String(cause)] ?? `released, ${named(cause)}`}${optional(': ', note)}`,
  task_attempt_failed: ({ reason, retryAt }) =>
    `attempt failed: ${quoted(reason)}, ${retryAt === undefined ? 'the last one' : `offered again at ${moment(retryAt)}`}`,
  task_failed: ({ reason, failures }) => `failed for good after ${counted(failures, 'failure')}: ${quoted(reason)}`,
  task_completed: ({ swarm, epoch, summary, evidence }) =>
    `completed${optional(' by ', swarm, named)}${optional(' under epoch ', epoch, String)}${optional(': ', summary)}${optional('; evidence: ', listOf(evidence).map(evidenceText).join(', '), String)}`,
  task_cancelled: ({ reason }) => `cancelled${optional(': ', reason)}`,
  task_retried: () => 'brought back, its failures count from zero',
  task_archived: ({ state }) => `left memory as ${named(state)}`,

  blocker_raised: ({ kind, needs, requires, waitsFor }) =>
    `stuck (${named(kind)}): ${quoted(needs)}${optional(', waits for ', waitsFor, named)}${optional(', needs ', namedAll(requires), String)}`,
  blocker_resolved: ({ cause, by, resolution }) =>
    `${RESOLUTIONS[String(cause)] ?? 'resolved'}${optional(' by ', by, named)}${optional(': ', resolution)}`,
  help_requested: ({ swarms, asks, hold }) =>
    `help asked of ${namedAll(swarms, (swarm) => `${named(swarm)}${part(asks, swarm)}`)}${holding(hold)}`,
  help_accepted: ({ swarm }, { index }) => `${named(swarm)} helps, under epoch ${index}`,
  help_declined: ({ swarm, reason }) => `${named(swarm)} does not help${optional(': ', reason)}`,
  help_unavailable: ({ reason }) => `help is not to be had: ${quoted(reason)}`,

  message_sent: ({ text }, { subject }) => `message to ${named(subject)}: ${quoted(text)}`,
  inboxes_acknowledged: ({ cursors }) => `inboxes read: ${namedAll(Object.keys(Object(cursors)))}`,

  ...GOVERNOR_WORDS,
  ...CHASSIS_WORDS,
}

const RELEASES: Readonly<Record<string, string>> = {
  holder: 'given back by its holder',
  lease_expired: 'lost: the lease ran out without a heartbeat',
  swarm_retired: 'lost: the swarm was retired',
  operator: 'taken back by an operator',
  budget_spent: 'lost: what it may cost is spent',
  breaker_open: 'lost: the circuit breaker of its holder opened',
}

const RESOLUTIONS: Readonly<Record<string, string>> = {
  resolved: 'resolved',
  task_completed: 'resolved: what it waited for is completed',
  claim_ended: 'closed: the claim ended',
}

function refusal({ code, operation, count, lastAt, swarm, remote }: Fields, { actor }: LoggedEntry): string {
  const other = swarm === undefined || actor === `swarm:${swarm}` ? '' : ` for ${named(swarm)}`
  const times = count === 1 ? '' : `, ${count} times until ${moment(lastAt)}`
  return `REFUSED ${quoted(operation)}${other}: ${named(code)}${times}${optional(', from ', remote)}`
}

/** Budget that is reserved. */
function holding(hold: unknown): string {
  return optional(', holds ', Object(hold).amount, amount)
}

/** What a helper is asked to do, where it is not everything. */
function part(asks: unknown, swarm: unknown): string {
  const names = namedAll(Object(asks)[String(swarm)])
  return names === '' ? '' : ` (${names})`
}

function importCounts(data: Fields): string {
  const kinds = ['created', 'updated', 'completed', 'unchanged']
  return kinds.flatMap((kind) => (Number(data[kind]) > 0 ? [`${data[kind]} ${kind}`] : [])).join(', ')
}

function evidenceText(value: unknown): string {
  const evidence = Object(value) as Fields
  switch (evidence.kind) {
    case 'commit':
      return `commit ${named(evidence.commit)}${optional(' of ', evidence.repository)}`
    case 'file':
      return `file ${quoted(evidence.path)}`
    case 'command':
      return `${quoted(evidence.command)} exited with ${evidence.exitCode}`
    default:
      return quoted(evidence.text)
  }
}
