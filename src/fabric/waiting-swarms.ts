import { couldClaim } from '../coordinator/eligibility.js'
import type { FabricState } from '../coordinator/state.js'
import { hasSharedRoom, holdOf } from '../governor/budget/reserve.js'
import { memberOf, wantedOf } from '../governor/match.js'
import { SwarmIndex } from '../governor/matching/swarm-index.js'
import type { GovernorPolicy } from '../governor/policy/policy.js'
import type { TaskRow } from '../model/task.js'

/** The swarms that wait for work, so that each new task finds the best of them without looking at all. */
export class WaitingSwarms {
  readonly #waiting = new Set<string>()
  #index = new SwarmIndex()
  /** The policy that the index was made under. */
  #policy: GovernorPolicy | undefined

  add(state: FabricState, swarm: string): void {
    this.#waiting.add(swarm)
    this.#put(state, swarm)
  }

  remove(swarm: string): void {
    this.#waiting.delete(swarm)
    this.#index.remove(swarm)
  }

  /** Takes over what changed about a swarm, where it waits. */
  refresh(state: FabricState, swarm: string): void {
    if (this.#waiting.has(swarm)) this.#put(state, swarm)
  }

  /**
   * Looks for the swarm that suits a task best, of those that could claim it now. What is asked of one search is answered
   * against one state: tasks that ask for the same are not asked of everybody again when nobody could take the last one.
   */
  search(state: FabricState, now: number): (task: string) => string | undefined {
    const inVain = new Map<string, number>()
    return (id) => {
      const task = state.tasks.get(id)
      if (task === undefined || !state.ready.has(id)) return undefined
      const { books, policy } = state.governor
      const key = JSON.stringify([task.requires, task.tier ?? null, task.board ?? null])
      const hold = holdOf(books, policy, task) ?? Number.POSITIVE_INFINITY
      if (hold >= (inVain.get(key) ?? Number.POSITIVE_INFINITY)) return undefined
      const found = hasSharedRoom(books, state.governor, task, now) ? this.#best(state, task, now) : undefined
      if (found === undefined) inVain.set(key, hold)
      return found
    }
  }

  #best(state: FabricState, task: TaskRow, now: number): string | undefined {
    const { policy } = state.governor
    if (policy !== this.#policy) this.#rebuild(state)
    const bounds = { minMatch: policy.minCapabilityMatch, tiers: policy.tiers }
    const isOut = (name: string) => {
      const swarm = state.swarms.get(name)
      return swarm === undefined || !couldClaim(state, task, swarm, now)
    }
    return this.#index.best(wantedOf(task, policy), bounds, isOut)?.id
  }

  #rebuild(state: FabricState): void {
    this.#policy = state.governor.policy
    this.#index = new SwarmIndex()
    for (const swarm of this.#waiting) this.#put(state, swarm)
  }

  #put(state: FabricState, id: string): void {
    const swarm = state.swarms.get(id)
    if (swarm === undefined) this.#index.remove(id)
    else this.#index.put(memberOf(swarm, state.governor.policy))
  }
}
