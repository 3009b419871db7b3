import { isCurrent, withoutProbe, withProbe } from '../governor/breaker/breaker.js'
import { actorSwarm } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import { requireAdmitted } from './eligibility.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { countOutcome, judgeOutcome } from './judge-outcome.js'
import { requireActiveSwarm } from './lookup.js'
import { requireAdministrator } from './require-person.js'
import type { Decide, Evolve } from './transition.js'

/** Lets a call of a swarm through, or throws BREAKER_OPEN. Only a probe of a half-open breaker is written down. */
export const admitCall: Decide<'admit_call'> = (state, { swarm }, context) => {
  requireActiveSwarm(state, swarm)
  requireOwn(context.actor, swarm)
  requireAdmitted(state, swarm)
  const { state: breaker, generation } = state.governor.breaker(swarm)
  if (breaker === 'closed') return { entries: [], reply: () => ({ swarm, generation }) }
  const deadline = context.now + state.governor.policy.breaker.probeMs
  return {
    entries: [{ type: 'call_admitted', subject: swarm, data: { deadline } }],
    reply: () => ({ swarm, generation, probe: context.nextIndex, deadline }),
  }
}

/**
 * Counts what became of a call. One that began before the breaker last changed, or that nobody let through, is ignored; so
 * is a success that a swarm reports of itself, which it could make up.
 */
export const reportCall: Decide<'report_call'> = (state, command, context) => {
  const { swarm, succeeded, generation, probe } = command
  requireActiveSwarm(state, swarm)
  requireOwn(context.actor, swarm)
  const outcome = { succeeded, generation, ...(probe !== undefined && { probe }) }
  const current = isCurrent(state.governor.breaker(swarm), outcome)
  const own = succeeded && actorSwarm(context.actor) === swarm
  const counted = current && !own
  const entries: CoordinatorDraft[] = []
  if (counted) entries.push({ type: 'call_reported', subject: swarm, data: outcome })
  // Nobody can say whether it is so: the trial call is given back, neither passed nor failed.
  else if (current && probe !== undefined)
    entries.push({ type: 'call_reported', subject: swarm, data: { ...outcome, own } })
  if (counted) judgeOutcome(state, swarm, { ...outcome, call: true }, undefined, context, entries)
  return { entries, reply: (after) => ({ counted, breaker: after.governor.breaker(swarm) }) }
}

/** What is said about a swarm's calls is for itself, or for an administrator who runs them, to say. */
function requireOwn(actor: string, swarm: string): void {
  const speaker = actorSwarm(actor)
  if (speaker === swarm) return
  if (speaker === undefined) {
    requireAdministrator(actor, `speak about the calls of ${swarm}`)
    return
  }
  throw new FabricError('FORBIDDEN', `${speaker} cannot speak about the calls of ${swarm}.`, { swarm: speaker })
}

export const callAdmitted: Evolve<EntryOf<'call_admitted'>> = (state, { subject, index, data }) => {
  state.putBreaker(withProbe(state.governor.breaker(subject), { id: index, deadline: data.deadline, succeeded: false }))
}

export const callReported: Evolve<EntryOf<'call_reported'>> = (state, { subject, data }) => {
  const { own, ...outcome } = data
  const { probe } = outcome
  if (own !== true) countOutcome(state, subject, { ...outcome, call: true })
  else if (probe !== undefined) state.putBreaker(withoutProbe(state.governor.breaker(subject), probe))
}
