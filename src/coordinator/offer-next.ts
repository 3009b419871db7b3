import type { MatchPolicy } from '../governor/match.js'
import { qualify } from '../governor/match.js'
import type { BlockerRow } from '../model/blocker.js'
import { assertInvariant } from '../model/errors.js'
import type { SwarmRow } from '../model/swarm.js'
import type { TaskKind, TaskRow } from '../model/task.js'
import { activeClaims, grant, grantClaim } from './claim-task.js'
import type { Offer } from './commands.js'
import { blockerRow, requireActiveSwarm, taskRow } from './lookup.js'
import { type Bucket, type Rank, ranksBefore } from './ready-queue.js'
import type { FabricState } from './state.js'
import type { Decide } from './transition.js'

/**
 * What a swarm should do next, in this order: go on with a task of its own that was stuck and is free again, help where
 * it was asked to, go on with what it holds when it is at capacity, the best primary task, the best filler, nothing.
 */
export const offerNext: Decide<'offer_next'> = (state, command, context) => {
  const swarm = requireActiveSwarm(state, command.swarm)
  const offer = currentWork(state, swarm)
  if (offer !== undefined) return { entries: [], reply: () => offer }
  const task = bestTask(state, swarm, 'primary', context.policy) ?? bestTask(state, swarm, 'filler', context.policy)
  if (task === undefined) return { entries: [], reply: () => ({ kind: 'none' }) }
  if (!command.claim) return { entries: [], reply: () => ({ kind: task.kind, task }) }
  const claimed = grantClaim(task, swarm, command.leaseMs, context)
  return {
    ...claimed,
    reply: (after) => ({ kind: task.kind, task: taskRow(after, task.id), claim: claimed.reply(after) }),
  }
}

/** Work that is already a swarm's own, where that comes before anything new. */
function currentWork(state: FabricState, swarm: SwarmRow): Offer | undefined {
  const freed = [...state.freed.get(swarm.id)].map((id) => taskRow(state, id)).filter((task) => !isResumed(state, task))
  const firstFreed = freed.sort(primaryThenOldest)[0]
  if (firstFreed !== undefined) return resume(state, firstFreed)
  const help = [...state.helping.get(swarm.id)].map((id) => blockerRow(state, id))
  const accepted = help.filter((blocker) => helpState(blocker, swarm.id) === 'accepted')
  const hasRoom = state.activeCount(swarm.id) + accepted.length < swarm.capacity
  const active = hasRoom ? [] : activeClaims(state, swarm.id).sort(primaryThenOldest)
  const request = help.find((blocker) => helpState(blocker, swarm.id) === 'requested')
  const busy = accepted.length + active.filter((task) => task.kind === 'primary').length
  if (request !== undefined && (hasRoom || busy < swarm.capacity)) return helpWith(state, request)
  if (hasRoom) return undefined
  if (accepted[0] !== undefined) return helpWith(state, accepted[0])
  return active[0] === undefined ? undefined : resume(state, active[0])
}

function helpState(blocker: BlockerRow, swarm: string): string | undefined {
  return blocker.helpers.find((helper) => helper.swarm === swarm)?.state
}

/** Its holder has been heard on it since it was freed from its last blocker. */
function isResumed(state: FabricState, task: TaskRow): boolean {
  return (state.renewals.get(task.id) ?? 0) > (task.claim?.freedAt ?? 0)
}

function primaryThenOldest(a: TaskRow, b: TaskRow): number {
  if (a.kind !== b.kind) return a.kind === 'primary' ? -1 : 1
  return (a.claim?.epoch ?? 0) - (b.claim?.epoch ?? 0)
}

function resume(state: FabricState, task: TaskRow): Offer {
  return { kind: 'resume', task, claim: grant(state, task, true) }
}

function helpWith(state: FabricState, blocker: BlockerRow): Offer {
  return { kind: 'help', task: taskRow(state, blocker.task), blocker }
}

/** The best claimable task of a kind for a swarm: what names it as owner first, then by priority, match, path and age. */
function bestTask(state: FabricState, swarm: SwarmRow, kind: TaskKind, policy: MatchPolicy): TaskRow | undefined {
  const best = bestOf(state.claimable(swarm.id)) ?? bestOf(state.claimable())
  return best === undefined ? undefined : claimable(state, best.task)

  function bestOf(buckets: Iterable<Bucket>): Rank | undefined {
    let found: { readonly match: number; readonly rank: Rank } | undefined
    for (const bucket of buckets) {
      if (bucket.kind !== kind) continue
      const { qualified, match } = qualify(swarm, bucket, policy)
      const rank = qualified ? bucket.ranks.first() : undefined
      if (rank !== undefined && (found === undefined || offeredBefore({ match, rank }, found))) found = { match, rank }
    }
    return found?.rank
  }
}

function offeredBefore(a: { match: number; rank: Rank }, b: { match: number; rank: Rank }): boolean {
  if (a.rank.priority !== b.rank.priority) return a.rank.priority > b.rank.priority
  if (a.match !== b.match) return a.match > b.match
  return ranksBefore(a.rank, b.rank)
}

export function rankOf(state: FabricState, task: TaskRow): Rank {
  return {
    task: task.id,
    priority: task.priority,
    criticalPathMinutes: state.criticalPathMinutes(task.id),
    age: task.createdIndex,
  }
}

function claimable(state: FabricState, id: string): TaskRow {
  const task = taskRow(state, id)
  assertInvariant(task.state === 'available', `the ready queue holds ${id}, which is ${task.state}`)
  return task
}
