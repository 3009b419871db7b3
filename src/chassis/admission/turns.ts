import { FabricError } from '../../model/errors.js'

export interface TurnBounds {
  /** Pieces of work at one time, and of those that wait. */
  readonly running: number
  readonly waiting: number
}

/** Does so much at a time, and the rest in its order. */
export class Turns {
  readonly #bounds: TurnBounds
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(bounds: TurnBounds) {
    this.#bounds = bounds
  }

  /** Throws RATE_LIMITED when too much waits. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#bounds.running) this.#running += 1
    else await this.#wait()
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      // Whoever waits takes over the turn.
      if (next === undefined) this.#running -= 1
      else next()
    }
  }

  #wait(): Promise<void> {
    const waiting = this.#waiting.length
    if (waiting < this.#bounds.waiting) return new Promise((resolve) => this.#waiting.push(resolve))
    const message = `Too many modules wait to be admitted: ${waiting}. Try again later.`
    throw new FabricError('RATE_LIMITED', message, { waiting })
  }
}
