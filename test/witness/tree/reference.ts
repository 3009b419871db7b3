import { createHash } from 'node:crypto'

/** MTH, PATH and PROOF as RFC 6962 section 2.1 states them, for entries by index: slow, plain and independent. */
export class ReferenceTree {
  readonly #entry: (index: number) => Uint8Array
  readonly #roots = new Map<string, Buffer>()

  constructor(entry: (index: number) => Uint8Array) {
    this.#entry = entry
  }

  /** MTH(D[start:end]) */
  root(start: number, end: number): Buffer {
    const key = `${start}:${end}`
    const root = this.#roots.get(key) ?? this.#computeRoot(start, end)
    this.#roots.set(key, root)
    return root
  }

  /** PATH(index, D[start:end]), where `index` counts from `start`. */
  path(index: number, start: number, end: number): Buffer[] {
    const size = end - start
    if (size === 1) return []
    const split = splitOf(size)
    return index < split
      ? [...this.path(index, start, start + split), this.root(start + split, end)]
      : [...this.path(index - split, start + split, end), this.root(start, start + split)]
  }

  /** PROOF(oldSize, D[newSize]); nothing for the empty tree, which the RFC leaves out. */
  proof(oldSize: number, newSize: number): Buffer[] {
    return oldSize === 0 ? [] : this.#subproof(oldSize, 0, newSize, true)
  }

  #subproof(size: number, start: number, end: number, whole: boolean): Buffer[] {
    if (size === end - start) return whole ? [] : [this.root(start, end)]
    const split = splitOf(end - start)
    return size <= split
      ? [...this.#subproof(size, start, start + split, whole), this.root(start + split, end)]
      : [...this.#subproof(size - split, start + split, end, false), this.root(start, start + split)]
  }

  #computeRoot(start: number, end: number): Buffer {
    if (start === end) return sha256()
    if (end - start === 1) return sha256(Uint8Array.of(0), this.#entry(start))
    const split = start + splitOf(end - start)
    return sha256(Uint8Array.of(1), this.root(start, split), this.root(split, end))
  }
}

/** A short entry that no other index has. */
export function shortEntry(index: number): Uint8Array {
  return Uint8Array.of(index & 255, (index >> 8) & 255, index >> 16)
}

function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
