import { contains, count, isEmpty, type Mask, without } from './mask.js'

/** A search looked at more sets than it may. */
export class WorkExceeded extends Error {}

/** Positions of sets. */
export type Cover = readonly number[]

/**
 * Finds covers among sets that are in order of preference, with at most `workLimit` looks at a set in all searches
 * together. Deterministic. Every search throws WorkExceeded beyond that.
 */
export class CoverSearch {
  readonly #sets: readonly Mask[]
  /** For each bit, rarest first, the positions of sets that have it. */
  readonly #holders: readonly { readonly bit: Mask; readonly positions: readonly number[] }[]
  readonly #widest: number
  #workLeft: number

  constructor(sets: readonly Mask[], bits: readonly Mask[], workLimit: number) {
    this.#sets = sets
    this.#holders = bits
      .map((bit) => ({ bit, positions: [...sets.keys()].filter((at) => contains(sets[at] as Mask, bit)) }))
      .sort((a, b) => a.positions.length - b.positions.length)
    this.#widest = sets.reduce((widest, set) => Math.max(widest, count(set)), 0)
    this.#workLeft = workLimit
  }

  /** At most `size` of the sets before position `end` that together have all of `need`. */
  find(need: Mask, size: number, end: number): Cover | undefined {
    if (isEmpty(need)) return []
    if (count(need) > size * this.#widest) return undefined
    // One of the holders of the rarest bit has to be in it.
    const rarest = this.#holders.find(({ bit }) => contains(need, bit))
    for (const position of rarest?.positions ?? []) {
      if (position >= end) break
      if (this.#workLeft <= 0) throw new WorkExceeded()
      this.#workLeft -= 1
      const set = this.#sets[position] as Mask
      if (size === 1 && !contains(set, need)) continue
      const others = this.find(without(need, set), size - 1, end)
      if (others !== undefined) return [position, ...others]
    }
    return undefined
  }

  /**
   * Betters a smallest cover of `need` step by step. After the last step its last set stands as early as in any cover of
   * this size, then its second last, and so on.
   */
  *tighten(need: Mask, cover: Cover): Generator<Cover, void> {
    const fixed: number[] = []
    let open = need
    let rest = cover
    while (rest.length > 0) {
      let last = Math.max(...rest)
      let earliest = rest.length - 1
      while (earliest < last) {
        const middle = (earliest + last) >> 1
        const found = this.find(open, rest.length, middle + 1)
        if (found === undefined) {
          earliest = middle + 1
          continue
        }
        rest = found
        last = Math.max(...rest)
        yield [...fixed, ...rest]
      }
      // Without it there is no cover so early, so it is in every one that is left to choose from.
      fixed.push(last)
      open = without(open, this.#sets[last] as Mask)
      rest = rest.filter((position) => position !== last)
    }
  }
}

/** Takes what covers most of the rest, again and again: a cover that may be larger than it has to be. */
export function greedyCover(sets: readonly Mask[], need: Mask, maxSize: number): Cover | undefined {
  const cover: number[] = []
  let open = need
  while (!isEmpty(open)) {
    let best = -1
    let left = count(open)
    for (const [position, set] of sets.entries()) {
      const leaves = count(without(open, set))
      if (leaves < left) [best, left] = [position, leaves]
    }
    if (best < 0 || cover.length === maxSize) return undefined
    cover.push(best)
    open = without(open, sets[best] as Mask)
  }
  return cover
}
