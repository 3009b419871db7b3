/** Says whether to go on. */
export type OnFound = (start: number, end: number) => boolean

/** As a link it leads nowhere. */
const ROOT = 0

/**
 * Finds many words in one pass, as Aho and Corasick do (Efficient string matching, 1975): time is linear in the bytes, whatever
 * they are and however alike the words. A word that is in the middle of another is found as well.
 */
export class WordSearch {
  /** The tree of all beginnings: of each node its byte, its first child and the next child of its parent. */
  readonly #byte: Uint8Array
  readonly #firstChild: Uint32Array
  readonly #sibling: Uint32Array
  /** The longest ending that is another beginning, and the longest one that is a word. */
  readonly #fallback: Uint32Array
  readonly #shorter: Uint32Array
  /** Length of the word that ends here, or 0. */
  readonly #wordLength: Uint32Array
  /** Children of the root by their byte: most bytes lead nowhere else. */
  readonly #begin = new Uint32Array(256)
  #nodes = 1

  /** Words are ASCII, and none is empty. */
  constructor(words: readonly string[]) {
    const most = words.reduce((sum, word) => sum + word.length, 1)
    this.#byte = new Uint8Array(most)
    this.#firstChild = new Uint32Array(most)
    this.#sibling = new Uint32Array(most)
    this.#fallback = new Uint32Array(most)
    this.#shorter = new Uint32Array(most)
    this.#wordLength = new Uint32Array(most)
    for (const word of words) this.#add(word)
    this.#link()
  }

  /** Calls `onFound` with where words begin and end, of those that end in one place with the longest. False when it said so. */
  search(bytes: Uint8Array, length: number, onFound: OnFound): boolean {
    const begin = this.#begin
    let node = ROOT
    for (let at = 0; at < length; at += 1) {
      const byte = bytes[at] ?? 0
      node = node === ROOT ? (begin[byte] ?? ROOT) : this.#next(node, byte)
      const found = node === ROOT ? 0 : this.#longestWord(node)
      if (found > 0 && !onFound(at + 1 - found, at + 1)) return false
    }
    return true
  }

  /** Length of the longest word that ends in a node, or 0. */
  #longestWord(node: number): number {
    const length = this.#wordLength[node] ?? 0
    return length > 0 ? length : (this.#wordLength[this.#shorter[node] ?? ROOT] ?? 0)
  }

  /** Each step back was paid for by a step forward. */
  #next(from: number, byte: number): number {
    let node = from
    while (node !== ROOT) {
      const child = this.#child(node, byte)
      if (child !== ROOT) return child
      node = this.#fallback[node] ?? ROOT
    }
    return this.#begin[byte] ?? ROOT
  }

  #child(node: number, byte: number): number {
    let child = this.#firstChild[node] ?? ROOT
    while (child !== ROOT && this.#byte[child] !== byte) child = this.#sibling[child] ?? ROOT
    return child
  }

  #add(word: string): void {
    let node = ROOT
    for (const byte of Buffer.from(word)) {
      const child = node === ROOT ? (this.#begin[byte] ?? ROOT) : this.#child(node, byte)
      node = child === ROOT ? this.#grow(node, byte) : child
    }
    this.#wordLength[node] = word.length
  }

  #grow(parent: number, byte: number): number {
    const node = this.#nodes
    this.#nodes += 1
    this.#byte[node] = byte
    this.#sibling[node] = this.#firstChild[parent] ?? ROOT
    this.#firstChild[parent] = node
    if (parent === ROOT) this.#begin[byte] = node
    return node
  }

  /** From the root outward, so that what a link leads to has its own already. */
  #link(): void {
    const queue: number[] = [ROOT]
    for (const parent of queue) {
      for (let node = this.#firstChild[parent] ?? ROOT; node !== ROOT; node = this.#sibling[node] ?? ROOT) {
        const fallback = parent === ROOT ? ROOT : this.#next(this.#fallback[parent] ?? ROOT, this.#byte[node] ?? 0)
        this.#fallback[node] = fallback
        this.#shorter[node] = (this.#wordLength[fallback] ?? 0) > 0 ? fallback : (this.#shorter[fallback] ?? ROOT)
        queue.push(node)
      }
    }
  }
}
