import { newBreaker, openMs } from '../governor/breaker/breaker.js'
import type { TripCause } from '../model/breaker.js'
import { FABRIC_ACTOR } from '../model/entry.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import { formatTimestamp } from '../model/time.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { escalate, KEEP_STOPPED } from './escalate.js'
import { policyDigest } from './policy-digest.js'
import type { FabricState } from './state.js'
import type { DecisionContext, Evolve } from './transition.js'
import { withdrawSwarm } from './withdraw-swarm.js'

interface Trip {
  readonly cause: TripCause
  readonly reason: string
  /** Only an administrator closes it. */
  readonly latched: boolean
  /** Task whose claim the same decision ends already. */
  readonly exceptTask?: string | undefined
}

/** Appends the entries that open the breaker of a swarm and take it from its work. */
export function openBreaker(
  state: FabricState,
  swarm: string,
  { cause, reason, latched, exceptTask }: Trip,
  context: DecisionContext,
  entries: CoordinatorDraft[],
): void {
  const { policy } = state.governor
  const { trips } = state.governor.breaker(swarm)
  const spread = `${swarm}/${context.nextIndex + entries.length}`
  const until = latched ? {} : { until: context.now + openMs(policy.breaker, trips, spread) }
  const data = { cause, reason, latched, ...until, ...policyDigest(state, context) }
  entries.push({ type: 'breaker_opened', subject: swarm, data })
  const why = `the circuit breaker of ${swarm} is open: ${reason}`
  entries.push(...withdrawSwarm(state, swarm, 'breaker_open', { reason: why, exceptTask }))
  if (!latched) return
  const question = `The circuit breaker of ${swarm} is latched: ${reason}. May it work again?`
  const facts = { reset: `ifab governor breaker reset ${swarm} --reason "..."` }
  const about = {
    kind: 'breaker',
    severity: 'warning',
    question,
    context: facts,
    swarm,
    options: [KEEP_STOPPED],
  } as const
  escalate(state, about, context, entries)
}

export const breakerOpened: Evolve<EntryOf<'breaker_opened'>> = (state, entry) => {
  const { subject, index, at, data } = entry
  const { trips } = state.governor.breaker(subject)
  const { cause, reason, latched, until } = data
  state.putBreaker({
    ...newBreaker(subject),
    state: 'open',
    generation: index,
    trips: trips + 1,
    cause,
    reason,
    latched,
    openedAt: at,
    ...(until !== undefined && { opensUntil: until }),
  })
  const then = until === undefined ? 'until an administrator resets it' : `until ${formatTimestamp(until)}`
  const text = `The circuit breaker of ${subject} is open ${then}: ${reason}.`
  for (const reader of [subject, ORCHESTRATOR]) {
    state.deliver(reader, { ...entry, actor: FABRIC_ACTOR }, { kind: 'breaker_opened', text })
  }
}

export const breakerHalfOpened: Evolve<EntryOf<'breaker_half_opened'>> = (state, { subject, index }) => {
  const { trips, cause, reason, openedAt } = state.governor.breaker(subject)
  state.putBreaker({
    ...newBreaker(subject),
    state: 'half_open',
    generation: index,
    trips,
    ...(cause !== undefined && { cause }),
    ...(reason !== undefined && { reason }),
    ...(openedAt !== undefined && { openedAt }),
  })
}

export const breakerClosed: Evolve<EntryOf<'breaker_closed'>> = (state, entry) => {
  const { subject, index } = entry
  state.putBreaker({ ...newBreaker(subject), generation: index })
  for (const escalation of state.governor.escalations.values()) {
    if (escalation.kind !== 'breaker' || escalation.swarm !== subject || escalation.state !== 'open') continue
    state.putEscalation({ ...escalation, state: 'settled', endedAt: entry.at })
  }
  const text = `The circuit breaker of ${subject} is closed. It may work again.`
  state.deliver(subject, { ...entry, actor: FABRIC_ACTOR }, { kind: 'breaker_closed', text })
}
