import { FABRIC_ACTOR } from '../model/entry.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import type { EntryOf } from './entries.js'
import { claimedTask } from './lookup.js'
import type { StopSignal } from './replies.js'
import type { FabricState } from './state.js'
import type { Evolve } from './transition.js'

/** What a holder is told when its claim is stopped or gone. */
export function stopOf(state: FabricState, task: string, epoch: number): StopSignal | undefined {
  const claim = state.tasks.get(task)?.claim
  if (claim?.epoch !== epoch) return { reason: 'The claim has ended. Stop this work and ask for the next task.' }
  if (claim.stoppedAt === undefined) return undefined
  return { reason: 'The budget of this claim is spent. Stop, and finish or release the task, or wait for a person.' }
}

export const claimStopped: Evolve<EntryOf<'claim_stopped'>> = (state, entry) => {
  const { subject, at, data } = entry
  const task = claimedTask(state, subject)
  state.putTask({ ...task, claim: { ...task.claim, stoppedAt: at }, updatedAt: at })
  const text = `The claim of ${data.swarm} on ${subject} is stopped: ${data.reason}.`
  for (const reader of [data.swarm, ORCHESTRATOR]) {
    state.deliver(reader, { ...entry, actor: FABRIC_ACTOR }, { kind: 'claim_stopped', task: subject, text })
  }
}

export const claimResumed: Evolve<EntryOf<'claim_resumed'>> = (state, entry) => {
  const { subject, at, data } = entry
  const task = claimedTask(state, subject)
  const { stoppedAt: _, ...claim } = task.claim
  state.putTask({ ...task, claim, updatedAt: at })
  state.renewals.set(subject, at)
  state.refreshDeadline(subject)
  const text = `The claim of ${data.swarm} on ${subject} may go on: its budget was extended.`
  state.deliver(data.swarm, entry, { kind: 'claim_resumed', task: subject, text })
}
