import * as z from 'zod'
import { FabricError } from '../../model/errors.js'
import { only, refuseBoth } from './claim-tools.js'
import { tool } from './tool.js'

/** The tools by which work ends: a task, or the help with a blocker. */

const holder = { task: z.string().optional(), epoch: z.int() }
const ended = { task: z.string(), state: z.string() }

const evidence = z.strictObject({
  kind: z.enum(['commit', 'command', 'file', 'note']),
  commit: z.string().optional(),
  repository: z.string().optional(),
  command: z.string().optional(),
  exitCode: z.int().optional(),
  path: z.string().optional(),
  sha256: z.string().optional(),
  text: z.string().optional(),
})

export const completeTask = tool({
  name: 'complete_task',
  description: 'Complete the task with evidence that it is done; or say that a blocker is resolved.',
  input: z.strictObject({
    ...holder,
    blocker: z.string().optional().describe('instead: yours, or one you helped with'),
    summary: z.string().optional(),
    evidence: z.array(evidence).optional(),
  }),
  output: z.object({ ...ended, unblocked: z.array(z.string()).optional().describe('tasks that are free now') }),
  effect: 'repeat',
  run: async ({ fabric, signal }, { task, blocker, epoch, summary, evidence }) => {
    if (blocker !== undefined) {
      refuseBoth(task)
      const resolved = await fabric.blocker.resolve({ blocker, epoch, resolution: summary }, { signal })
      return { task: resolved.task, state: resolved.state }
    }
    // Which fields a kind of evidence has is for the operation to check.
    type Evidence = NonNullable<Parameters<typeof fabric.task.complete>[0]['evidence']>
    const word = { task: only(task), epoch, summary, evidence: evidence as Evidence | undefined }
    const completed = await fabric.task.complete(word, { signal })
    return { task: completed.task.id, state: completed.task.state, unblocked: [...completed.unblocked] }
  },
})

export const releaseTask = tool({
  name: 'release_task',
  description:
    'Give the task back. With failed the attempt counts as failed, and is tried again unless retry is false.',
  input: z.strictObject({
    ...holder,
    epoch: holder.epoch.optional(),
    blocker: z.string().optional().describe('instead, without epoch: decline to help with it'),
    reason: z.string().optional().describe('with failed it is needed'),
    failed: z.boolean().default(false),
    retry: z.boolean().optional(),
  }),
  output: z.object({ ...ended, failures: z.int().optional() }),
  // It ends nothing but the caller's own claim. Codex refuses what claims to be destructive wherever nobody can be
  // asked.
  effect: 'add',
  run: async ({ fabric, signal }, { task, epoch, blocker, reason, failed, retry }) => {
    if (blocker !== undefined) {
      refuseBoth(task)
      const declined = await fabric.blocker.answer({ blocker, accept: false, reason }, { signal })
      return { task: declined.task, state: 'declined' }
    }
    const word = { task: only(task), epoch: required(epoch) }
    const { id, state, failures } = failed
      ? await fabric.task.fail({ ...word, reason: reason ?? '', retry }, { signal })
      : await fabric.task.release({ ...word, note: reason }, { signal })
    return { task: id, state, failures }
  },
})

function required(epoch: number | undefined): number {
  if (epoch !== undefined) return epoch
  throw new FabricError('INVALID_ARGUMENT', 'epoch: give the epoch of your claim.', { field: 'epoch' })
}
