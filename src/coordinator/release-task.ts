import { withoutProbe } from '../governor/breaker/breaker.js'
import { actorSwarm, swarmActor } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import type { TaskRow } from '../model/task.js'
import type { ReleaseTask } from './commands.js'
import type { CoordinatorDraft, EntryOf, TaskReleased } from './entries.js'
import { claimOutcome, countOutcome } from './judge-outcome.js'
import { type ClaimedTask, claimedTask, requireClaim, requireTask, taskRow } from './lookup.js'
import type { FabricState } from './state.js'
import type { Decide, Evolve } from './transition.js'

/**
 * Gives a task back. Without an epoch it is an operator's word, which takes the task from whoever holds it; a swarm always
 * needs the epoch of its claim.
 */
export const releaseTask: Decide<'release_task'> = (state, command, { actor }) => {
  const { epoch } = command
  const task = epoch === undefined ? requireTakeable(state, command, actor) : requireClaim(state, { ...command, epoch })
  const cause = epoch === undefined ? 'operator' : 'holder'
  return {
    entries: releaseClaim(state, task, cause, command.note),
    ...(cause === 'holder' && { actor: swarmActor(task.claim.swarm) }),
    reply: (after) => taskRow(after, task.id),
  }
}

function requireTakeable(state: FabricState, { task: id, swarm }: ReleaseTask, actor: string): ClaimedTask {
  const task = requireTask(state, id)
  const speaker = swarm ?? actorSwarm(actor)
  if (speaker !== undefined && speaker !== task.claim?.swarm) {
    throw new FabricError('FORBIDDEN', `${speaker} does not hold ${id}. Only an operator takes a task from another.`, {
      task: id,
      swarm: speaker,
    })
  }
  if (task.claim === undefined) {
    throw new FabricError('WRONG_STATE', `Nobody holds ${id}: it is ${task.state}.`, { task: id, state: task.state })
  }
  if (speaker !== undefined) {
    const message = `${speaker} gives ${id} back with the epoch of its claim: ifab release ${id} --epoch N`
    throw new FabricError('INVALID_ARGUMENT', message, { field: 'epoch', task: id })
  }
  return claimedTask(state, id)
}

/** Entries that end a claim without a result. */
export function releaseClaim(
  state: FabricState,
  { id, claim }: ClaimedTask,
  cause: TaskReleased['cause'],
  note?: string,
): CoordinatorDraft[] {
  const data = { swarm: claim.swarm, epoch: claim.epoch, cause, ...(note !== undefined && { note }) }
  return [...closeBlockers(state, id), { type: 'task_released', subject: id, data }]
}

/** A blocker belongs to a claim: when the claim ends, what is still open about it ends too. */
export function closeBlockers(state: FabricState, task: string): CoordinatorDraft[] {
  const entries: CoordinatorDraft[] = []
  for (const id of state.tasks.get(task)?.openBlockers ?? []) {
    entries.push({ type: 'blocker_resolved', subject: id, data: { task, cause: 'claim_ended' } })
  }
  return entries
}

/** The row of a task whose claim has ended, ready to be offered again. */
export function withoutClaim({ claim: _, ...task }: TaskRow, at: number): TaskRow {
  return { ...task, state: task.openDependencies > 0 ? 'blocked' : 'available', openBlockers: [], updatedAt: at }
}

export const taskReleased: Evolve<EntryOf<'task_released'>> = (state, entry) => {
  const { subject, at, data } = entry
  const task = taskRow(state, subject)
  const freed = withoutClaim(task, at)
  if (data.cause !== 'lease_expired') {
    state.putTask(freed)
  } else {
    const lastFailure = { swarm: data.swarm, epoch: data.epoch, at, reason: 'lease expired' }
    state.putTask({ ...freed, failures: task.failures + 1, lastFailure })
  }
  endProbe(state, data)
  if (data.cause === 'holder') return
  const text = `The claim of ${data.swarm} on ${subject} under epoch ${data.epoch} ended: ${CAUSES[data.cause]}.`
  state.deliver(data.swarm, entry, { kind: 'claim_lost', task: subject, text })
  state.deliver(ORCHESTRATOR, entry, { kind: 'claim_lost', task: subject, text })
}

/** A lost lease is a failure of the swarm; any other release says nothing about it. */
function endProbe(state: FabricState, { swarm, epoch, cause }: TaskReleased): void {
  if (cause === 'lease_expired') countOutcome(state, swarm, claimOutcome(epoch, false))
  else giveProbeBack(state, swarm, epoch)
}

/** A claim that ended without a word about its swarm makes room for another trial call of its breaker. */
export function giveProbeBack(state: FabricState, swarm: string, epoch: number): void {
  const breaker = state.governor.breakers.get(swarm)
  if (breaker !== undefined) state.putBreaker(withoutProbe(breaker, epoch))
}

const CAUSES = {
  lease_expired: 'its lease ran out without a heartbeat',
  swarm_retired: 'the swarm was retired',
  operator: 'an operator took the task back',
  budget_spent: 'its budget is spent and nobody extended it',
  breaker_open: 'the circuit breaker of the swarm is open',
}
