import { SCRIPT } from './script.mjs'

/** The tokens that a swarm used and has not reported yet, by the epoch under which it used them. */
export class Meter {
  #model
  #used = new Map()
  #reports = 0

  constructor(model) {
    this.#model = model
  }

  /** Counts estimated hours of work. */
  work(epoch, hours) {
    const tokens = Object.entries(SCRIPT.tokensPerHour).map(([kind, perHour]) => [kind, Math.round(perHour * hours)])
    this.count(epoch, Object.fromEntries(tokens))
  }

  count(epoch, tokens) {
    const used = this.#used.get(epoch) ?? {}
    const sums = Object.entries(tokens).map(([kind, number]) => [kind, (used[kind] ?? 0) + number])
    this.#used.set(epoch, Object.fromEntries(sums))
  }

  /** What is to be reported now. Its id makes sure that it is booked once, however often the call is repeated. */
  take(epoch) {
    const tokens = this.#used.get(epoch)
    if (tokens === undefined) return undefined
    this.#used.delete(epoch)
    this.#reports += 1
    return { id: `report-${this.#reports}`, model: this.#model, ...tokens }
  }
}
