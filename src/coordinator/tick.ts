import { assertInvariant } from '../model/errors.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import type { TaskRow } from '../model/task.js'
import { formatTimestamp } from '../model/time.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { giveUp } from './fail-task.js'
import { type ClaimedTask, claimedTask, taskRow } from './lookup.js'
import { acknowledgedCursors } from './read-inbox.js'
import { releaseClaim } from './release-task.js'
import type { FabricState } from './state.js'
import type { Decide, DecisionContext, Evolve } from './transition.js'

/** Deadlines handled by one tick; the rest are due at once again. Keeps one batch small. */
const DUE_PER_TICK = 256

/** Does what is due: warns about silent holders, ends leases, backoffs and retention, writes down read cursors. */
export const tick: Decide<'tick'> = (state, command, context) => {
  const due = state.deadlines.takeWhile(({ at }) => at <= context.now, DUE_PER_TICK)
  const tasks = due.filter(({ kind }) => kind === 'task').map(({ id }) => id)
  const reads = command.flush === true || tasks.length < due.length
  const entries: CoordinatorDraft[] = tasks.flatMap((id) => taskDue(state, id, context))
  if (reads) entries.push(...acknowledgedCursors(state))
  return {
    entries,
    volatile: [{ kind: 'deadlines_passed', tasks, reads }],
    reply: () => ({ due: due.length }),
  }
}

function taskDue(state: FabricState, id: string, context: DecisionContext): CoordinatorDraft[] {
  const task = taskRow(state, id)
  if (task.claim !== undefined) return claimDue(state, claimedTask(state, id), context)
  if (task.state === 'available') return [{ type: 'task_unblocked', subject: id, data: { cause: 'backoff' } }]
  assertInvariant(task.state === 'completed' || task.state === 'cancelled', `${id} has a deadline while ${task.state}`)
  return [{ type: 'task_archived', subject: id, data: { state: task.state, row: lastRow(task) } }]
}

/** What is kept of a task that leaves memory; reports and failures have entries of their own. It fits into one entry. */
function lastRow({ lastFailure: _, ...task }: TaskRow): TaskRow {
  return { ...task, progress: [] }
}

function claimDue(state: FabricState, task: ClaimedTask, { now, policy }: DecisionContext): CoordinatorDraft[] {
  const { id, claim } = task
  const silentSince = state.lastHeard(task)
  if (now >= silentSince + claim.leaseMs) {
    const failures = task.failures + 1
    const released = releaseClaim(state, task, 'lease_expired')
    return failures < policy.maxFailures ? released : [...released, giveUp(id, 'its leases expired', failures)]
  }
  if (claim.stalledAt !== undefined || now < silentSince + state.timing.stallMs) return []
  return [{ type: 'task_stalled', subject: id, data: { swarm: claim.swarm, epoch: claim.epoch, silentSince } }]
}

export const taskStalled: Evolve<EntryOf<'task_stalled'>> = (state, entry) => {
  const { subject, at, data } = entry
  const task = claimedTask(state, subject)
  state.putTask({ ...task, claim: { ...task.claim, stalledAt: at }, updatedAt: at })
  const text = `${data.swarm} on ${subject} has been silent since ${formatTimestamp(data.silentSince)}.`
  for (const reader of [ORCHESTRATOR, data.swarm]) {
    state.deliver(reader, entry, { kind: 'task_stalled', task: subject, text })
  }
}

export const taskArchived: Evolve<EntryOf<'task_archived'>> = (state, { subject, index, data }) => {
  state.archiveTask({ id: subject, state: data.state, index })
}
