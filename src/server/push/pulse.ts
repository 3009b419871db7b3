/** Beats of each member are this far apart. */
const PERIOD_MS = 15_000
const SLOTS = 60

/**
 * Calls each of its members once in 15 seconds, by one timer and spread evenly: ten thousand that came at once would
 * otherwise all have their turn in the same millisecond, and everybody else would wait.
 */
export class Pulse {
  readonly #slots = Array.from({ length: SLOTS }, () => new Set<() => void>())
  #members = 0
  #next = 0
  #now = 0
  #timer: NodeJS.Timeout | undefined

  /** Returns what ends it. */
  add(beat: () => void): () => void {
    const slot = this.#slots[this.#next]
    this.#next = (this.#next + 1) % SLOTS
    slot?.add(beat)
    this.#members += 1
    this.#timer ??= setInterval(this.#tick, PERIOD_MS / SLOTS)
    return () => {
      if (slot?.delete(beat) !== true) return
      this.#members -= 1
      if (this.#members > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  readonly #tick = () => {
    for (const beat of this.#slots[this.#now] ?? []) beat()
    this.#now = (this.#now + 1) % SLOTS
  }
}
