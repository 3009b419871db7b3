import { compareIds } from '../model/ids.js'
import type { TaskKind, TaskRow } from '../model/task.js'
import { KeyedHeap } from './heap.js'

/** Where a claimable task stands in line. Ranks are immutable: a changed one is a new object. */
export interface Rank {
  readonly task: string
  readonly priority: number
  readonly criticalPathMinutes: number
  /** Log index of the task's creation; a smaller one is older. */
  readonly age: number
}

/** Priority first, then the longest remaining path, then age. A strict total order: ids break ties. */
export function ranksBefore(a: Rank, b: Rank): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority
  if (a.criticalPathMinutes !== b.criticalPathMinutes) return a.criticalPathMinutes > b.criticalPathMinutes
  if (a.age !== b.age) return a.age < b.age
  return compareIds(a.task, b.task) < 0
}

/**
 * Claimable tasks that ask for the same and cost about the same: who qualifies for one qualifies for all, and where a
 * budget has no room for the least of them it has none for any.
 */
export interface Bucket {
  readonly kind: TaskKind
  /** Board whose budget a claim would count for. */
  readonly board?: string
  /** A claim of any of them holds at least so much, nano-dollars, and less than twice that. Infinite without a bound. */
  readonly leastHold: number
  readonly requires: readonly string[]
  readonly tier?: string
  readonly ranks: KeyedHeap<Rank>
}

/**
 * Claimable tasks, grouped by what they ask for, so that finding the best task for a swarm looks at the head of each
 * group and not at every task.
 */
export class ReadyQueue {
  readonly #buckets = new Map<string, Bucket>()
  readonly #bucketOfTask = new Map<string, string>()

  get size(): number {
    return this.#bucketOfTask.size
  }

  has(task: string): boolean {
    return this.#bucketOfTask.has(task)
  }

  buckets(): IterableIterator<Bucket> {
    return this.#buckets.values()
  }

  /** `hold` is what a claim of it would hold, nano-dollars; absent where nothing bounds that. */
  put(task: TaskRow, criticalPathMinutes: number, hold?: number): void {
    this.remove(task.id)
    const requires = [...new Set(task.requires)].sort(compareIds)
    const leastHold = hold === undefined ? Number.POSITIVE_INFINITY : 2 ** Math.floor(Math.log2(Math.max(1, hold)))
    const key = JSON.stringify([task.kind, task.tier ?? null, task.board ?? null, String(leastHold), requires])
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      const tier = task.tier === undefined ? {} : { tier: task.tier }
      const board = task.board === undefined ? {} : { board: task.board }
      bucket = {
        kind: task.kind,
        ...board,
        leastHold,
        requires,
        ...tier,
        ranks: new KeyedHeap((rank) => rank.task, ranksBefore),
      }
      this.#buckets.set(key, bucket)
    }
    bucket.ranks.put({ task: task.id, priority: task.priority, criticalPathMinutes, age: task.createdIndex })
    this.#bucketOfTask.set(task.id, key)
  }

  remove(task: string): void {
    const key = this.#bucketOfTask.get(task)
    if (key === undefined) return
    this.#bucketOfTask.delete(task)
    const bucket = this.#buckets.get(key)
    bucket?.ranks.remove(task)
    if (bucket?.ranks.size === 0) this.#buckets.delete(key)
  }
}
