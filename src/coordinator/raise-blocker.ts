import type { BlockerRow } from '../model/blocker.js'
import { swarmActor } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import { dependsOn } from '../model/graph.js'
import { LIMITS } from '../model/limits.js'
import { ORCHESTRATOR } from '../model/swarm.js'
import type { RaiseBlocker } from './commands.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { endStall, renewLease } from './heartbeat.js'
import { blockerRow, type ClaimedTask, claimedTask, requireClaim, requireTask } from './lookup.js'
import { askPeople, planHelp } from './plan-help.js'
import type { FabricState } from './state.js'
import type { Decide, Evolve } from './transition.js'

/** The holder says what stops it; the orchestrator hears of it with the commit. */
export const raiseBlocker: Decide<'raise_blocker'> = (state, command, context) => {
  const { now, nextIndex } = context
  const task = requireClaim(state, command)
  if (task.openBlockers.length >= LIMITS.openBlockersPerTask) {
    throw new FabricError(
      'RATE_LIMITED',
      `${task.id} has ${LIMITS.openBlockersPerTask} open blockers. Resolve one first.`,
    )
  }
  const waitsFor = requireWaitable(state, task, command)
  const before = endStall(task)
  const id = blockerId(nextIndex + before.length)
  const data = {
    task: task.id,
    swarm: task.claim.swarm,
    epoch: task.claim.epoch,
    kind: command.kind,
    needs: command.needs,
    requires: command.requires,
    ...(waitsFor !== undefined && { waitsFor }),
  }
  const entries: CoordinatorDraft[] = [...before, { type: 'blocker_raised', subject: id, data }]
  const raised: BlockerRow = { id, state: 'open', helpers: [], raisedAt: now, ...data }
  if (command.kind === 'help' && state.governor.policy.help.automatic) planHelp(state, raised, context, entries)
  else if (command.kind === 'human') askPeople(state, raised, context, entries)
  return {
    entries,
    actor: swarmActor(task.claim.swarm),
    volatile: renewLease(task, now),
    reply: (after) => blockerRow(after, id),
  }
}

function blockerId(index: number): string {
  return `blocker-${index}`
}

/** The task a blocker waits for: unfinished, and not itself waiting for the stuck task, which would be a deadlock. */
function requireWaitable(state: FabricState, stuck: ClaimedTask, { kind, waitsFor }: RaiseBlocker): string | undefined {
  if ((kind === 'task') !== (waitsFor !== undefined)) {
    throw new FabricError('INVALID_ARGUMENT', 'A blocker of kind task, and no other, names the task it waits for.')
  }
  if (waitsFor === undefined) return undefined
  const other = requireTask(state, waitsFor)
  if (other.state === 'completed') {
    throw new FabricError('WRONG_STATE', `${waitsFor} is completed already; go on with ${stuck.id}.`, {
      task: waitsFor,
    })
  }
  if (other.state === 'cancelled') {
    throw new FabricError('WRONG_STATE', `${waitsFor} is cancelled; nobody will complete it.`, { task: waitsFor })
  }
  const waitsForOf = (id: string) => [...(state.tasks.get(id)?.dependencies ?? []), ...blockedOn(state, id)]
  if (waitsFor === stuck.id || dependsOn(waitsFor, stuck.id, waitsForOf)) {
    throw new FabricError('CONFLICT', `${waitsFor} waits for ${stuck.id} itself: neither could ever go on.`, {
      task: stuck.id,
      waitsFor,
    })
  }
  return waitsFor
}

function blockedOn(state: FabricState, task: string): string[] {
  const blockers = state.tasks.get(task)?.openBlockers ?? []
  return blockers.flatMap((id) => state.blockers.get(id)?.waitsFor ?? [])
}

export const blockerRaised: Evolve<EntryOf<'blocker_raised'>> = (state, entry) => {
  const { subject, at, data } = entry
  const { freedAt: _, ...claim } = claimedTask(state, data.task).claim
  const task = claimedTask(state, data.task)
  state.putBlocker({ id: subject, state: 'open', helpers: [], raisedAt: at, ...data })
  state.putTask({ ...task, claim, openBlockers: [...task.openBlockers, subject], updatedAt: at })
  const text = `${data.swarm} is stuck on ${data.task} (${data.kind}): ${data.needs}`
  state.deliver(ORCHESTRATOR, entry, { kind: 'blocker_raised', task: data.task, blocker: subject, text })
}
