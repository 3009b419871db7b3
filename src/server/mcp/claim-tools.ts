import * as z from 'zod'
import { FabricError } from '../../model/errors.js'
import { MILESTONE_PERCENTS } from '../../model/task.js'
import { briefOffer, details, helperEpoch, offered } from './brief.js'
import { acknowledge, acknowledgeMail, briefMail, mail, NO_MAIL, readMailToo } from './mail.js'
import { type ToolContext, tool } from './tool.js'

/** The tools by which a swarm takes work and keeps it. Each later word carries the epoch that came with the claim. */

const task = z.string()
const epoch = z.int()
/** A task to do, or a blocker of somebody else's task to help with. */
const work = { task: task.optional(), blocker: z.string().optional().describe('instead: help that you were asked for') }
const stop = z.object({ reason: z.string() }).optional()

export const nextTask = tool({
  name: 'next_task',
  description:
    'Get your best next work, claimed unless claim is false. Kind help: accept by claim_task. None: wait_for_work.',
  input: z.strictObject({ claim: z.boolean().default(true) }),
  output: z.object(offered),
  effect: 'add',
  run: async ({ fabric, signal, swarm }, { claim }) => {
    const caller = swarm()
    return briefOffer(await fabric.task.next({ claim }, { signal }), caller)
  },
})

export const claimTask = tool({
  name: 'claim_task',
  description: 'Claim a task, or accept to help with a blocker (again: you are still at it). Keep the epoch.',
  input: z.strictObject(work),
  output: z.object({
    task,
    epoch,
    leaseEndsAt: z.string().optional(),
    reclaimed: z.boolean().optional().describe('it was yours already'),
  }),
  effect: 'repeat',
  run: async (context, { task, blocker }) => {
    if (blocker !== undefined) return acceptHelp(context, blocker, task)
    const { fabric, signal } = context
    const { epoch, leaseEndsAt, reclaimed, ...grant } = await fabric.task.claim({ task: only(task) }, { signal })
    return { task: grant.task, epoch, leaseEndsAt, reclaimed }
  },
})

async function acceptHelp({ fabric, signal, swarm }: ToolContext, blocker: string, task: string | undefined) {
  const caller = swarm()
  refuseBoth(task)
  const accepted = await fabric.blocker.answer({ blocker, accept: true }, { signal })
  const epoch = helperEpoch(accepted, caller)
  // Resolved or taken back in the same moment.
  if (epoch === undefined) throw new FabricError('WRONG_STATE', `${blocker} needs no help any more.`, { blocker })
  return { task: accepted.task, epoch }
}

/** The task of a call that is not about a blocker. Throws INVALID_ARGUMENT. */
export function only(task: string | undefined): string {
  if (task !== undefined) return task
  throw new FabricError('INVALID_ARGUMENT', 'task: say which task, or which blocker.', { field: 'task' })
}

/** Throws INVALID_ARGUMENT for a call about a blocker that names a task too. */
export function refuseBoth(task: string | undefined): void {
  if (task === undefined) return
  throw new FabricError('INVALID_ARGUMENT', 'task: leave it out where you name a blocker.', { field: 'task' })
}

export const heartbeat = tool({
  name: 'heartbeat',
  description: 'Renew your claim, every few minutes of work. Answers unread messages, and stop when you must stop.',
  input: z.strictObject({
    task,
    epoch,
    acknowledge,
    usage: z
      .strictObject({
        id: z.string().describe('new for each report'),
        model: z.string().exactOptional(),
        inputTokens: z.int().exactOptional(),
        outputTokens: z.int().exactOptional(),
        cachedTokens: z.int().exactOptional(),
        costNanos: z.int().exactOptional(),
      })
      .optional()
      .describe('spent since the last report'),
  }),
  output: z.object({ leaseEndsAt: z.string(), stop, budget: details.optional(), usage: details.optional(), ...mail }),
  effect: 'repeat',
  run: async (context, { acknowledge, ...word }) => {
    const { fabric, signal } = context
    await acknowledgeMail(context, acknowledge)
    const { leaseEndsAt, stop, budget, usage, unread } = await fabric.task.heartbeat(word, { signal })
    const found = unread === 0 ? NO_MAIL : await readMailToo(context, unread)
    const spent = { ...(budget && { budget }), ...(usage && { usage }) }
    return { leaseEndsAt, ...(stop && { stop }), ...spent, ...briefMail(found) }
  },
})

export const reportMilestone = tool({
  name: 'report_milestone',
  description: 'Report how far the task is; renews your claim.',
  input: z.strictObject({
    task,
    epoch,
    percent: z.literal(MILESTONE_PERCENTS),
    note: z.string().optional(),
    testsPassed: z.int().optional(),
    testsFailed: z.int().optional(),
    nextAction: z.string().optional(),
  }),
  output: z.object({ task, state: z.string(), percent: z.int(), stop }),
  effect: 'add',
  run: async ({ fabric, signal }, input) => {
    const { id, state, claim } = await fabric.task.milestone(input, { signal })
    const stop = claim?.stoppedAt === undefined ? {} : { stop: { reason: STOPPED } }
    return { task: id, state, percent: input.percent, ...stop }
  },
})

const STOPPED = 'The budget of this claim is spent. Complete or release the task, or wait for a person.'
