import { withProbe } from '../governor/breaker/breaker.js'
import type { Reservation } from '../governor/budget/reserve.js'
import { FabricError } from '../model/errors.js'
import type { SwarmRow } from '../model/swarm.js'
import type { TaskRow } from '../model/task.js'
import { requireEligible } from './eligibility.js'
import type { EntryOf } from './entries.js'
import { endStall, renewLease } from './heartbeat.js'
import { claimHold } from './holds.js'
import { requireActiveSwarm, requireClaimable, requireTask, taskRow } from './lookup.js'
import { policyDigest } from './policy-digest.js'
import type { ClaimGrant } from './replies.js'
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
    const claimed = { ...task, claim: task.claim }
    return {
      entries: endStall(claimed),
      volatile: renewLease(claimed, context.now),
      reply: (after) => grant(after, taskRow(after, task.id), true),
    }
  }
  requireClaimable(state, task, swarm.id, context.now)
  const reservation = requireEligible(state, task, swarm, context.now)
  return grantClaim(state, task, swarm, { reservation, leaseMs: command.leaseMs }, context)
}

interface Terms {
  /** What is held for it, in the same entry. */
  readonly reservation: Reservation
  readonly leaseMs: number | undefined
}

/** The decision that gives a claimable task to a swarm that may have it. */
export function grantClaim(
  state: FabricState,
  task: TaskRow,
  swarm: SwarmRow,
  { reservation, leaseMs }: Terms,
  context: DecisionContext,
): Decision<ClaimGrant> {
  const { policy } = context
  const lease = Math.min(leaseMs ?? policy.leaseMs, policy.maxLeaseMs)
  const data = {
    swarm: swarm.id,
    leaseMs: lease,
    attempt: task.attempts + 1,
    ...(reservation.accounts.length > 0 && { hold: reservation }),
    ...policyDigest(state, context),
  }
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

export const taskClaimed: Evolve<EntryOf<'task_claimed'>> = (state, { subject, index, at, data }) => {
  const task = taskRow(state, subject)
  state.putTask({
    ...task,
    state: 'claimed',
    claim: { swarm: data.swarm, epoch: index, claimedAt: at, leaseMs: data.leaseMs },
    attempts: data.attempt,
    updatedAt: at,
  })
  const { governor } = state
  const { swarm, hold } = data
  if (hold !== undefined) {
    const board = task.board === undefined ? {} : { board: task.board }
    const { amount, accounts } = hold
    const placed = {
      id: claimHold(index),
      kind: 'claim',
      task: subject,
      ...board,
      swarm,
      epoch: index,
      at,
      amount,
    } as const
    governor.books.place(placed, accounts)
  }
  const breaker = governor.breakers.get(swarm)
  if (breaker?.state !== 'half_open') return
  const deadline = at + governor.policy.breaker.probeMs
  state.putBreaker(withProbe(breaker, { id: index, deadline, succeeded: false }))
}
