import type { BlockerRow } from '../model/blocker.js'
import { assertInvariant, FabricError } from '../model/errors.js'
import type { SwarmRow } from '../model/swarm.js'
import { type Claim, isFinished, type TaskRow } from '../model/task.js'
import { formatTimestamp } from '../model/time.js'
import type { FabricState } from './state.js'

export type ClaimedTask = TaskRow & { readonly claim: Claim }

/** The task, or NOT_FOUND; one that left memory is WRONG_STATE, because nothing can be done to it any more. */
export function requireTask(state: FabricState, id: string): TaskRow {
  const task = state.tasks.get(id)
  if (task !== undefined) return task
  const archived = state.archived.get(id)
  if (archived !== undefined) {
    throw new FabricError('WRONG_STATE', `Task ${id} is ${archived.state} and archived. Create a new task instead.`, {
      task: id,
      state: archived.state,
    })
  }
  throw new FabricError('NOT_FOUND', `There is no task ${id}. See the tasks with \`ifab task list\`.`, { task: id })
}

export function requireSwarm(state: FabricState, id: string): SwarmRow {
  const swarm = state.swarms.get(id)
  if (swarm === undefined) {
    throw new FabricError('NOT_FOUND', `There is no swarm ${id}. Register it with \`ifab swarm register ${id}\`.`, {
      swarm: id,
    })
  }
  return swarm
}

export function requireActiveSwarm(state: FabricState, id: string): SwarmRow {
  const swarm = requireSwarm(state, id)
  if (swarm.state === 'retired') {
    throw new FabricError('NOT_ELIGIBLE', `Swarm ${id} is retired. Register it again to let it work.`, { swarm: id })
  }
  return swarm
}

export function requireBlocker(state: FabricState, id: string): BlockerRow {
  const blocker = state.blockers.get(id)
  if (blocker === undefined) throw new FabricError('NOT_FOUND', `There is no blocker ${id}.`, { blocker: id })
  return blocker
}

/** The row as it is now, where an entry was just written about it. */
export function taskRow(state: FabricState, id: string): TaskRow {
  const task = state.tasks.get(id)
  assertInvariant(task !== undefined, `an entry names the unknown task ${id}`)
  return task
}

export function claimedTask(state: FabricState, id: string): ClaimedTask {
  const task = taskRow(state, id)
  assertInvariant(isClaimed(task), `an entry names a claim of ${id} that is not there`)
  return task
}

/** Narrows the row itself: a copy for the sake of its type would cost more than what most commands do with it. */
function isClaimed(task: TaskRow): task is ClaimedTask {
  return task.claim !== undefined
}

export function blockerRow(state: FabricState, id: string): BlockerRow {
  const blocker = state.blockers.get(id)
  assertInvariant(blocker !== undefined, `an entry names the unknown blocker ${id}`)
  return blocker
}

/**
 * Fencing: the live claim that `epoch` names, or STALE_CLAIM, whatever the caller believes. A given `swarm` must be the
 * holder.
 */
export function requireClaim(
  state: FabricState,
  word: { readonly task: string; readonly epoch: number; readonly swarm?: string },
): ClaimedTask {
  const task = requireTask(state, word.task)
  const { claim } = task
  const isHolder = claim?.epoch === word.epoch && (word.swarm === undefined || word.swarm === claim.swarm)
  if (isHolder && isClaimed(task)) return task
  const holder = claim === undefined ? `it is ${task.state} now` : `${claim.swarm} holds it under epoch ${claim.epoch}`
  throw new FabricError(
    'STALE_CLAIM',
    `Epoch ${word.epoch} is not the live claim of ${word.task}: ${holder}. Stop this work and ask for the next task.`,
    {
      task: word.task,
      epoch: word.epoch,
      state: task.state,
      ...(claim && { holder: claim.swarm, liveEpoch: claim.epoch }),
    },
  )
}

/** Dependencies that are not completed yet. */
export function openDependencies(state: FabricState, dependencies: readonly string[]): string[] {
  return dependencies.filter((dependency) => !state.isCompleted(dependency))
}

/** Throws unless the task can be claimed now by somebody. */
export function requireClaimable(state: FabricState, task: TaskRow, swarm: string, now: number): void {
  const { id } = task
  if (task.claim !== undefined) {
    const { claim } = task
    throw new FabricError(
      'ALREADY_CLAIMED',
      `${claim.swarm} holds ${id} under epoch ${claim.epoch}. Ask for other work with \`ifab next --as ${swarm}\`.`,
      {
        task: id,
        holder: claim.swarm,
        liveEpoch: claim.epoch,
        leaseEndsAt: formatTimestamp(state.leaseEndsAt(task) ?? now),
      },
    )
  }
  if (isFinished(task)) {
    const hint = task.state === 'completed' ? 'Ask for other work.' : `Bring it back with \`ifab task retry ${id}\`.`
    throw new FabricError('WRONG_STATE', `Task ${id} is ${task.state}. ${hint}`, { task: id, state: task.state })
  }
  if (task.external) {
    throw new FabricError('NOT_ELIGIBLE', `Task ${id} is done outside this fabric. A person marks it done.`, {
      task: id,
    })
  }
  if (task.state === 'blocked') {
    const open = openDependencies(state, task.dependencies)
    throw new FabricError('BLOCKED_BY', `Task ${id} waits for ${open.join(', ')}.`, { task: id, dependencies: open })
  }
  if (task.notBefore !== undefined) {
    const at = formatTimestamp(task.notBefore)
    throw new FabricError('BLOCKED_BY', `Task ${id} failed lately and is offered again at ${at}.`, {
      task: id,
      notBefore: at,
    })
  }
}
