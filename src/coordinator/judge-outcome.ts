import { consequenceOf, type Outcome, withOutcome } from '../governor/breaker/breaker.js'
import type { CoordinatorDraft } from './entries.js'
import { openBreaker } from './open-breaker.js'
import type { FabricState } from './state.js'
import type { DecisionContext } from './transition.js'

/** What the end of a claim says about its swarm. The epoch tells when it began, and is the name of its probe. */
export function claimOutcome(epoch: number, succeeded: boolean): Outcome {
  return { succeeded, generation: epoch, probe: epoch }
}

/** Whether a claim is a trial call of a half-open breaker that has not been answered. Progress on it is an answer. */
export function isProbe({ governor }: FabricState, swarm: string, epoch: number): boolean {
  const breaker = governor.breakers.get(swarm)
  return breaker?.state === 'half_open' && breaker.probes.some(({ id, succeeded }) => id === epoch && !succeeded)
}

/**
 * Appends what follows from the outcome of a call or claim of a swarm: its breaker opens or closes, or nothing.
 * `endedTask` is the task whose claim ended with it, in entries before these.
 */
export function judgeOutcome(
  state: FabricState,
  swarm: string,
  outcome: Outcome,
  endedTask: string | undefined,
  context: DecisionContext,
  entries: CoordinatorDraft[],
): void {
  const { breaker: policy } = state.governor.policy
  const before = state.governor.breaker(swarm)
  const after = withOutcome(before, outcome, policy)
  if (after === before) return
  const consequence = consequenceOf(after, outcome.succeeded, policy)
  if (consequence === 'none') return
  if (consequence === 'close') entries.push({ type: 'breaker_closed', subject: swarm, data: { cause: 'probes' } })
  else {
    const { trip: cause, reason } = consequence
    openBreaker(state, swarm, { cause, reason, latched: false, exceptTask: endedTask }, context, entries)
  }
}

/** Counts an outcome, when its entry is folded. */
export function countOutcome(state: FabricState, swarm: string, outcome: Outcome): void {
  const before = state.governor.breaker(swarm)
  const after = withOutcome(before, outcome, state.governor.policy.breaker)
  if (after !== before) state.putBreaker(after)
}
