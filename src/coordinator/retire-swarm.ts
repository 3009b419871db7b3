import type { CoordinatorDraft, EntryOf } from './entries.js'
import { claimedTask, requireSwarm } from './lookup.js'
import { releaseClaim } from './release-task.js'
import type { Decide, Evolve } from './transition.js'

/** Takes a swarm out of service: its claims are released and its open help requests declined. */
export const retireSwarm: Decide<'retire_swarm'> = (state, command) => {
  const swarm = requireSwarm(state, command.swarm)
  const released = [...state.claims.get(swarm.id)]
  const reason = command.reason === undefined ? {} : { reason: command.reason }
  const entries: CoordinatorDraft[] = []
  if (swarm.state === 'active') {
    for (const task of released) entries.push(...releaseClaim(state, claimedTask(state, task), 'swarm_retired'))
    for (const id of state.helping.get(swarm.id)) {
      const task = state.blockers.get(id)?.task ?? ''
      entries.push({ type: 'help_declined', subject: id, data: { task, swarm: swarm.id, reason: 'retired' } })
    }
    entries.push({ type: 'swarm_retired', subject: swarm.id, data: reason })
  }
  return { entries, reply: (after) => ({ swarm: requireSwarm(after, swarm.id), released }) }
}

export const swarmRetired: Evolve<EntryOf<'swarm_retired'>> = (state, { subject }) => {
  const swarm = state.swarms.get(subject)
  if (swarm !== undefined) state.putSwarm({ ...swarm, state: 'retired' })
}
