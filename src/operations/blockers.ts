import * as z from 'zod'
import { listBlockers } from '../coordinator/queries.js'
import * as field from './fields.js'
import { operation, requireSpeaker } from './operation.js'
import { presentBlocker, presentPage } from './present.js'
import { blockerPage, blockerView } from './views.js'

export const list = operation({
  summary: 'List blockers, oldest first; with open, only those that are not resolved.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/blockers',
  input: z.strictObject({ open: z.boolean().default(true), ...field.page }),
  output: blockerPage,
  example: { open: true },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, input) =>
    presentPage(await fabric.read((state) => listBlockers(state, input, input)), presentBlocker),
})

export const assign = operation({
  summary: 'Ask swarms to help with a blocker.',
  role: 'orchestrator',
  method: 'POST',
  path: '/v1/blockers/:blocker/assign',
  input: z.strictObject({ blocker: field.id, swarms: field.ids.min(1) }),
  output: blockerView,
  example: { blocker: 'blocker-57', swarms: ['session-2-webrtc'] },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, input) =>
    presentBlocker(await fabric.submit({ type: 'assign_helpers', ...input }, origin)),
})

export const answer = operation({
  summary: 'Accept or decline a request for help; accepting gives the helper an epoch of its own.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/blockers/:blocker/answer',
  input: z.strictObject({
    blocker: field.id,
    as: field.as,
    accept: z.boolean(),
    reason: field.note.exactOptional(),
  }),
  output: blockerView,
  example: { blocker: 'blocker-57', as: 'session-2-webrtc', accept: true },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as, ...answer }) =>
    presentBlocker(await fabric.submit({ type: 'answer_help', swarm: requireSpeaker(as), ...answer }, origin)),
})

export const resolve = operation({
  summary: 'Resolve a blocker: a helper or the holder under its epoch, an operator without one.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/blockers/:blocker/resolve',
  input: z.strictObject({
    blocker: field.id,
    as: field.as,
    epoch: field.epoch.exactOptional(),
    resolution: field.note.exactOptional(),
  }),
  output: blockerView,
  example: { blocker: 'blocker-57', as: 'session-2-webrtc', epoch: 61, resolution: 'lease keep-alive was missing' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as, ...word }) => {
    const swarm = as === undefined ? {} : { swarm: as }
    return presentBlocker(await fabric.submit({ type: 'resolve_blocker', ...word, ...swarm }, origin))
  },
})
