import { swarmActor } from '../model/entry.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { requireSwarm } from './lookup.js'
import type { Decide, Evolve } from './transition.js'
import { withdrawSwarm } from './withdraw-swarm.js'

/** Takes a swarm out of service: its claims are released and its open help requests declined. */
export const retireSwarm: Decide<'retire_swarm'> = (state, command) => {
  const swarm = requireSwarm(state, command.swarm)
  const released = [...state.held.claims.get(swarm.id)]
  const reason = command.reason === undefined ? {} : { reason: command.reason }
  const entries: CoordinatorDraft[] = []
  if (swarm.state === 'active') {
    entries.push(...withdrawSwarm(state, swarm.id, 'swarm_retired', { reason: 'retired' }))
    entries.push({ type: 'swarm_retired', subject: swarm.id, data: reason })
  }
  return { entries, reply: (after) => ({ swarm: requireSwarm(after, swarm.id), released }) }
}

export const swarmRetired: Evolve<EntryOf<'swarm_retired'>> = (state, { subject }) => {
  const swarm = state.swarms.get(subject)
  if (swarm !== undefined) state.putSwarm({ ...swarm, state: 'retired' })
  state.tokens.deleteOf(swarmActor(subject))
}
