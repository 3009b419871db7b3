import { createHash } from 'node:crypto'

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

const LEAF = Buffer.of(0)
const NODE = Buffer.of(1)

/** The root over entries as RFC 9162 section 2.1.1 defines it; shares no code with the product. */
export class ReferenceTree {
  /** Roots of full subtrees, the largest first, with the number of their leaves. */
  readonly #subtrees: { leaves: number; hash: Buffer }[] = []

  add(entry: Uint8Array): void {
    let right = { leaves: 1, hash: sha256(LEAF, entry) }
    while (this.#subtrees.at(-1)?.leaves === right.leaves) {
      const left = this.#subtrees.pop()
      right = { leaves: 2 * right.leaves, hash: sha256(NODE, left?.hash ?? LEAF, right.hash) }
    }
    this.#subtrees.push(right)
  }

  root(): Buffer {
    const hashes = this.#subtrees.map(({ hash }) => hash)
    return hashes.length === 0 ? sha256() : hashes.reduceRight((right, left) => sha256(NODE, left, right))
  }
}
