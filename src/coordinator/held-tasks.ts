import { IdIndex } from '../model/id-index.js'
import { isStuck, type TaskRow } from '../model/task.js'

/** Which tasks each swarm holds, as it follows from their rows. */
export class HeldTasks {
  /** Swarm -> tasks it holds. */
  readonly claims = new IdIndex()
  /** Swarm -> how many of them it works on: stuck ones do not count. */
  readonly active = new Map<string, number>()
  /** Swarm -> tasks that were stuck and are free again. */
  readonly freed = new IdIndex()

  /** Tasks a swarm works on at this moment; what is stuck waits and does not count. */
  activeCount(swarm: string): number {
    return this.active.get(swarm) ?? 0
  }

  add(row: TaskRow): void {
    const { claim } = row
    if (claim === undefined) return
    this.claims.add(claim.swarm, row.id)
    if (isStuck(row)) return
    this.active.set(claim.swarm, this.activeCount(claim.swarm) + 1)
    if (claim.freedAt !== undefined) this.freed.add(claim.swarm, row.id)
  }

  /** Takes a row out that another one replaces, or none. */
  remove(before: TaskRow, after: TaskRow | undefined): void {
    const { claim } = before
    if (claim === undefined) return
    if (after?.claim?.swarm !== claim.swarm) this.claims.remove(claim.swarm, before.id)
    this.freed.remove(claim.swarm, before.id)
    if (isStuck(before)) return
    const active = this.activeCount(claim.swarm) - 1
    if (active === 0) this.active.delete(claim.swarm)
    else this.active.set(claim.swarm, active)
  }
}
