/** Past this many outdated items for each live one, the heap is built anew. */
const REBUILD_FACTOR = 4

/**
 * A binary min-heap of keyed items. Replacing or removing a key is O(1): the old item stays inside until it surfaces or
 * until outdated ones prevail. `before` must be a strict total order.
 */
export class KeyedHeap<Item> {
  #items: Item[] = []
  readonly #live = new Map<string, Item>()
  readonly #key: (item: Item) => string
  readonly #before: (a: Item, b: Item) => boolean

  constructor(key: (item: Item) => string, before: (a: Item, b: Item) => boolean) {
    this.#key = key
    this.#before = before
  }

  /** Number of live items. */
  get size(): number {
    return this.#live.size
  }

  items(): IterableIterator<Item> {
    return this.#live.values()
  }

  put(item: Item): void {
    this.#live.set(this.#key(item), item)
    this.#push(item)
    if (this.#items.length > REBUILD_FACTOR * (this.#live.size + REBUILD_FACTOR)) this.#rebuild()
  }

  remove(key: string): void {
    this.#live.delete(key)
  }

  first(): Item | undefined {
    for (;;) {
      const item = this.#items[0]
      if (item === undefined || this.#isLive(item)) return item
      this.#pop()
    }
  }

  /** Live items, first to last, as far as somebody asks. The heap must not change meanwhile. */
  *inOrder(): IterableIterator<Item> {
    const first = this.first()
    if (first === undefined) return
    yield first
    const open = new Frontier((a: number, b: number) => this.#before(this.#items[a] as Item, this.#items[b] as Item))
    for (let position: number | undefined = 0; position !== undefined; position = open.take()) {
      const item = this.#items[position]
      if (item !== undefined && position > 0 && this.#isLive(item)) yield item
      for (const child of [2 * position + 1, 2 * position + 2]) if (child < this.#items.length) open.add(child)
    }
  }

  /** Up to `limit` live items for which `wanted` holds; it must hold for all that come before one for which it does. */
  takeWhile(wanted: (item: Item) => boolean, limit: number): Item[] {
    const found: Item[] = []
    const open = [0]
    while (open.length > 0 && found.length < limit) {
      const position = open.pop() as number
      const item = this.#items[position]
      if (item === undefined || !wanted(item)) continue
      if (this.#isLive(item)) found.push(item)
      open.push(2 * position + 1, 2 * position + 2)
    }
    return found.sort((a, b) => (this.#before(a, b) ? -1 : 1))
  }

  #isLive(item: Item): boolean {
    return this.#live.get(this.#key(item)) === item
  }

  #rebuild(): void {
    this.#items = []
    for (const item of this.#live.values()) this.#push(item)
  }

  #push(item: Item): void {
    const items = this.#items
    let position = items.length
    items.push(item)
    while (position > 0) {
      const parent = (position - 1) >> 1
      const parentItem = items[parent] as Item
      if (!this.#before(item, parentItem)) break
      items[position] = parentItem
      position = parent
    }
    items[position] = item
  }

  #pop(): void {
    const items = this.#items
    const last = items.pop()
    if (last === undefined || items.length === 0) return
    let position = 0
    for (;;) {
      let child = 2 * position + 1
      if (child >= items.length) break
      if (child + 1 < items.length && this.#before(items[child + 1] as Item, items[child] as Item)) child += 1
      const childItem = items[child] as Item
      if (!this.#before(childItem, last)) break
      items[position] = childItem
      position = child
    }
    items[position] = last
  }
}

/** Positions in a heap that may hold the next item; few, so that a sorted list serves. */
class Frontier {
  readonly #positions: number[] = []
  readonly #before: (a: number, b: number) => boolean

  constructor(before: (a: number, b: number) => boolean) {
    this.#before = before
  }

  add(position: number): void {
    let at = this.#positions.length
    while (at > 0 && this.#before(this.#positions[at - 1] as number, position)) at -= 1
    this.#positions.splice(at, 0, position)
  }

  /** The first of them. */
  take(): number | undefined {
    return this.#positions.pop()
  }
}
