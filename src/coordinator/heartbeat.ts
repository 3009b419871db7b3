import { swarmActor } from '../model/entry.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { type ClaimedTask, claimedTask, requireClaim, taskRow } from './lookup.js'
import { unreadMessages } from './read-inbox.js'
import type { Decide, Evolve } from './transition.js'

/** Renews a lease, in memory only: an entry is written only when the holder had been reported as stalled. */
export const heartbeat: Decide<'heartbeat'> = (state, command, { now }) => {
  const task = requireClaim(state, command)
  const { claim } = task
  return {
    entries: endStall(task),
    actor: swarmActor(task.claim.swarm),
    volatile: [{ kind: 'lease_renewed', task: task.id, at: now }],
    reply: (after) => ({
      task: task.id,
      swarm: claim.swarm,
      epoch: claim.epoch,
      leaseEndsAt: after.leaseEndsAt(taskRow(after, task.id)) ?? now,
      unread: unreadMessages(after, claim.swarm).length,
    }),
  }
}

/** The entry that takes back the warning about a silent holder, where there is one. */
export function endStall({ id, claim }: ClaimedTask): CoordinatorDraft[] {
  if (claim.stalledAt === undefined) return []
  return [{ type: 'task_stall_ended', subject: id, data: { swarm: claim.swarm, epoch: claim.epoch } }]
}

export const taskStallEnded: Evolve<EntryOf<'task_stall_ended'>> = (state, { subject, at }) => {
  const task = claimedTask(state, subject)
  const { stalledAt: _, ...claim } = task.claim
  state.putTask({ ...task, claim, updatedAt: at })
}
