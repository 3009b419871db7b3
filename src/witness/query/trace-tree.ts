import { LIMITS } from '../../model/limits.js'
import { formatTimestamp } from '../../model/time.js'
import type { LoggedEntry } from './facts.js'

/** One line of a trace, with what follows from it. A line without an index stands for no entry of its own. */
export interface TraceNode {
  readonly index?: number
  /** RFC 3339. */
  readonly at?: string
  readonly actor?: string
  readonly text: string
  readonly children: readonly TraceNode[]
  /** Lines below this one that are missing because the tree has as many as it may. */
  readonly leftOut?: number
}

/** A line that can still grow. */
export interface Branch extends TraceNode {
  readonly children: Branch[]
  leftOut?: number
}

/** A tree of bounded size. What does not fit is counted where it is missing. */
export class GrowingTree {
  readonly root: Branch
  #nodes = 1
  #leftOut = 0
  #partial = false
  /** For a line that did not fit: the last line above it that did. */
  readonly #stems = new WeakMap<Branch, Branch>()

  constructor(text: string) {
    this.root = { text, children: [] }
  }

  get nodes(): number {
    return this.#nodes
  }

  /** Whether nothing is missing. */
  get complete(): boolean {
    return this.#leftOut === 0 && !this.#partial
  }

  entry(parent: Branch, { index, at, actor }: LoggedEntry, text: string): Branch {
    return this.#add(parent, { index, at: formatTimestamp(at), actor, text, children: [] })
  }

  line(parent: Branch, text: string): Branch {
    return this.#add(parent, { text, children: [] })
  }

  /** A line that says that something is missing. */
  gap(parent: Branch, text: string): void {
    this.#partial = true
    this.line(parent, text)
  }

  #add(parent: Branch, branch: Branch): Branch {
    if (this.#nodes < LIMITS.traceNodes) {
      this.#nodes += 1
      parent.children.push(branch)
      return branch
    }
    const stem = this.#stems.get(parent) ?? parent
    this.#stems.set(branch, stem)
    stem.leftOut = (stem.leftOut ?? 0) + 1
    this.#leftOut += 1
    return branch
  }
}
