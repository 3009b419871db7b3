import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import type { EntryOf } from './entries.js'
import { requireSwarm } from './lookup.js'
import type { Decide, Evolve } from './transition.js'

/** Registers a swarm, or changes what it can do. Registering the same again changes nothing. */
export const registerSwarm: Decide<'register_swarm'> = (state, command) => {
  const { swarm, capabilities, tier, capacity, metadata } = command
  if (swarm === ORCHESTRATOR) {
    throw new FabricError('CONFLICT', `The name ${ORCHESTRATOR} is reserved for its inbox. Choose another.`, { swarm })
  }
  const known = state.swarms.get(swarm)
  if (known?.state !== 'active' && state.activeSwarms >= LIMITS.swarms) {
    throw new FabricError('RATE_LIMITED', `The fabric has its limit of ${LIMITS.swarms} swarms. Retire some first.`)
  }
  const profile = { capabilities, ...(tier !== undefined && { tier }), capacity, metadata }
  const unchanged =
    known?.state === 'active' &&
    JSON.stringify(profile) ===
      JSON.stringify({
        capabilities: known.capabilities,
        ...(known.tier !== undefined && { tier: known.tier }),
        capacity: known.capacity,
        metadata: known.metadata,
      })
  return {
    entries: unchanged ? [] : [{ type: 'swarm_registered', subject: swarm, data: profile }],
    reply: (after) => requireSwarm(after, swarm),
  }
}

export const swarmRegistered: Evolve<EntryOf<'swarm_registered'>> = (state, { subject, at, data }) => {
  const registeredAt = state.swarms.get(subject)?.registeredAt ?? at
  state.putSwarm({ id: subject, state: 'active', ...data, registeredAt })
}
