import { couldClaim } from '../coordinator/eligibility.js'
import type { FabricState } from '../coordinator/state.js'
import { memberOf, wantedOf } from '../governor/match.js'
import { SwarmIndex } from '../governor/matching/swarm-index.js'
import type { GovernorPolicy } from '../governor/policy/policy.js'

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

  /** The swarm that suits a task best, of those that could claim it now. */
  bestFor(state: FabricState, id: string, now: number): string | undefined {
    const task = state.tasks.get(id)
    if (task === undefined || !state.ready.has(id)) return undefined
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
