import { IdIndex } from '../model/id-index.js'
import type { TaskRow } from '../model/task.js'
import { KeyedHeap } from './heap.js'
import { type Rank, ranksBefore } from './ready-queue.js'

/** Tasks that modules are to do or are doing, by the swarm of the module. */
export class ModuleTasks {
  readonly #open = new IdIndex()
  /** Those that can be claimed, the most urgent first. */
  readonly #waiting = new Map<string, KeyedHeap<Rank>>()

  /** Swarms for whose modules there is something to do, or being done. */
  get size(): number {
    return this.#open.size
  }

  /** Waiting and claimed ones. */
  get(swarm: string): ReadonlySet<string> {
    return this.#open.get(swarm)
  }

  /** Ids of those that can be claimed, in their order, as far as somebody asks. */
  *waiting(swarm: string): IterableIterator<string> {
    for (const { task } of this.#waiting.get(swarm)?.inOrder() ?? []) yield task
  }

  add({ id, module, state, notBefore, priority, createdIndex: age }: TaskRow): void {
    if (module === undefined) return
    const isWaiting = state === 'available' && notBefore === undefined
    if (isWaiting || state === 'claimed') this.#open.add(module, id)
    if (!isWaiting) return
    const queue = this.#waiting.get(module) ?? new KeyedHeap<Rank>((rank) => rank.task, ranksBefore)
    queue.put({ task: id, priority, criticalPathMinutes: 0, age })
    this.#waiting.set(module, queue)
  }

  remove({ id, module }: TaskRow): void {
    if (module === undefined) return
    this.#open.remove(module, id)
    const queue = this.#waiting.get(module)
    queue?.remove(id)
    if (queue?.size === 0) this.#waiting.delete(module)
  }
}
