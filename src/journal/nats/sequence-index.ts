import { LIMITS } from '../../model/limits.js'

/** Where a batch begins: the sequence of its first message in the stream, and the index of its first entry. */
export interface BatchStart {
  readonly sequence: number
  readonly firstIndex: number
}

/**
 * Some of the places where batches begin, gathered from what was read and written anyway. A search in the stream starts
 * between two of them. They lie the further apart the longer the log is, so their number is bounded.
 */
export class SequenceIndex {
  #starts: BatchStart[] = []
  /** Messages between two starts, at least. */
  #distance = 1

  /** Remembers a start; one near to others is passed over. */
  add(start: BatchStart): void {
    const position = this.#behind(start.firstIndex)
    const before = this.#starts[position - 1]
    const after = this.#starts[position]
    if (before !== undefined && start.sequence - before.sequence < this.#distance) return
    if (after !== undefined && after.sequence - start.sequence < this.#distance) return
    this.#starts.splice(position, 0, start)
    if (this.#starts.length > LIMITS.natsBatchStarts) this.#thin()
  }

  /** The nearest known start at or before the entry, and the first known one behind it. */
  around(index: number): { readonly before?: BatchStart | undefined; readonly after?: BatchStart | undefined } {
    const position = this.#behind(index)
    return { before: this.#starts[position - 1], after: this.#starts[position] }
  }

  /** Position of the first start whose index is greater. */
  #behind(index: number): number {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#starts[middle]?.firstIndex ?? 0) <= index) low = middle + 1
      else high = middle
    }
    return low
  }

  #thin(): void {
    this.#distance *= 2
    const all = this.#starts
    this.#starts = []
    for (const start of all) {
      const last = this.#starts.at(-1)
      if (last === undefined || start.sequence - last.sequence >= this.#distance) this.#starts.push(start)
    }
  }
}
