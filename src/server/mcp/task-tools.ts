import * as z from 'zod'
import { TASK_KINDS } from '../../model/task.js'
import { briefBlocker, briefTask, details } from './brief.js'
import { tool } from './tool.js'

const texts = z.array(z.string()).optional()

export const createTask = tool({
  name: 'create_task',
  description: 'Add a task to the board, for yourself or others.',
  input: z.strictObject({
    id: z.string(),
    title: z.string(),
    description: z.string().optional(),
    kind: z.enum(TASK_KINDS).optional(),
    dependencies: texts.describe('ids to complete first'),
    requires: texts.describe('capabilities, as code:go'),
    priority: z.int().optional().describe('0 to 100, default 50'),
    estimateMinutes: z.int().optional(),
    tier: z.string().optional(),
    deliverable: z.string().optional(),
    acceptance: texts,
    board: z.string().optional(),
  }),
  output: z.object({ id: z.string(), state: z.string() }),
  effect: 'add',
  run: async ({ fabric, signal }, input) => {
    const { id, state } = await fabric.task.create(input, { signal })
    return { id, state }
  },
})

export const showTask = tool({
  name: 'show_task',
  description: 'Show a task: what is asked, its state, holder, progress, blockers, dependents.',
  input: z.strictObject({ task: z.string() }),
  output: z.object({
    task: details,
    waitingFor: z.array(z.string()),
    dependents: z.array(z.string()),
    blockers: z.array(details),
  }),
  effect: 'read',
  run: async ({ fabric, signal }, input) => {
    const { task, waitingFor, dependents, blockers } = await fabric.task.show(input, { signal })
    return {
      task: briefTask(task),
      waitingFor: [...waitingFor],
      dependents: [...dependents],
      blockers: blockers.map(briefBlocker),
    }
  },
})
