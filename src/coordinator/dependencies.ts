import type { TaskRow } from '../model/task.js'
import type { CoordinatorDraft } from './entries.js'
import type { FabricState } from './state.js'

/**
 * Entries that follow from completed tasks: dependents that can start now, and blockers that waited for them. `completed`
 * are tasks that the same decision completes and the state does not know as such yet.
 */
export function afterCompletion(state: FabricState, completed: ReadonlySet<string>): CoordinatorDraft[] {
  const entries: CoordinatorDraft[] = []
  const looked = new Set<string>()
  for (const task of completed) {
    for (const id of state.dependents.get(task)) {
      const row = state.tasks.get(id)
      if (row === undefined || looked.has(id)) continue
      looked.add(id)
      if (isUnblockedBy(row, completed)) {
        entries.push({ type: 'task_unblocked', subject: id, data: { cause: 'dependencies' } })
      }
    }
    for (const blocker of state.waitedFor.get(task)) {
      const stuck = state.blockers.get(blocker)?.task
      if (stuck === undefined || completed.has(stuck)) continue
      const data = { task: stuck, cause: 'task_completed', resolution: `${task} is completed` } as const
      entries.push({ type: 'blocker_resolved', subject: blocker, data })
    }
  }
  return entries
}

function isUnblockedBy(row: TaskRow, completed: ReadonlySet<string>): boolean {
  if (row.state !== 'blocked' || row.external || completed.has(row.id)) return false
  let closing = 0
  for (const dependency of row.dependencies) if (completed.has(dependency)) closing += 1
  return closing === row.openDependencies
}
