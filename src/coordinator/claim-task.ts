import { qualify } from '../governor/match.js'
import { FabricError } from '../model/errors.js'
import type { SwarmRow } from '../model/swarm.js'
import { isStuck, type TaskRow } from '../model/task.js'
import type { ClaimGrant } from './commands.js'
import type { EntryOf } from './entries.js'
import { endStall } from './heartbeat.js'
import { requireActiveSwarm, requireClaimable, requireTask, taskRow } from './lookup.js'
import type { FabricState } from './state.js'
import type { Decide, Decision, DecisionContext, Evolve } from './transition.js'

/**
 * Claims a task for a swarm. The epoch is the index of the entry this writes. Claiming again what one holds is
 * idempotent: same epoch, lease renewed.
 */
export const claimTask: Decide<'claim_task'> = (state, command, context) => {
  const task = requireTask(state, command.task)
  const swarm = requireActiveSwarm(state, command.swarm)
  if (task.claim?.swarm === swarm.id) {
    return {
      entries: endStall({ ...task, claim: task.claim }),
      volatile: [{ kind: 'lease_renewed', task: task.id, at: context.now }],
      reply: (after) => grant(after, taskRow(after, task.id), true),
    }
  }
  requireClaimable(state, task, swarm.id, context.now)
  requireQualified(swarm, task, context)
  requireCapacity(state, swarm)
  return grantClaim(task, swarm, command.leaseMs, context)
}

/** The decision that gives a claimable task to a swarm that may have it. */
export function grantClaim(
  task: TaskRow,
  swarm: SwarmRow,
  leaseMs: number | undefined,
  { policy }: DecisionContext,
): Decision<ClaimGrant> {
  const lease = Math.min(leaseMs ?? policy.leaseMs, policy.maxLeaseMs)
  const data = { swarm: swarm.id, leaseMs: lease, attempt: task.attempts + 1 }
  return {
    entries: [{ type: 'task_claimed', subject: task.id, data }],
    reply: (after) => grant(after, taskRow(after, task.id), false),
  }
}

/** What a holder needs to know about its live claim. */
export function grant(state: FabricState, task: TaskRow, reclaimed: boolean): ClaimGrant {
  const { claim } = task
  if (claim === undefined) throw new FabricError('INTERNAL', `Task ${task.id} has no claim after it was granted.`)
  const leaseEndsAt = state.lastHeard(task) + claim.leaseMs
  return { task: task.id, swarm: claim.swarm, epoch: claim.epoch, leaseMs: claim.leaseMs, leaseEndsAt, reclaimed }
}

function requireQualified(swarm: SwarmRow, task: TaskRow, { policy }: DecisionContext): void {
  const qualification = qualify(swarm, task, policy)
  if (qualification.qualified) return
  throw new FabricError('NOT_ELIGIBLE', `${swarm.id} does not qualify for ${task.id}: ${qualification.reason}.`, {
    task: task.id,
    swarm: swarm.id,
    match: qualification.match,
    requires: task.requires,
    ...(task.tier !== undefined && { tier: task.tier }),
  })
}

/** The claims that `FabricState.activeCount` counts. */
export function activeClaims(state: FabricState, swarm: string): TaskRow[] {
  const active: TaskRow[] = []
  for (const id of state.claims.get(swarm)) {
    const task = taskRow(state, id)
    if (!isStuck(task)) active.push(task)
  }
  return active
}

function requireCapacity(state: FabricState, swarm: SwarmRow): void {
  if (state.activeCount(swarm.id) < swarm.capacity) return
  const held = activeClaims(state, swarm.id)
    .map((task) => task.id)
    .slice(0, 8)
  throw new FabricError(
    'NOT_ELIGIBLE',
    `${swarm.id} already works on ${held.join(', ')}, its capacity of ${swarm.capacity}. Finish or release one first.`,
    { swarm: swarm.id, capacity: swarm.capacity, holds: held },
  )
}

export const taskClaimed: Evolve<EntryOf<'task_claimed'>> = (state, { subject, index, at, data }) => {
  const task = taskRow(state, subject)
  state.putTask({
    ...task,
    state: 'claimed',
    claim: { swarm: data.swarm, epoch: index, claimedAt: at, leaseMs: data.leaseMs },
    attempts: data.attempt,
    updatedAt: at,
  })
}
