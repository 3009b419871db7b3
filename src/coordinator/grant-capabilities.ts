import type { EntryOf } from './entries.js'
import { requireActiveSwarm, requireSwarm } from './lookup.js'
import { requirePerson } from './require-person.js'
import type { Decide, Evolve } from './transition.js'

/** Says which capabilities an administrator vouches for. The same list again changes nothing. */
export const grantCapabilities: Decide<'grant_capabilities'> = (state, command, { actor }) => {
  requirePerson(actor, 'grant capabilities')
  const swarm = requireActiveSwarm(state, command.swarm)
  const capabilities = [...new Set(command.capabilities)]
  const unchanged = JSON.stringify(capabilities) === JSON.stringify(swarm.granted ?? [])
  return {
    entries: unchanged ? [] : [{ type: 'capabilities_granted', subject: swarm.id, data: { capabilities } }],
    reply: (after) => requireSwarm(after, swarm.id),
  }
}

export const capabilitiesGranted: Evolve<EntryOf<'capabilities_granted'>> = (state, { subject, data }) => {
  const { granted: _, ...swarm } = requireSwarm(state, subject)
  state.putSwarm({ ...swarm, ...(data.capabilities.length > 0 && { granted: data.capabilities }) })
}
