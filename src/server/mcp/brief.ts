import * as z from 'zod'
import type { BlockerView, MessageView, OfferView, TaskView } from '../../operations/views.js'

/** Views as a model reads them: what is empty, or of no use for the work, costs tokens and is left out. */

type Brief = Record<string, unknown>

/** An object that the description of its field tells enough about. */
export const details = z.looseObject({})

const TASK_FIELDS = [
  'id',
  'title',
  'state',
  'kind',
  'description',
  'deliverable',
  'acceptance',
  'milestones',
  'keyTests',
  'requires',
  'dependencies',
  'priority',
  'estimateMinutes',
  'tier',
  'board',
  'module',
  'maxCostNanos',
  'progress',
  'openBlockers',
  'lastFailure',
  'notBefore',
  'evidence',
  'summary',
  'completedBy',
] as const satisfies readonly (keyof TaskView)[]

export function briefTask(task: TaskView): Brief {
  const holder = task.claim === undefined ? {} : { holder: task.claim.swarm, epoch: task.claim.epoch }
  return { ...filled(TASK_FIELDS.map((field) => [field, task[field]])), ...holder }
}

export function briefBlocker({
  id,
  task,
  swarm,
  kind,
  state,
  needs,
  requires,
  waitsFor,
  resolution,
}: BlockerView): Brief {
  return filled(Object.entries({ id, task, swarm, kind, state, needs, requires, waitsFor, resolution }))
}

export function briefMessage({ index, kind, from, text, task, blocker, escalation }: MessageView): Brief {
  return filled(Object.entries({ index, kind, from, text, task, blocker, escalation }))
}

/** Work that is offered, or claimed for the caller. */
export const offered = {
  kind: z.enum(['resume', 'help', 'primary', 'filler', 'none']),
  task: details.optional(),
  epoch: z.int().optional(),
  leaseEndsAt: z.string().optional(),
  blocker: details.optional(),
  short: z.boolean().optional().describe('work is there, but no budget for it'),
}

export function briefOffer({ kind, task, claim, blocker, short }: OfferView, swarm: string) {
  const epoch = claim?.epoch ?? (blocker && helperEpoch(blocker, swarm))
  return {
    kind,
    ...(task && { task: briefTask(task) }),
    ...(epoch !== undefined && { epoch }),
    ...(claim && { leaseEndsAt: claim.leaseEndsAt }),
    ...(blocker && { blocker: briefBlocker(blocker) }),
    ...(short !== undefined && { short }),
  }
}

/** The epoch under which a swarm helps; undefined before it accepts. */
export function helperEpoch({ helpers }: BlockerView, swarm: string): number | undefined {
  return helpers.find((helper) => helper.swarm === swarm)?.epoch
}

function filled(fields: readonly (readonly [string, unknown])[]): Brief {
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined && !isEmpty(value)))
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}
