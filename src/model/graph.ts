/** Dependencies of a task; undefined for one that is not in the graph. */
export type DependenciesOf = (task: string) => readonly string[] | undefined

/** One step of a walk: a task, and which of its dependencies comes next. */
interface Step {
  readonly id: string
  next: number
}

/**
 * Dependency cycles behind the starts, each as the path from a task back to itself; no two paths share their last step.
 * Walks without recursion, as chains may be as long as the graph, and in time linear in the part it sees.
 */
export function* findCycles(starts: Iterable<string>, dependenciesOf: DependenciesOf): Generator<string[]> {
  const done = new Set<string>()
  for (const start of starts) {
    const path: Step[] = []
    const depthOf = new Map<string, number>()
    const enter = (id: string) => {
      depthOf.set(id, path.length)
      path.push({ id, next: 0 })
    }
    if (!done.has(start)) enter(start)
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const dependency = dependenciesOf(step.id)?.[step.next]
      step.next += 1
      if (dependency === undefined) {
        done.add(step.id)
        depthOf.delete(step.id)
        path.pop()
        continue
      }
      const depth = depthOf.get(dependency)
      if (depth !== undefined) yield [...path.slice(depth).map(({ id }) => id), dependency]
      else if (!done.has(dependency)) enter(dependency)
    }
  }
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
