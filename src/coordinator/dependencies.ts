import type { TaskRow } from '../model/task.js'
import type { CoordinatorDraft } from './entries.js'
import type { FabricState } from './state.js'

type DependenciesOf = (task: string) => readonly string[] | undefined

/**
 * A cycle that is reachable from `starts`, as the path of ids from a task back to itself; undefined when there is none.
 * Time is linear in the graph behind the starts; the stack is explicit, so depth does not matter.
 */
export function findCycle(starts: Iterable<string>, dependenciesOf: DependenciesOf): string[] | undefined {
  const done = new Set<string>()
  const onPath = new Set<string>()
  for (const start of starts) {
    const stack = [{ id: start, next: 0 }]
    onPath.add(start)
    while (stack.length > 0) {
      const frame = stack[stack.length - 1] as { id: string; next: number }
      const dependency = done.has(frame.id) ? undefined : dependenciesOf(frame.id)?.[frame.next]
      if (dependency === undefined) {
        done.add(frame.id)
        onPath.delete(frame.id)
        stack.pop()
      } else {
        frame.next += 1
        if (onPath.has(dependency)) {
          const path = stack.map(({ id }) => id)
          return [...path.slice(path.indexOf(dependency)), dependency]
        }
        if (!done.has(dependency)) {
          onPath.add(dependency)
          stack.push({ id: dependency, next: 0 })
        }
      }
    }
  }
  return undefined
}

/** Whether `task` depends on `other`, directly or through others. */
export function dependsOn(task: string, other: string, dependenciesOf: DependenciesOf): boolean {
  const seen = new Set<string>()
  const open = [task]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const dependency of dependenciesOf(id) ?? []) {
      if (dependency === other) return true
      if (!seen.has(dependency)) {
        seen.add(dependency)
        open.push(dependency)
      }
    }
  }
  return false
}

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
