import { createHash } from 'node:crypto'
import * as z from 'zod'
import { escalationRow } from '../coordinator/ask-human.js'
import { listEscalations } from '../coordinator/governor-queries.js'
import { canonicalJson } from '../model/canonical.js'
import { FabricError } from '../model/errors.js'
import { ESCALATION_KINDS, ESCALATION_SEVERITIES, ESCALATION_STATES } from '../model/escalation.js'
import { LIMITS } from '../model/limits.js'
import { DAY_MS, SECOND_MS } from '../model/time.js'
import * as field from './fields.js'
import { escalationPage, escalationView } from './governor-views.js'
import { operation } from './operation.js'
import { presentPage } from './present.js'
import { presentEscalation } from './present-governor.js'

/** Questions for people, and approvals. */

const ttlMs = z
  .int()
  .min(SECOND_MS)
  .max(30 * DAY_MS)
  .exactOptional()

export const ask = operation({
  summary: 'Ask people a question; the answer comes to the inbox of whoever asked.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/escalations',
  input: z.strictObject({
    as: field.as,
    question: field.note,
    severity: z.enum(ESCALATION_SEVERITIES).default('warning'),
    context: field.metadata.default({}),
    options: z.array(field.id).max(LIMITS.escalationOptions).default([]),
    task: field.id.exactOptional(),
    ttlMs,
  }),
  output: escalationView,
  example: { as: 'session-4-sip', question: 'Which SIP dialect does the partner speak?', options: ['rfc3261', 'lync'] },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as, ...question }) =>
    presentEscalation(await fabric.submit({ type: 'ask_human', ...question, ...asker(as) }, origin)),
})

export const list = operation({
  summary: 'List questions for people, oldest first; by default those that wait for an answer.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/escalations',
  input: z.strictObject({
    state: z.enum([...ESCALATION_STATES, 'any']).default('open'),
    kind: z.enum(ESCALATION_KINDS).exactOptional(),
    ...field.page,
  }),
  output: escalationPage,
  example: { state: 'open' },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, { state: wanted, kind, ...page }) => {
    const filter = { ...(wanted !== 'any' && { state: wanted }), ...(kind !== undefined && { kind }) }
    return presentPage(await fabric.read((state) => listEscalations(state, filter, page)), presentEscalation)
  },
})

export const show = operation({
  summary: 'Show a question for people with its context and answer.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/escalations/:escalation',
  input: z.strictObject({ escalation: field.id }),
  output: escalationView,
  example: { escalation: 'escalation-91' },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, { escalation }) =>
    presentEscalation(await fabric.read((state) => escalationRow(state, escalation))),
})

export const answer = operation({
  summary: 'Answer a question, as a person; nobody gives their own approval.',
  role: 'admin',
  method: 'POST',
  path: '/v1/escalations/:escalation/answer',
  input: z.strictObject({
    escalation: field.id,
    as: field.as,
    option: field.id.exactOptional(),
    answer: field.note.exactOptional(),
  }),
  output: escalationView,
  example: { escalation: 'escalation-91', option: 'rfc3261' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as, ...answer }) =>
    presentEscalation(await fabric.submit({ type: 'answer_escalation', ...answer }, origin)),
})

const action = { action: field.note, arguments: z.record(field.id, field.json).default({}) }

export const request = operation({
  summary: 'Ask people to approve exactly one action with exactly these arguments, once.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/approvals',
  input: z.strictObject({
    as: field.as,
    ...action,
    reason: field.note,
    severity: z.enum(ESCALATION_SEVERITIES).default('warning'),
    task: field.id.exactOptional(),
    ttlMs,
  }),
  output: escalationView,
  example: { as: 'session-4-sip', action: 'deploy', arguments: { service: 'sip-edge' }, reason: 'release 1.4' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as, action: name, arguments: details, reason, ...rest }) => {
    const context = { action: name, arguments: shown(canonicalJson(details)), reason }
    const about = { question: `May this be done: ${name}?`.slice(0, LIMITS.noteChars), context, options: [] }
    const approvalOf = digestOf(name, details)
    const command = { type: 'ask_human', ...rest, ...about, approvalOf, ...asker(as) } as const
    return presentEscalation(await fabric.submit(command, origin))
  },
})

export const take = operation({
  summary: 'Use an approval: once, by whoever asked, for exactly the action and arguments that were approved.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/approvals/:escalation/take',
  input: z.strictObject({ escalation: field.id, as: field.as, ...action }),
  output: escalationView,
  example: { escalation: 'escalation-91', as: 'session-4-sip', action: 'deploy', arguments: { service: 'sip-edge' } },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as, escalation, action: name, arguments: details }) => {
    const command = { type: 'take_approval', escalation, digest: digestOf(name, details), ...asker(as) } as const
    return presentEscalation(await fabric.submit(command, origin))
  },
})

/** Of exactly what is asked for, whatever the order of its arguments. */
function digestOf(name: string, details: unknown): string {
  return createHash('sha256')
    .update(canonicalJson({ action: name, arguments: details }))
    .digest('hex')
}

/** Whoever approves sees all of what is approved. Throws INVALID_ARGUMENT where that is too much to show. */
function shown(text: string): string {
  if (text.length <= LIMITS.noteChars) return text
  const message = `The arguments take ${text.length} characters; a person is shown at most ${LIMITS.noteChars}. Name large content by its digest.`
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'arguments', maxChars: LIMITS.noteChars })
}

function asker(as: string | undefined): { swarm?: string } {
  return as === undefined ? {} : { swarm: as }
}
