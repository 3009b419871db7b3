import type { Usage } from '../model/budget.js'
import { swarmActor } from '../model/entry.js'
import { type FabricError, isFabricError } from '../model/errors.js'
import { bookUsage, requireOwnSpending, type Spender, type UsageOutcome } from './book-usage.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { claimHold } from './holds.js'
import { type ClaimedTask, claimedTask, requireClaim, taskRow } from './lookup.js'
import { unreadMessages } from './read-inbox.js'
import type { HeartbeatReply } from './replies.js'
import type { FabricState } from './state.js'
import { stopOf } from './stop-claim.js'
import type { Decide, DecisionContext, Evolve, VolatileChange } from './transition.js'

/**
 * Renews a lease, in memory only: an entry is written only when the holder had been reported as stalled, or when it
 * reports what it spent. A stopped claim is answered and not renewed.
 */
export const heartbeat: Decide<'heartbeat'> = (state, command, context) => {
  const task = requireClaim(state, command)
  const { swarm } = task.claim
  const entries = endStall(task)
  const { usage } = command
  if (usage !== undefined) requireOwnSpending(context.actor, swarm)
  const spender = { task, ...word(task), hold: claimHold(command.epoch) }
  const outcome = usage && bookOrTell(state, spender, usage, context, entries)
  return {
    entries,
    actor: swarmActor(swarm),
    volatile: renewLease(task, context.now),
    ...(isFabricError(outcome) && { refused: outcome }),
    reply: (after) => replyOf(after, task, outcome, context.now),
  }
}

/** A model without a price must not cost the holder its lease: the reply tells that its usage was refused. */
function bookOrTell(
  state: FabricState,
  spender: Spender,
  usage: Usage,
  context: DecisionContext,
  entries: CoordinatorDraft[],
): UsageOutcome | FabricError {
  try {
    return bookUsage(state, spender, usage, context, entries)
  } catch (error) {
    if (isFabricError(error) && error.code === 'POLICY_VIOLATION') return error
    throw error
  }
}

function word({ claim: { swarm, epoch } }: ClaimedTask) {
  return { swarm, epoch }
}

function replyOf(
  after: FabricState,
  { id, claim }: ClaimedTask,
  outcome: UsageOutcome | FabricError | undefined,
  now: number,
): HeartbeatReply {
  const hold = after.governor.books.hold(claimHold(claim.epoch))
  const stop = stopOf(after, id, claim.epoch)
  return {
    task: id,
    swarm: claim.swarm,
    epoch: claim.epoch,
    leaseEndsAt: after.leaseEndsAt(taskRow(after, id)) ?? now,
    unread: unreadMessages(after, claim.swarm).length,
    ...(stop !== undefined && { stop }),
    ...(isFabricError(outcome) && { usage: { refused: { code: outcome.code, message: outcome.message } } }),
    ...((hold !== undefined || outcome !== undefined) && {
      budget: { heldNanos: hold?.amount.nanos ?? 0, spentNanos: hold?.settled.nanos ?? 0 },
    }),
  }
}

/** The renewal of a lease by a word of its holder; none for a stopped claim, whose time runs out. */
export function renewLease({ id, claim }: ClaimedTask, now: number): VolatileChange[] {
  return claim.stoppedAt === undefined ? [{ kind: 'lease_renewed', task: id, at: now }] : []
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
