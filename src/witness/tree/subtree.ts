import { TILE_HEIGHT, TILE_WIDTH } from './tile.js'

/** Hashes `start` to `end` (exclusive) of a level, as in the D[start:end] of RFC 9162. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** A complete subtree of 2^height leaves, the `position`-th of that height from the left. */
export interface Subtree {
  readonly height: number
  readonly position: number
}

/** The complete subtrees that a range of leaves of some tree splits into, left to right. */
export function subtreesOf({ start, end }: Range): Subtree[] {
  const subtrees: Subtree[] = []
  let next = start
  while (next < end) {
    let height = 0
    let leaves = 1
    while (next % (2 * leaves) === 0 && next + 2 * leaves <= end) {
      height += 1
      leaves *= 2
    }
    subtrees.push({ height, position: next / leaves })
    next += leaves
  }
  return subtrees
}

/** The ranges whose hashes prove that entry `index` is in a tree of `size`, leaf first (RFC 9162 section 2.1.3.1). */
export function inclusionRanges(index: number, size: number): Range[] {
  const ranges: Range[] = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + splitOf(end - start)
    ranges.push(index < middle ? { start: middle, end } : { start, end: middle })
    if (index < middle) end = middle
    else start = middle
  }
  return ranges.reverse()
}

/** The ranges whose hashes prove that a tree of `newSize` extends one of `oldSize` (RFC 9162 section 2.1.4.1). */
export function consistencyRanges(oldSize: number, newSize: number): Range[] {
  if (oldSize === 0) return []
  const ranges: Range[] = []
  let [start, end] = [0, newSize]
  while (oldSize < end) {
    const middle = start + splitOf(end - start)
    ranges.push(oldSize <= middle ? { start: middle, end } : { start, end: middle })
    if (oldSize <= middle) end = middle
    else start = middle
  }
  // The smaller tree as a whole is known to whoever checks; a part of it is not.
  if (start > 0) ranges.push({ start, end })
  return ranges.reverse()
}

/** In which tile a node lies, and where within it. */
export function placeOf({ height, position }: Subtree): Subtree & { readonly level: number; readonly index: number } {
  const within = height % TILE_HEIGHT
  const nodes = TILE_WIDTH >> within
  const index = Math.floor(position / nodes)
  return { level: Math.floor(height / TILE_HEIGHT), index, height: within, position: position - index * nodes }
}

/** The largest power of two below `leaves`. */
function splitOf(leaves: number): number {
  let split = 1
  while (2 * split < leaves) split *= 2
  return split
}
