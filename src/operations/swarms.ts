import * as z from 'zod'
import { listSwarms, showSwarm } from '../coordinator/queries.js'
import * as field from './fields.js'
import { mintToken } from './new-token.js'
import { operation } from './operation.js'
import { presentMessage, presentPage, presentRetirement, presentSwarm, presentSwarmDetail } from './present.js'
import { issuedTokenView, presentIssued, tokenTtlMs } from './tokens.js'
import { messageView, retirementView, swarmDetailView, swarmPage, swarmView } from './views.js'

/** `issued` is there once, where a token was asked for and issued. */
const registeredView = z.strictObject({ ...swarmView.shape, issued: issuedTokenView.exactOptional() })

export const register = operation({
  summary:
    'Register a swarm, or change what it says it can do. What it costs, may spend and is trusted is for administrators.',
  role: 'swarm',
  method: 'PUT',
  path: '/v1/swarms/:swarm',
  input: z.strictObject({
    swarm: field.id,
    capabilities: field.capabilities.default([]),
    tier: field.id.exactOptional(),
    capacity: z.int().min(1).max(1_000).default(1),
    metadata: field.metadata.default({}),
    costPerHourNanos: field.nanos.exactOptional(),
    reputation: z.number().min(0).max(1).exactOptional(),
    budgetNanos: field.nanos.exactOptional(),
    /** Issues a token for it, where it has none that is good. */
    token: z.boolean().default(false),
    ttlMs: tokenTtlMs,
    /** The swarm itself, where it changes its own profile. */
    as: field.as,
  }),
  output: registeredView,
  example: { swarm: 'session-4-sip', capabilities: ['code:typescript', 'net:sip'], tier: 'sonnet' },
  mutates: true,
  keyed: false,
  run: async ({ fabric, origin }, { as: _, token, ttlMs, ...profile }) => {
    const minted = mintToken(ttlMs)
    const command = { type: 'register_swarm', ...profile, ...(token && { issue: minted.command }) } as const
    const { issued, ...row } = await fabric.submit(command, origin)
    return { ...presentSwarm(row), ...(issued && { issued: presentIssued(issued, minted) }) }
  },
})

export const grant = operation({
  summary: 'Grant capabilities to a swarm; the list replaces the one before.',
  role: 'admin',
  method: 'PUT',
  path: '/v1/swarms/:swarm/grants',
  input: z.strictObject({ swarm: field.id, capabilities: field.capabilities, as: field.as }),
  output: swarmView,
  example: { swarm: 'session-4-sip', capabilities: ['deploy:production'] },
  mutates: true,
  keyed: false,
  run: async ({ fabric, origin }, { as: _, ...grant }) =>
    presentSwarm(await fabric.submit({ type: 'grant_capabilities', ...grant }, origin)),
})

export const list = operation({
  summary: 'List swarms with what each is doing.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/swarms',
  input: z.strictObject(field.page),
  output: swarmPage,
  example: { limit: 20 },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, input) =>
    presentPage(await fabric.read((state) => listSwarms(state, input)), presentSwarmDetail),
})

export const show = operation({
  summary: 'Show a swarm with its claims, the help it gives and its unread messages.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/swarms/:swarm',
  input: z.strictObject({ swarm: field.id }),
  output: swarmDetailView,
  example: { swarm: 'session-4-sip' },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, { swarm }) => presentSwarmDetail(await fabric.read((state) => showSwarm(state, swarm))),
})

export const retire = operation({
  summary: 'Retire a swarm; its claims are released.',
  role: 'admin',
  method: 'POST',
  path: '/v1/swarms/:swarm/retire',
  input: z.strictObject({ swarm: field.id, reason: field.note.exactOptional() }),
  output: retirementView,
  example: { swarm: 'session-4-sip', reason: 'session ended' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, input) =>
    presentRetirement(await fabric.submit({ type: 'retire_swarm', ...input }, origin)),
})

export const send = operation({
  summary: 'Send a message to the inbox of a swarm or of the orchestrator.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/inboxes/:to/messages',
  input: z.strictObject({ to: field.id, as: field.as, text: field.text, task: field.id.exactOptional() }),
  output: messageView,
  example: { to: 'session-2-webrtc', as: 'session-4-sip', text: 'Please review the SDP parser.', task: 'P0.1.2' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as, ...message }) =>
    presentMessage(await fabric.submit({ type: 'send_message', ...message }, origin)),
})
