/**
 * Merges ordered sources: yields the source whose head comes first, lets it `advance` to its next head, and so on until
 * none has one. Costs O(sources) to begin and O(log sources) for each step that somebody asks for.
 * `advance` returns false when a source has no more. `sources` is used up.
 */
export function* byHead<Source>(
  sources: Source[],
  compare: (a: Source, b: Source) => number,
  advance: (source: Source) => boolean,
): Generator<Source, void> {
  for (let position = (sources.length >> 1) - 1; position >= 0; position -= 1) sink(sources, position, compare)
  for (let first = sources[0]; first !== undefined; first = sources[0]) {
    yield first
    if (!advance(first)) {
      const last = sources.pop() as Source
      if (sources.length > 0) sources[0] = last
    }
    sink(sources, 0, compare)
  }
}

/** Moves an item of a binary heap down to where it belongs. */
function sink<Item>(heap: Item[], from: number, compare: (a: Item, b: Item) => number): void {
  const item = heap[from]
  if (item === undefined) return
  let position = from
  for (;;) {
    let child = 2 * position + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && compare(heap[child + 1] as Item, heap[child] as Item) < 0) child += 1
    if (compare(heap[child] as Item, item) >= 0) break
    heap[position] = heap[child] as Item
    position = child
  }
  heap[position] = item
}
