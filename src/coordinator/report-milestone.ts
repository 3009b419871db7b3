import { swarmActor } from '../model/entry.js'
import type { MilestoneReport } from '../model/task.js'
import type { EntryOf } from './entries.js'
import { endStall } from './heartbeat.js'
import { claimedTask, requireClaim, taskRow } from './lookup.js'
import type { Decide, Evolve } from './transition.js'

/** Reports kept of one task; older ones are in the log. */
const KEPT_REPORTS = 16

/** Reports a quarter of the work; renews the lease too. */
export const reportMilestone: Decide<'report_milestone'> = (state, command, { now }) => {
  const task = requireClaim(state, command)
  const { type: _, task: __, swarm: ___, epoch, ...report } = command
  const data = { swarm: task.claim.swarm, epoch, ...report }
  return {
    entries: [...endStall(task), { type: 'milestone_reported', subject: task.id, data }],
    actor: swarmActor(task.claim.swarm),
    volatile: [{ kind: 'lease_renewed', task: task.id, at: now }],
    reply: (after) => taskRow(after, task.id),
  }
}

export const milestoneReported: Evolve<EntryOf<'milestone_reported'>> = (state, { subject, at, data }) => {
  const task = claimedTask(state, subject)
  const { swarm: _, epoch: __, ...said } = data
  const report: MilestoneReport = { ...said, at }
  state.putTask({ ...task, progress: [...task.progress, report].slice(-KEPT_REPORTS), updatedAt: at })
}
