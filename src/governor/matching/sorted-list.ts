const CHUNK_ITEMS = 512

/**
 * Distinct items in order. Adding and deleting is O(log n) and moves at most one chunk, so that also a list of a hundred
 * thousand is built and changed quickly. `compare` must be a strict total order.
 */
export class SortedList<Item> implements Iterable<Item> {
  readonly #chunks: Item[][] = []
  readonly #compare: (a: Item, b: Item) => number

  constructor(compare: (a: Item, b: Item) => number) {
    this.#compare = compare
  }

  get first(): Item | undefined {
    return this.#chunks[0]?.[0]
  }

  /** The items in pieces, none empty, for loops that must be fast. Not to be changed. */
  get chunks(): readonly (readonly Item[])[] {
    return this.#chunks
  }

  *[Symbol.iterator](): IterableIterator<Item> {
    for (const chunk of this.#chunks) yield* chunk
  }

  find(wanted: (item: Item) => boolean): Item | undefined {
    for (const chunk of this.#chunks) for (const item of chunk) if (wanted(item)) return item
    return undefined
  }

  add(item: Item): void {
    const at = Math.min(this.#chunkFor(item), Math.max(0, this.#chunks.length - 1))
    const chunk = this.#chunks[at]
    if (chunk === undefined) {
      this.#chunks.push([item])
      return
    }
    chunk.splice(this.#positionIn(chunk, item), 0, item)
    if (chunk.length > CHUNK_ITEMS) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_ITEMS / 2))
  }

  delete(item: Item): void {
    const at = this.#chunkFor(item)
    const chunk = this.#chunks[at]
    if (chunk === undefined) return
    const position = this.#positionIn(chunk, item)
    if (this.#compare(chunk[position] as Item, item) !== 0) return
    chunk.splice(position, 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
  }

  /** The first chunk that ends with `item` or behind it. */
  #chunkFor(item: Item): number {
    return firstAtLeast(this.#chunks, (chunk) => this.#compare(chunk[chunk.length - 1] as Item, item) >= 0)
  }

  #positionIn(chunk: readonly Item[], item: Item): number {
    return firstAtLeast(chunk, (other) => this.#compare(other, item) >= 0)
  }
}

/** The first position from which on `reached` holds, by halving. */
function firstAtLeast<Item>(items: readonly Item[], reached: (item: Item) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (reached(items[middle] as Item)) high = middle
    else low = middle + 1
  }
  return low
}
