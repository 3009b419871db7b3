import { FabricError } from '../model/errors.js'
import { isFinished } from '../model/task.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { requireTask, taskRow } from './lookup.js'
import { closeBlockers, giveProbeBack } from './release-task.js'
import type { FabricState } from './state.js'
import type { Decide, Evolve } from './transition.js'

/** Cancels a task that is not completed; with `cascade` also everything that depends on it. Idempotent. */
export const cancelTask: Decide<'cancel_task'> = (state, command) => {
  const row = requireTask(state, command.task)
  if (row.state === 'completed') {
    throw new FabricError('WRONG_STATE', `${row.id} is completed; it cannot be cancelled.`, { task: row.id })
  }
  const dependents = openDependents(state, row.id)
  const cancelled = [...(row.state === 'cancelled' ? [] : [row.id]), ...(command.cascade ? dependents : [])]
  const reason = command.reason === undefined ? {} : { reason: command.reason }
  const entries: CoordinatorDraft[] = []
  for (const id of cancelled) {
    entries.push(...closeBlockers(state, id), { type: 'task_cancelled', subject: id, data: reason })
  }
  return {
    entries,
    reply: (after) => ({
      task: taskRow(after, row.id),
      cancelled,
      strandedDependents: command.cascade ? [] : dependents,
    }),
  }
}

/** Everything unfinished that depends on a task, directly or through others, failed and cancelled ones too. */
function openDependents(state: FabricState, task: string): string[] {
  const seen = new Set<string>()
  const open = [task]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const dependent of state.dependents.get(id)) {
      if (seen.has(dependent) || state.isCompleted(dependent)) continue
      seen.add(dependent)
      open.push(dependent)
    }
  }
  return [...seen].filter((id) => !isFinished(taskRow(state, id)))
}

export const taskCancelled: Evolve<EntryOf<'task_cancelled'>> = (state, entry) => {
  const { subject, at, data } = entry
  const { claim, notBefore: _, ...task } = taskRow(state, subject)
  state.putTask({ ...task, state: 'cancelled', openBlockers: [], finishedAt: at, updatedAt: at })
  if (claim === undefined) return
  giveProbeBack(state, claim.swarm, claim.epoch)
  const text = `${subject} was cancelled${data.reason === undefined ? '' : `: ${data.reason}`}. Stop working on it.`
  state.deliver(claim.swarm, entry, { kind: 'claim_lost', task: subject, text })
}
