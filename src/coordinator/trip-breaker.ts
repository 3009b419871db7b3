import { FabricError } from '../model/errors.js'
import type { CoordinatorDraft } from './entries.js'
import { requireSwarm } from './lookup.js'
import { openBreaker } from './open-breaker.js'
import { requirePerson } from './require-person.js'
import type { Decide } from './transition.js'

/** Opens and latches a breaker. Idempotent for one that is latched. */
export const tripBreaker: Decide<'trip_breaker'> = (state, command, context) => {
  requirePerson(context.actor, 'open a circuit breaker')
  const { swarm, cause, reason } = command
  requireSwarm(state, swarm)
  const entries: CoordinatorDraft[] = []
  if (!state.governor.breaker(swarm).latched) {
    openBreaker(state, swarm, { cause, reason, latched: true }, context, entries)
  }
  return { entries, reply: (after) => after.governor.breaker(swarm) }
}

/** An administrator closes a breaker, latched or not. */
export const resetBreaker: Decide<'reset_breaker'> = (state, { swarm, reason }, { actor }) => {
  requirePerson(actor, 'close a circuit breaker')
  requireSwarm(state, swarm)
  const before = state.governor.breaker(swarm)
  if (before.state === 'closed') {
    throw new FabricError('WRONG_STATE', `The circuit breaker of ${swarm} is closed already.`, { swarm })
  }
  return {
    entries: [{ type: 'breaker_closed', subject: swarm, data: { cause: 'administrator', reason } }],
    reply: (after) => after.governor.breaker(swarm),
  }
}
