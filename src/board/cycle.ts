/** One step of a walk: a task, and which of its dependencies comes next. */
interface Step {
  readonly id: string
  next: number
}

/**
 * Finds dependency cycles, each as the path from a task back to itself; no two paths share their last step. Walks
 * without recursion, as chains may be as long as the board.
 */
export function findCycles(dependenciesOf: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = []
  const done = new Set<string>()
  for (const start of dependenciesOf.keys()) {
    const path: Step[] = []
    const depthOf = new Map<string, number>()
    const enter = (id: string) => {
      depthOf.set(id, path.length)
      path.push({ id, next: 0 })
    }
    if (!done.has(start)) enter(start)
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const dependency = dependenciesOf.get(step.id)?.[step.next]
      step.next += 1
      if (dependency === undefined) {
        done.add(step.id)
        depthOf.delete(step.id)
        path.pop()
        continue
      }
      const depth = depthOf.get(dependency)
      if (depth !== undefined) cycles.push([...path.slice(depth).map(({ id }) => id), dependency])
      else if (!done.has(dependency)) enter(dependency)
    }
  }
  return cycles
}
