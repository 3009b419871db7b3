import * as z from 'zod'
import { listReady, listTasks } from '../coordinator/queries.js'
import { TASK_KINDS, TASK_STATES } from '../model/task.js'
import * as field from './fields.js'
import { operation, requireSpeaker } from './operation.js'
import { presentCancel, presentOffer, presentPage, presentTask, presentTaskDetail } from './present.js'
import { cancelView, offerView, taskDetailView, taskPage, taskView } from './views.js'

export const create = operation({
  summary: 'Create a task.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/tasks',
  input: z.strictObject({
    ...field.taskSpec,
    as: field.as,
  }),
  output: taskView,
  example: { id: 'P0.1.2', title: 'Atomic claims', dependencies: ['P0.1.1'], requires: ['code:typescript'] },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as: _, ...task }) =>
    presentTask(await fabric.submit({ type: 'create_task', task }, origin)),
})

export const list = operation({
  summary: 'List tasks, in order of their ids.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/tasks',
  input: z.strictObject({
    state: z.enum(TASK_STATES).exactOptional(),
    kind: z.enum(TASK_KINDS).exactOptional(),
    board: field.id.exactOptional(),
    swarm: field.id.exactOptional(),
    stuck: z.boolean().exactOptional(),
    ...field.page,
  }),
  output: taskPage,
  example: { state: 'available', limit: 20 },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, input) =>
    presentPage(await fabric.read((state) => listTasks(state, input, input)), presentTask),
})

export const show = operation({
  summary: 'Show a task with its claim, progress, blockers, dependencies and dependents.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/tasks/:task',
  input: z.strictObject({ task: field.id }),
  output: taskDetailView,
  example: { task: 'P0.1.2' },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, { task }) => presentTaskDetail(await fabric.task(task)),
})

export const ready = operation({
  summary: 'List claimable tasks in the order they are offered; with a swarm, those it is eligible for.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/ready',
  input: z.strictObject({ swarm: field.id.exactOptional(), ...field.page }),
  output: taskPage,
  example: { swarm: 'session-4-sip' },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, input) => {
    return presentPage(await fabric.read((state) => listReady(state, input, input)), presentTask)
  },
})

export const next = operation({
  summary: 'Offer a swarm its best next work and, if asked, claim it; waits up to waitMs for some.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/next',
  input: z.strictObject({
    as: field.as,
    claim: z.boolean().default(false),
    leaseMs: field.leaseMs,
    waitMs: field.waitMs,
    /** Also ends the wait when there are unread messages. */
    untilMail: z.boolean().default(false),
  }),
  output: offerView,
  example: { as: 'session-4-sip', claim: true, waitMs: 50_000 },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin, signal }, { as, waitMs, untilMail, ...offer }) => {
    const command = { type: 'offer_next', swarm: requireSpeaker(as), ...offer } as const
    return presentOffer(await fabric.next(command, origin, waitMs, signal, untilMail))
  },
})

export const cancel = operation({
  summary: 'Cancel a task; with cascade, also every task that depends on it.',
  role: 'orchestrator',
  method: 'POST',
  path: '/v1/tasks/:task/cancel',
  input: z.strictObject({ task: field.id, reason: field.note.exactOptional(), cascade: z.boolean().default(false) }),
  output: cancelView,
  example: { task: 'P0.1.2', reason: 'superseded by P0.2.1' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, input) =>
    presentCancel(await fabric.submit({ type: 'cancel_task', ...input }, origin)),
})

export const retry = operation({
  summary: 'Make a failed task claimable again.',
  role: 'orchestrator',
  method: 'POST',
  path: '/v1/tasks/:task/retry',
  input: z.strictObject({ task: field.id }),
  output: taskView,
  example: { task: 'P0.1.2' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { task }) => presentTask(await fabric.submit({ type: 'retry_task', task }, origin)),
})
