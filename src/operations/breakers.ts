import * as z from 'zod'
import { listBreakers, showBreaker } from '../coordinator/governor-queries.js'
import * as field from './fields.js'
import { breakerPage, breakerView, callView, permitView } from './governor-views.js'
import { operation } from './operation.js'
import { presentPage } from './present.js'
import { presentBreaker, presentPermit } from './present-governor.js'

/** Circuit breakers, one for each swarm. */

export const list = operation({
  summary: 'List the circuit breakers of swarms; with open, those that are not closed.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/breakers',
  input: z.strictObject({ open: z.boolean().default(false), ...field.page }),
  output: breakerPage,
  example: { open: true },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, input) =>
    presentPage(await fabric.read((state) => listBreakers(state, input, input)), presentBreaker),
})

export const show = operation({
  summary: 'Show the circuit breaker of a swarm.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/breakers/:swarm',
  input: z.strictObject({ swarm: field.id }),
  output: breakerView,
  example: { swarm: 'session-4-sip' },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, { swarm }) => presentBreaker(await fabric.read((state) => showBreaker(state, swarm))),
})

export const admit = operation({
  summary: 'Ask whether a swarm may make a call now; refused with BREAKER_OPEN while its breaker is open.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/breakers/:swarm/admit',
  input: z.strictObject({ swarm: field.id, as: field.as }),
  output: permitView,
  example: { swarm: 'session-4-sip' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as: _, swarm }) =>
    presentPermit(await fabric.submit({ type: 'admit_call', swarm }, origin)),
})

export const report = operation({
  summary: 'Report what became of an admitted call, with the generation and probe of its permit.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/breakers/:swarm/calls',
  input: z.strictObject({
    swarm: field.id,
    as: field.as,
    succeeded: z.boolean(),
    generation: field.count,
    probe: field.count.exactOptional(),
  }),
  output: callView,
  example: { swarm: 'session-4-sip', succeeded: true, generation: 0 },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as: _, ...call }) => {
    const { counted, breaker } = await fabric.submit({ type: 'report_call', ...call }, origin)
    return { counted, breaker: presentBreaker(breaker) }
  },
})

export const trip = operation({
  summary: 'Open and latch the circuit breaker of a swarm: it loses its claims and gets no work until it is reset.',
  role: 'admin',
  method: 'POST',
  path: '/v1/breakers/:swarm/trip',
  input: z.strictObject({ swarm: field.id, reason: field.note, as: field.as }),
  output: breakerView,
  example: { swarm: 'session-4-sip', reason: 'it edits files outside its task' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as: _, ...trip }) =>
    presentBreaker(await fabric.submit({ type: 'trip_breaker', cause: 'administrator', ...trip }, origin)),
})

export const reset = operation({
  summary: 'Close the circuit breaker of a swarm, latched or not.',
  role: 'admin',
  method: 'POST',
  path: '/v1/breakers/:swarm/reset',
  input: z.strictObject({ swarm: field.id, reason: field.note, as: field.as }),
  output: breakerView,
  example: { swarm: 'session-4-sip', reason: 'its prompt is mended' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as: _, ...reset }) =>
    presentBreaker(await fabric.submit({ type: 'reset_breaker', ...reset }, origin)),
})
