/** Upper bounds of times in seconds: from a flush of a fast disk to a long poll. */
const TIME_BOUNDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 240,
]
/** Upper bounds of how many things were done together. */
export const COUNT_BOUNDS: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

/** How often values were how large, for percentiles. One observation is a short loop over numbers: nothing is kept of it. */
export class Histogram {
  readonly bounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0
  #count = 0

  /** `bounds` ascend; a value counts at the first bound that is not below it. */
  constructor(bounds: readonly number[] = TIME_BOUNDS) {
    this.bounds = bounds
    this.#counts = new Float64Array(bounds.length)
  }

  get sum(): number {
    return this.#sum
  }

  get count(): number {
    return this.#count
  }

  observe(value: number): void {
    this.#sum += value
    this.#count += 1
    const { bounds } = this
    for (let at = 0; at < bounds.length; at += 1) {
      if (value > (bounds[at] as number)) continue
      this.#counts[at] = (this.#counts[at] as number) + 1
      return
    }
  }

  /** For each bound, how many values were at most that. */
  cumulative(): number[] {
    let below = 0
    return Array.from(this.#counts, (count) => {
      below += count
      return below
    })
  }
}
