import { assertInvariant } from '../model/errors.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import type { TaskRow } from '../model/task.js'
import { formatTimestamp } from '../model/time.js'
import { escalationRow } from './ask-human.js'
import { type Deadline, type DeadlineKind, helperDeadline } from './deadlines.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { aboutOf } from './escalate.js'
import { giveUp as giveUpTask } from './fail-task.js'
import { claimOutcome, judgeOutcome } from './judge-outcome.js'
import { blockerRow, type ClaimedTask, claimedTask, taskRow } from './lookup.js'
import { openBreaker } from './open-breaker.js'
import { planHelp } from './plan-help.js'
import { acknowledgedCursors } from './read-inbox.js'
import { agedReputation } from './record-run.js'
import { releaseClaim } from './release-task.js'
import { type FabricState, helpKey } from './state.js'
import type { Decide, DecisionContext, Evolve } from './transition.js'

/** Deadlines handled by one tick; the rest are due at once again. Keeps one batch small. */
const DUE_PER_TICK = 256

/** What happens when the time of something has come. Appends to the entries of the same tick. */
type Due = (state: FabricState, id: string, context: DecisionContext, entries: CoordinatorDraft[]) => void

const DUE: Readonly<Record<DeadlineKind, Due>> = {
  task: taskDue,
  reads: (state, _id, _context, entries) => void entries.push(...acknowledgedCursors(state)),
  help: helpDue,
  breaker: breakerDue,
  escalation: (state, id, _context, entries) => {
    entries.push({ type: 'escalation_expired', subject: id, data: aboutOf(escalationRow(state, id)) })
  },
  reputation: (state, id, { now }, entries) => void entries.push(agedReputation(state, id, now)),
}

/**
 * Does what is due: warns about silent holders, ends leases, backoffs and retention, writes down read cursors, replaces
 * helpers that do not answer, moves breakers on, ends questions that nobody answered, and lets failures of runs fade.
 */
export const tick: Decide<'tick'> = (state, command, context) => {
  const due = distinctOwners(
    state,
    state.deadlines.takeWhile(({ at }) => at <= context.now, DUE_PER_TICK),
  )
  const entries: CoordinatorDraft[] = []
  for (const { kind, id } of due) DUE[kind](state, id, context, entries)
  if (command.flush === true && !due.some(({ kind }) => kind === 'reads')) entries.push(...acknowledgedCursors(state))
  return {
    entries,
    volatile: [{ kind: 'deadlines_passed', due }],
    reply: () => ({ due: due.length }),
  }
}

/**
 * Deadlines that touch each other wait for the next tick, which comes at once: each is decided against a state that
 * shows what the one before led to. Help is planned among all swarms, so it waits for whatever may open a breaker.
 */
function distinctOwners(state: FabricState, due: readonly Deadline[]): Deadline[] {
  const seen = new Set<string>()
  const helpFirst = due[0]?.kind === 'help'
  return due.filter((deadline) => {
    if ((deadline.kind === 'help') !== helpFirst && HELP_CONFLICTS.has(deadline.kind)) return false
    const owners = ownersOf(state, deadline)
    const free = owners.every((owner) => !seen.has(owner))
    if (free) for (const owner of owners) seen.add(owner)
    return free
  })
}

const HELP_CONFLICTS: ReadonlySet<DeadlineKind> = new Set<DeadlineKind>(['task', 'breaker', 'help'])

/** Swarms and tasks of which the entries of a deadline may tell. */
function ownersOf(state: FabricState, { kind, id }: Deadline): string[] {
  switch (kind) {
    case 'task': {
      const swarm = state.tasks.get(id)?.claim?.swarm
      return swarm === undefined ? [] : [`task ${id}`, ...ownersOfSwarm(state, swarm)]
    }
    case 'breaker':
      return ownersOfSwarm(state, id)
    case 'help':
      return [`task ${state.blockers.get(id)?.task}`, 'help']
    case 'escalation': {
      const task = state.governor.escalations.get(id)?.task
      return task === undefined ? [] : [`task ${task}`]
    }
    case 'reads':
    case 'reputation':
      return []
  }
}

/** Everything that a swarm is taken from when its breaker opens. */
function ownersOfSwarm(state: FabricState, swarm: string): string[] {
  const helped = [...state.helping.get(swarm)].map((id) => state.blockers.get(id)?.task)
  return [`swarm ${swarm}`, ...[...state.held.claims.get(swarm), ...helped].map((task) => `task ${task}`)]
}

function taskDue(state: FabricState, id: string, context: DecisionContext, entries: CoordinatorDraft[]): void {
  const task = taskRow(state, id)
  if (task.claim !== undefined) {
    claimDue(state, claimedTask(state, id), context, entries)
    return
  }
  if (task.state === 'available') {
    entries.push({ type: 'task_unblocked', subject: id, data: { cause: 'backoff' } })
    return
  }
  assertInvariant(task.state === 'completed' || task.state === 'cancelled', `${id} has a deadline while ${task.state}`)
  entries.push({ type: 'task_archived', subject: id, data: { state: task.state, row: lastRow(task) } })
}

/** What is kept of a task that leaves memory; reports and failures have entries of their own. It fits into one entry. */
function lastRow({ lastFailure: _, ...task }: TaskRow): TaskRow {
  return { ...task, progress: [] }
}

function claimDue(state: FabricState, task: ClaimedTask, context: DecisionContext, entries: CoordinatorDraft[]): void {
  const { id, claim } = task
  const { now, policy } = context
  const silentSince = state.lastHeard(task)
  if (now >= silentSince + claim.leaseMs) {
    endLease(state, task, context, entries)
  } else if (claim.stalledAt === undefined && claim.stoppedAt === undefined && now >= silentSince + policy.stallMs) {
    entries.push({
      type: 'task_stalled',
      subject: id,
      data: { swarm: claim.swarm, epoch: claim.epoch, silentSince },
    })
  }
}

/** A stopped claim could not be renewed, so its end is nobody's failure. */
function endLease(state: FabricState, task: ClaimedTask, context: DecisionContext, entries: CoordinatorDraft[]): void {
  const { id, claim } = task
  if (claim.stoppedAt !== undefined) {
    entries.push(...releaseClaim(state, task, 'budget_spent'))
    return
  }
  const failures = task.failures + 1
  entries.push(...releaseClaim(state, task, 'lease_expired'))
  if (failures >= context.policy.maxFailures) entries.push(giveUpTask(id, 'its leases expired', failures))
  judgeOutcome(state, claim.swarm, claimOutcome(claim.epoch, false), id, context, entries)
}

/** Helpers that did not answer or fell silent lose their place; free places are filled by a new plan. */
function helpDue(state: FabricState, id: string, context: DecisionContext, entries: CoordinatorDraft[]): void {
  const blocker = blockerRow(state, id)
  if (blocker.replanAt !== undefined) {
    const before = entries.length
    planHelp(state, blocker, context, entries)
    if (entries.length > before) return
    const data = { task: blocker.task, reason: 'nothing is left that others were to do' }
    entries.push({ type: 'help_unavailable', subject: id, data })
    return
  }
  for (const helper of blocker.helpers) {
    const heard = Math.max(state.helpRenewals.get(helpKey(id, helper.swarm)) ?? 0, state.startedAt)
    const deadline = helperDeadline(helper, heard, state.governor.policy.help)
    if (deadline === undefined || deadline > context.now) continue
    const reason = helper.state === 'requested' ? 'it did not answer in time' : 'it fell silent'
    entries.push({ type: 'help_declined', subject: id, data: { task: blocker.task, swarm: helper.swarm, reason } })
  }
}

/** The time of an open breaker is over, or a trial call was not answered in its. */
function breakerDue(state: FabricState, swarm: string, context: DecisionContext, entries: CoordinatorDraft[]): void {
  const { policy } = state.governor
  if (state.governor.breaker(swarm).state === 'open') {
    entries.push({ type: 'breaker_half_opened', subject: swarm, data: { probes: policy.breaker.probes } })
    return
  }
  const reason = 'a trial call was not answered in time'
  openBreaker(state, swarm, { cause: 'probe', reason, latched: false }, context, entries)
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
