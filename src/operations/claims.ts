import * as z from 'zod'
import { BLOCKER_KINDS } from '../model/blocker.js'
import * as field from './fields.js'
import { usageView } from './governor-views.js'
import { operation, requireSpeaker } from './operation.js'
import { presentBlocker, presentCompletion, presentGrant, presentHeartbeat, presentTask } from './present.js'
import { blockerView, completionView, grantView, heartbeatView, taskView } from './views.js'

/** Claims and the later words of a holder. Each word carries the epoch of the claim; a stale one is refused. */

export const claim = operation({
  summary: 'Claim a task for a swarm; by the live holder it is idempotent and returns the same epoch.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/tasks/:task/claim',
  input: z.strictObject({ task: field.id, as: field.as, leaseMs: field.leaseMs }),
  output: grantView,
  example: { task: 'P0.1.2', as: 'session-4-sip' },
  mutates: true,
  keyed: false,
  run: async ({ fabric, origin }, { as, ...claim }) =>
    presentGrant(await fabric.submit({ type: 'claim_task', swarm: requireSpeaker(as), ...claim }, origin)),
})

const holder = { task: field.id, as: field.as, epoch: field.epoch }

export const heartbeat = operation({
  summary: 'Renew the lease of a claim and report what was spent; answers how many messages wait, and whether to stop.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/tasks/:task/heartbeat',
  input: z.strictObject({ ...holder, usage: field.usage.exactOptional() }),
  output: heartbeatView,
  example: { task: 'P0.1.2', as: 'session-4-sip', epoch: 42 },
  mutates: true,
  keyed: false,
  run: async ({ fabric, origin }, { as, ...word }) =>
    presentHeartbeat(await fabric.submit({ type: 'heartbeat', ...word, ...speaker(as) }, origin)),
})

export const usage = operation({
  summary: 'Report what a claim or a helper spent; also after the claim has ended. The same report is booked once.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/tasks/:task/usage',
  input: z.strictObject({ ...holder, usage: field.usage }),
  output: usageView,
  example: {
    task: 'P0.1.2',
    as: 'session-4-sip',
    epoch: 42,
    usage: { id: 'turn-17', model: 'claude-sonnet-4-5', inputTokens: 12_000, outputTokens: 900 },
  },
  mutates: true,
  keyed: false,
  run: ({ fabric, origin }, { as, ...word }) =>
    fabric.submit({ type: 'report_usage', ...word, ...speaker(as) }, origin),
})

export const milestone = operation({
  summary: 'Report 25, 50, 75 or 100 percent with a note, test counts and the next action; renews the lease.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/tasks/:task/milestones',
  input: z.strictObject({
    ...holder,
    percent: field.percent,
    note: field.note.exactOptional(),
    testsPassed: field.count.exactOptional(),
    testsFailed: field.count.exactOptional(),
    nextAction: field.note.exactOptional(),
  }),
  output: taskView,
  example: { task: 'P0.1.2', as: 'session-4-sip', epoch: 42, percent: 50, note: 'CAS works', testsPassed: 8 },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as, ...word }) =>
    presentTask(await fabric.submit({ type: 'report_milestone', ...word, ...speaker(as) }, origin)),
})

export const release = operation({
  summary: 'Give a task back under the epoch of its claim; without one, an operator takes it from its holder.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/tasks/:task/release',
  input: z.strictObject({ ...holder, epoch: field.epoch.exactOptional(), note: field.note.exactOptional() }),
  output: taskView,
  example: { task: 'P0.1.2', as: 'session-4-sip', epoch: 42, note: 'out of context' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as, ...word }) =>
    presentTask(await fabric.submit({ type: 'release_task', ...word, ...speaker(as) }, origin)),
})

export const fail = operation({
  summary: 'Report that the attempt failed; the task is tried again after a backoff unless retry is false.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/tasks/:task/fail',
  input: z.strictObject({ ...holder, reason: field.note, retry: z.boolean().default(true) }),
  output: taskView,
  example: { task: 'P0.1.2', as: 'session-4-sip', epoch: 42, reason: 'the build does not link' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as, ...word }) =>
    presentTask(await fabric.submit({ type: 'fail_task', ...word, ...speaker(as) }, origin)),
})

export const complete = operation({
  summary: 'Complete a task with evidence; without an epoch only for an external placeholder.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/tasks/:task/complete',
  input: z.strictObject({
    ...holder,
    epoch: field.epoch.exactOptional(),
    evidence: field.evidenceList.default([]),
    summary: field.note.exactOptional(),
  }),
  output: completionView,
  example: {
    task: 'P0.1.2',
    as: 'session-4-sip',
    epoch: 42,
    evidence: [{ kind: 'command', command: 'npm test', exitCode: 0 }],
  },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as, ...word }) =>
    presentCompletion(await fabric.submit({ type: 'complete_task', ...word, ...speaker(as) }, origin)),
})

export const block = operation({
  summary: 'Raise a blocker on a claimed task; the orchestrator hears of it at once.',
  role: 'swarm',
  method: 'POST',
  path: '/v1/tasks/:task/blockers',
  input: z.strictObject({
    ...holder,
    kind: z.enum(BLOCKER_KINDS),
    needs: field.note,
    requires: field.capabilities.default([]),
    waitsFor: field.id.exactOptional(),
  }),
  output: blockerView,
  example: { task: 'P0.1.2', as: 'session-4-sip', epoch: 42, kind: 'help', needs: 'somebody who knows etcd leases' },
  mutates: true,
  keyed: true,
  run: async ({ fabric, origin }, { as, ...word }) =>
    presentBlocker(await fabric.submit({ type: 'raise_blocker', ...word, ...speaker(as) }, origin)),
})

function speaker(as: string | undefined): { swarm?: string } {
  return as === undefined ? {} : { swarm: as }
}
