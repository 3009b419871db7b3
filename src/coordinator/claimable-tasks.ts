import { isFinished, type TaskRow } from '../model/task.js'
import { CriticalPaths } from './critical-path.js'
import { type Bucket, ReadyQueue } from './ready-queue.js'

/** What the order of claimable tasks depends on besides the tasks that are in it. */
export interface ClaimableSource {
  row(id: string): TaskRow | undefined
  dependentsOf(id: string): Iterable<string>
  /** What a claim would hold, nano-dollars; undefined where nothing bounds it. */
  holdOf(row: TaskRow): number | undefined
}

/** Claimable tasks in the order in which they are offered, and the critical paths that this order depends on. */
export class ClaimableTasks {
  readonly #source: ClaimableSource
  readonly #all = new ReadyQueue()
  /** Swarm -> claimable tasks whose board names it as owner. */
  readonly #owned = new Map<string, ReadyQueue>()
  readonly #paths: CriticalPaths

  constructor(source: ClaimableSource) {
    this.#source = source
    this.#paths = new CriticalPaths({
      estimateOf: (id) => {
        const row = source.row(id)
        return row === undefined || isFinished(row) ? undefined : (row.estimateMinutes ?? 0)
      },
      dependenciesOf: (id) => source.row(id)?.dependencies ?? [],
      dependentsOf: (id) => source.dependentsOf(id),
    })
  }

  get size(): number {
    return this.#all.size
  }

  has(task: string): boolean {
    return this.#all.has(task)
  }

  /** In groups, each in the order of offering; of one owner only, where it is given. */
  *buckets(owner?: string): IterableIterator<Bucket> {
    this.#settleRanks()
    const queue = owner === undefined ? this.#all : this.#owned.get(owner)
    if (queue !== undefined) yield* queue.buckets()
  }

  put(row: TaskRow): void {
    const minutes = this.criticalPathMinutes(row.id)
    const hold = this.#source.holdOf(row)
    this.#all.put(row, minutes, hold)
    if (row.owner === undefined) return
    const owned = this.#owned.get(row.owner) ?? new ReadyQueue()
    owned.put(row, minutes, hold)
    this.#owned.set(row.owner, owned)
  }

  remove({ id, owner }: TaskRow): void {
    this.#all.remove(id)
    if (owner === undefined) return
    const owned = this.#owned.get(owner)
    owned?.remove(id)
    if (owned?.size === 0) this.#owned.delete(owner)
  }

  /** Longest remaining estimate from the start of this task to the end of the graph, minutes. */
  criticalPathMinutes(task: string): number {
    return this.#paths.minutes(task)
  }

  /** Marks the paths that a changed row leads to; they are computed when somebody asks. */
  touchPaths(before: TaskRow | undefined, row: TaskRow): void {
    const unchanged =
      before !== undefined &&
      before.dependencies === row.dependencies &&
      before.estimateMinutes === row.estimateMinutes &&
      isFinished(before) === isFinished(row)
    if (unchanged) return
    for (const dependency of before?.dependencies ?? []) {
      if (!row.dependencies.includes(dependency)) this.#paths.touch(dependency)
    }
    this.#paths.touch(row.id)
  }

  forgetPath(task: string): void {
    this.#paths.forget(task)
  }

  /** Gives tasks that wait in line the rank that follows from their critical path now. */
  #settleRanks(): void {
    for (const id of this.#paths.takeChanged()) {
      const row = this.#source.row(id)
      if (row !== undefined && this.#all.has(id)) this.put(row)
    }
  }
}
