import { swarmActor } from '../model/entry.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import type { TaskRow } from '../model/task.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { claimOutcome, countOutcome, judgeOutcome } from './judge-outcome.js'
import { requireClaim, taskRow } from './lookup.js'
import type { Policy } from './policy.js'
import { closeBlockers, withoutClaim } from './release-task.js'
import type { Decide, Evolve } from './transition.js'

/** Ends a claim with a failure: the task is offered again after a backoff, or fails for good at the limit. */
export const failTask: Decide<'fail_task'> = (state, command, context) => {
  const { now, policy } = context
  const task = requireClaim(state, command)
  const failures = task.failures + 1
  const final = !command.retry || failures >= policy.maxFailures
  const data = {
    swarm: task.claim.swarm,
    epoch: task.claim.epoch,
    reason: command.reason,
    ...(!final && { retryAt: now + backoffMs(policy, failures) }),
  }
  const entries: CoordinatorDraft[] = closeBlockers(state, task.id)
  entries.push({ type: 'task_attempt_failed', subject: task.id, data })
  if (final) entries.push(giveUp(task.id, command.reason, failures))
  const { swarm, epoch } = task.claim
  judgeOutcome(state, swarm, claimOutcome(epoch, false), task.id, context, entries)
  return { entries, actor: swarmActor(task.claim.swarm), reply: (after) => taskRow(after, task.id) }
}

/** Doubles with each failure. */
function backoffMs({ backoffMs: first, maxBackoffMs }: Policy, failures: number): number {
  return Math.min(first * 2 ** Math.min(failures - 1, 30), maxBackoffMs)
}

/** The entry that ends a task after its last attempt. */
export function giveUp(task: string, reason: string, failures: number): CoordinatorDraft {
  return { type: 'task_failed', subject: task, data: { reason, failures } }
}

export const taskAttemptFailed: Evolve<EntryOf<'task_attempt_failed'>> = (state, { subject, at, data }) => {
  const task = taskRow(state, subject)
  const { swarm, epoch, reason, retryAt } = data
  const failed: TaskRow = {
    ...withoutClaim(task, at),
    failures: task.failures + 1,
    lastFailure: { swarm, epoch, at, reason },
    ...(retryAt !== undefined && { notBefore: retryAt }),
  }
  state.putTask(failed)
  countOutcome(state, swarm, claimOutcome(epoch, false))
}

export const taskFailed: Evolve<EntryOf<'task_failed'>> = (state, entry) => {
  const { subject, at, data } = entry
  const { notBefore: _, ...task } = taskRow(state, subject)
  state.putTask({ ...task, state: 'failed', finishedAt: at, updatedAt: at })
  const text = `${subject} failed for good after ${data.failures} failed attempts: ${data.reason}`
  state.deliver(ORCHESTRATOR, entry, { kind: 'task_failed', task: subject, text })
}
