import * as z from 'zod'
import { LIMITS } from '../model/limits.js'
import * as field from './fields.js'
import { operation } from './operation.js'
import { presentInbox } from './present.js'
import { acknowledgementView, inboxView } from './views.js'

export const read = operation({
  summary: 'Read the messages of an inbox that are not acknowledged; waits up to waitMs for the first.',
  role: 'swarm',
  speaksAs: 'swarm',
  method: 'GET',
  path: '/v1/inboxes/:swarm',
  input: z.strictObject({
    swarm: field.id,
    /** Only messages with a greater index. */
    after: z.int().min(-1).default(-1),
    limit: z.int().min(1).max(LIMITS.pageItems).default(100),
    waitMs: field.waitMs,
  }),
  output: inboxView,
  example: { swarm: 'session-4-sip', waitMs: 50_000 },
  mutates: false,
  keyed: false,
  run: async ({ fabric, signal }, { swarm, after, limit, waitMs }) =>
    presentInbox(await fabric.inbox(swarm, after, limit, waitMs, signal)),
})

export const acknowledge = operation({
  summary: 'Acknowledge the messages of an inbox up to an index; they are not delivered again.',
  role: 'swarm',
  speaksAs: 'swarm',
  method: 'POST',
  path: '/v1/inboxes/:swarm/acknowledge',
  input: z.strictObject({ swarm: field.id, upTo: field.count }),
  output: acknowledgementView,
  example: { swarm: 'session-4-sip', upTo: 118 },
  mutates: true,
  keyed: false,
  run: ({ fabric, origin }, { swarm, upTo }) => fabric.submit({ type: 'acknowledge_inbox', swarm, upTo }, origin),
})
