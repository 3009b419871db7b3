import { swarmActor } from '../model/entry.js'
import type { MilestoneReport } from '../model/task.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { endStall, renewLease } from './heartbeat.js'
import { claimOutcome, countOutcome, isProbe, judgeOutcome } from './judge-outcome.js'
import { claimedTask, requireClaim, taskRow } from './lookup.js'
import type { Decide, Evolve } from './transition.js'

/** Reports kept of one task; older ones are in the log. */
const KEPT_REPORTS = 16

/** Reports a quarter of the work; renews the lease too. */
export const reportMilestone: Decide<'report_milestone'> = (state, command, context) => {
  const task = requireClaim(state, command)
  const { type: _, task: __, swarm: ___, epoch, ...report } = command
  const data = { swarm: task.claim.swarm, epoch, ...report }
  const { swarm } = task.claim
  const entries: CoordinatorDraft[] = [...endStall(task), { type: 'milestone_reported', subject: task.id, data }]
  if (isProbe(state, swarm, epoch)) judgeOutcome(state, swarm, claimOutcome(epoch, true), undefined, context, entries)
  return {
    entries,
    actor: swarmActor(swarm),
    volatile: renewLease(task, context.now),
    reply: (after) => taskRow(after, task.id),
  }
}

export const milestoneReported: Evolve<EntryOf<'milestone_reported'>> = (state, { subject, at, data }) => {
  const task = claimedTask(state, subject)
  const { swarm, epoch, ...said } = data
  const report: MilestoneReport = { ...said, at }
  state.putTask({ ...task, progress: [...task.progress, report].slice(-KEPT_REPORTS), updatedAt: at })
  if (isProbe(state, swarm, epoch)) countOutcome(state, swarm, claimOutcome(epoch, true))
}
