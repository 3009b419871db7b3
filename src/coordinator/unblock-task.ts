import type { EntryOf } from './entries.js'
import { taskRow } from './lookup.js'
import type { Evolve } from './transition.js'

/** What a task waited for has come: it can be claimed. Its owner, where the board names one, hears of it. */
export const taskUnblocked: Evolve<EntryOf<'task_unblocked'>> = (state, entry) => {
  const { notBefore: _, ...task } = taskRow(state, entry.subject)
  state.putTask({ ...task, state: 'available', updatedAt: entry.at })
  if (task.owner !== undefined && state.swarms.get(task.owner)?.state === 'active') {
    state.deliver(task.owner, entry, { kind: 'task_available', task: task.id, text: `${task.id} can be claimed now.` })
  }
}
