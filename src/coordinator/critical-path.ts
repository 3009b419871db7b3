/** What the paths are computed from. A task that is unknown or finished has no remaining minutes and ends every path. */
export interface RemainingWork {
  /** Estimate of an unfinished task, minutes; undefined for any other. */
  estimateOf(task: string): number | undefined
  dependenciesOf(task: string): readonly string[]
  dependentsOf(task: string): Iterable<string>
}

/**
 * The longest remaining estimate from the start of each task to the end of the graph. A change only marks what it may
 * touch; paths are computed when somebody asks, each once, so that a board of any shape costs time linear in its size.
 *
 * A task whose path is not known has no dependency whose path is: so marking stops where it meets one.
 */
export class CriticalPaths {
  readonly #work: RemainingWork
  readonly #known = new Map<string, number>()
  readonly #changed = new Set<string>()

  constructor(work: RemainingWork) {
    this.#work = work
  }

  /** The path of this task may have changed, and with it the paths of all it depends on. */
  touch(task: string): void {
    this.#known.delete(task)
    this.#changed.add(task)
    const open = [task]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      for (const dependency of this.#work.dependenciesOf(id)) {
        if (!this.#known.delete(dependency)) continue
        this.#changed.add(dependency)
        open.push(dependency)
      }
    }
  }

  forget(task: string): void {
    this.#known.delete(task)
    this.#changed.delete(task)
  }

  /** Tasks whose paths may have changed since the last call. */
  takeChanged(): string[] {
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed
  }

  minutes(task: string): number {
    const open = [task]
    for (let id = open.at(-1); id !== undefined; id = open.at(-1)) {
      const estimate = this.#work.estimateOf(id)
      const missing = estimate === undefined || this.#known.has(id) ? [] : this.#unknownDependents(id)
      if (missing.length > 0) {
        for (const dependent of missing) open.push(dependent)
        continue
      }
      open.pop()
      if (estimate !== undefined && !this.#known.has(id)) this.#known.set(id, estimate + this.#longestDependent(id))
    }
    return this.#known.get(task) ?? 0
  }

  #unknownDependents(task: string): string[] {
    const missing: string[] = []
    for (const dependent of this.#work.dependentsOf(task)) {
      if (!this.#known.has(dependent) && this.#work.estimateOf(dependent) !== undefined) missing.push(dependent)
    }
    return missing
  }

  #longestDependent(task: string): number {
    let longest = 0
    for (const dependent of this.#work.dependentsOf(task)) longest = Math.max(longest, this.#known.get(dependent) ?? 0)
    return longest
  }
}
