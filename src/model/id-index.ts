const NONE: ReadonlySet<string> = new Set()

/** From one id to a set of ids; an empty set takes no memory. */
export class IdIndex {
  readonly #sets = new Map<string, Set<string>>()

  /** Keys that have a set which is not empty. */
  get size(): number {
    return this.#sets.size
  }

  get(key: string): ReadonlySet<string> {
    return this.#sets.get(key) ?? NONE
  }

  add(key: string, id: string): void {
    const set = this.#sets.get(key)
    if (set === undefined) this.#sets.set(key, new Set([id]))
    else set.add(id)
  }

  remove(key: string, id: string): void {
    const set = this.#sets.get(key)
    if (set?.delete(id) && set.size === 0) this.#sets.delete(key)
  }

  delete(key: string): void {
    this.#sets.delete(key)
  }
}
