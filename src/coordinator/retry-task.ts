import { FabricError } from '../model/errors.js'
import { settled } from './create-task.js'
import type { EntryOf } from './entries.js'
import { requireTask, taskRow } from './lookup.js'
import type { Decide, Evolve } from './transition.js'

/** Brings a failed or cancelled task back, with a fresh count of failures, or ends the backoff of a waiting one. */
export const retryTask: Decide<'retry_task'> = (state, command) => {
  const row = requireTask(state, command.task)
  const waits = row.state === 'available' && row.notBefore !== undefined
  if (row.state !== 'failed' && row.state !== 'cancelled' && !waits) {
    throw new FabricError('WRONG_STATE', `${row.id} is ${row.state}; only failed and cancelled tasks are retried.`, {
      task: row.id,
      state: row.state,
    })
  }
  return {
    entries: [{ type: 'task_retried', subject: row.id, data: {} }],
    reply: (after) => taskRow(after, row.id),
  }
}

export const taskRetried: Evolve<EntryOf<'task_retried'>> = (state, { subject, at }) => {
  const { finishedAt: _, notBefore: __, ...task } = taskRow(state, subject)
  state.putTask(settled(state, { ...task, state: 'blocked', failures: 0, updatedAt: at }))
}
