import type { Pending } from './command-batch.js'

/** Commands of flooding callers that one batch takes while others wait; so few at the least, too. */
const YIELDING_PER_BATCH = 32

/** Commands that wait, in two lanes: those of callers who flood the fabric with refused requests let the others pass. */
export class CommandQueue {
  #prompt: Pending[] = []
  #yielding: Pending[] = []
  /** How many of the last `next` came from the prompt lane. */
  #offered = 0

  get length(): number {
    return this.#prompt.length + this.#yielding.length
  }

  push(pending: Pending, yields: boolean): void {
    if (yields) this.#yielding.push(pending)
    else this.#prompt.push(pending)
  }

  /** What the next batch may take, in order; call `drop` before the next call. */
  next(limit: number): Pending[] {
    const others = this.#prompt.length > 0
    const yielding = this.#yielding.slice(0, others ? Math.min(YIELDING_PER_BATCH, limit) : limit)
    const prompt = this.#prompt.slice(0, limit - yielding.length)
    this.#offered = prompt.length
    return [...prompt, ...yielding]
  }

  /** Forgets the first `count` of what `next` gave. */
  drop(count: number): void {
    const prompt = Math.min(count, this.#offered)
    this.#prompt = this.#prompt.slice(prompt)
    this.#yielding = this.#yielding.slice(count - prompt)
    this.#offered -= prompt
  }

  /** Takes out the command at `position` of what `next` gave. */
  remove(position: number): Pending | undefined {
    const [lane, place] =
      position < this.#offered ? [this.#prompt, position] : [this.#yielding, position - this.#offered]
    return lane.splice(place, 1)[0]
  }

  /** Empties it. */
  takeAll(): Pending[] {
    const all = [...this.#prompt, ...this.#yielding]
    this.#prompt = []
    this.#yielding = []
    this.#offered = 0
    return all
  }
}
