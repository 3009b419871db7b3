import { swarmActor } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import { bookUsage, requireOwnSpending, type Spender } from './book-usage.js'
import type { ReportUsage } from './commands.js'
import { helpStopOf } from './end-help.js'
import type { CoordinatorDraft } from './entries.js'
import { claimHold } from './holds.js'
import { requireClaim, requireTask } from './lookup.js'
import type { UsageReply } from './replies.js'
import type { FabricState } from './state.js'
import { stopOf } from './stop-claim.js'
import type { Decide } from './transition.js'

/**
 * Books what was spent: by the holder under the epoch of its claim, by a helper under its own. Also after the claim has
 * ended, because the money is gone all the same.
 */
export const reportUsage: Decide<'report_usage'> = (state, command, context) => {
  const spender = requireSpender(state, command)
  requireOwnSpending(context.actor, spender.swarm)
  const entries: CoordinatorDraft[] = []
  const { amount, repeated, late } = bookUsage(state, spender, command.usage, context, entries)
  const { swarm, epoch } = spender
  return {
    entries,
    actor: swarmActor(swarm),
    reply: (after): UsageReply => {
      const hold = after.governor.books.hold(spender.hold)
      const isClaim = spender.hold === claimHold(epoch)
      const stop = isClaim ? stopOf(after, command.task, epoch) : helpStopOf(after, command.task, epoch)
      const sums = { heldNanos: hold?.amount.nanos ?? 0, spentNanos: hold?.settled.nanos ?? 0 }
      return { task: command.task, swarm, epoch, amount, repeated, late, ...sums, ...(stop && { stop }) }
    },
  }
}

/** Whose epoch this is. Throws STALE_CLAIM for one that nobody remembers, or that another swarm names. */
function requireSpender(state: FabricState, command: ReportUsage): Spender {
  const { task: id, epoch, swarm } = command
  const task = state.tasks.get(id)
  if (task?.claim?.epoch === epoch) {
    const { claim } = requireClaim(state, command)
    return { task, swarm: claim.swarm, epoch, hold: claimHold(epoch) }
  }
  const helper = helperOf(state, id, epoch)
  const found = helper ?? endedClaim(state, id, epoch)
  if (found !== undefined && (swarm === undefined || swarm === found.swarm)) {
    return { task: task ?? { id }, epoch, ...found }
  }
  requireTask(state, id)
  requireClaim(state, command)
  throw new FabricError('STALE_CLAIM', `Epoch ${epoch} is not a claim of ${id}.`, { task: id, epoch })
}

function helperOf(state: FabricState, task: string, epoch: number): { swarm: string; hold: string } | undefined {
  for (const id of state.blockersOf.get(task)) {
    const blocker = state.blockers.get(id)
    const helper = blocker?.helpers.find((one) => one.epoch === epoch)
    if (helper !== undefined) return { swarm: helper.swarm, hold: blocker?.hold ?? id }
  }
  return undefined
}

function endedClaim(state: FabricState, task: string, epoch: number): { swarm: string; hold: string } | undefined {
  const hold = state.governor.books.ended.get(claimHold(epoch))
  return hold?.task === task ? { swarm: hold.swarm, hold: hold.id } : undefined
}
