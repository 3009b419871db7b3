import { type Reservation, reserveForClaim, roomFor } from '../governor/budget/reserve.js'
import { qualify } from '../governor/match.js'
import type { BlockerRow } from '../model/blocker.js'
import { assertInvariant } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { SwarmRow } from '../model/swarm.js'
import type { TaskKind, TaskRow } from '../model/task.js'
import { grant, grantClaim } from './claim-task.js'
import { activeClaims, requireAdmitted } from './eligibility.js'
import { blockerRow, requireActiveSwarm, taskRow } from './lookup.js'
import { type Bucket, type Rank, ranksBefore } from './ready-queue.js'
import type { Offer } from './replies.js'
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
  requireAdmitted(state, swarm.id)
  const search: Search = { state, swarm, now: context.now, rooms: new Map(), short: false }
  const best = bestTask(search, 'primary', command.prefer) ?? bestTask(search, 'filler', command.prefer)
  if (best === undefined) {
    return { entries: [], reply: () => ({ kind: 'none', ...(search.short && { short: true }) }) }
  }
  const { task, reservation } = best
  if (!command.claim) return { entries: [], reply: () => ({ kind: task.kind, task }) }
  const claimed = grantClaim(state, task, swarm, { reservation, leaseMs: command.leaseMs }, context)
  return {
    ...claimed,
    reply: (after) => ({ kind: task.kind, task: taskRow(after, task.id), claim: claimed.reply(after) }),
  }
}

/** Work that is already a swarm's own, where that comes before anything new. */
function currentWork(state: FabricState, swarm: SwarmRow): Offer | undefined {
  const freed = [...state.held.freed.get(swarm.id)]
    .map((id) => taskRow(state, id))
    .filter((task) => !isResumed(state, task))
  const firstFreed = freed.sort(primaryThenOldest)[0]
  if (firstFreed !== undefined) return resume(state, firstFreed)
  const help = [...state.helping.get(swarm.id)].map((id) => blockerRow(state, id))
  const accepted = acceptedHelp(state, swarm.id)
  const hasRoom = state.held.activeCount(swarm.id) + accepted.length < swarm.capacity
  const active = activeClaims(state, swarm.id).sort(primaryThenOldest)
  const request = help.find((blocker) => helpState(blocker, swarm.id) === 'requested')
  if (request !== undefined && helpLoad(state, swarm.id) < swarm.capacity) return helpWith(state, request)
  if (hasRoom) return undefined
  if (accepted[0] !== undefined) return helpWith(state, accepted[0])
  return active[0] === undefined ? undefined : resume(state, active[0])
}

function acceptedHelp(state: FabricState, swarm: string): BlockerRow[] {
  const help = [...state.helping.get(swarm)].map((id) => blockerRow(state, id))
  return help.filter((blocker) => helpState(blocker, swarm) === 'accepted')
}

/** Work that keeps a swarm from helping: primary tasks and help it has accepted. Filler work waits. */
export function helpLoad(state: FabricState, swarm: string): number {
  const primary = activeClaims(state, swarm).filter((task) => task.kind === 'primary').length
  return acceptedHelp(state, swarm).length + primary
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

interface Search {
  readonly state: FabricState
  readonly swarm: SwarmRow
  readonly now: number
  /** Board -> most that a claim on it could hold. */
  readonly rooms: Map<string | undefined, number>
  /** Set when there was work that no budget had room for. */
  short: boolean
}

interface Found {
  readonly rank: Rank
  readonly match: number
  readonly reservation: Reservation
}

/** The best claimable task of a kind for a swarm: what names it as owner first, then by priority, match, path and age. */
function bestTask(
  search: Search,
  kind: TaskKind,
  prefer: string | undefined,
): { task: TaskRow; reservation: Reservation } | undefined {
  const { state, swarm } = search
  const best =
    bestOf(search, kind, state.claimable(swarm.id)) ??
    bestOf(search, kind, state.claimable()) ??
    preferred(search, kind, prefer)
  return best && { task: claimable(state, best.rank.task), reservation: best.reservation }
}

/** A task that somebody was woken for, where nothing better was found: it may stand behind many that are too dear. */
function preferred(search: Search, kind: TaskKind, id: string | undefined): Found | undefined {
  const { state, swarm, now } = search
  const task = id === undefined ? undefined : state.tasks.get(id)
  if (task === undefined || task.kind !== kind || !state.ready.has(task.id)) return undefined
  const { qualified, match } = qualify(swarm, task, state.governor.policy)
  const result = reserveForClaim(state.governor.books, state.governor, task, swarm, now)
  return qualified && !('shortage' in result) ? { rank: rankOf(state, task), match, reservation: result } : undefined
}

function bestOf(search: Search, kind: TaskKind, buckets: Iterable<Bucket>): Found | undefined {
  const { state, swarm } = search
  let best: Found | undefined
  for (const bucket of buckets) {
    if (bucket.kind !== kind) continue
    const { qualified, match } = qualify(swarm, bucket, state.governor.policy)
    const first = qualified ? bucket.ranks.first() : undefined
    if (first === undefined || (best !== undefined && !offeredBefore({ match, rank: first }, best))) continue
    const found = affordable(search, bucket, match)
    if (found !== undefined && (best === undefined || offeredBefore(found, best))) best = found
  }
  return best
}

/** The first of a group that the budgets have room for; in nearly all cases the very first. */
function affordable(search: Search, bucket: Bucket, match: number): Found | undefined {
  const { state, swarm, now } = search
  const { books } = state.governor
  const { ranks, leastHold } = bucket
  const room = roomOn(search, bucket.board)
  if (room < leastHold) {
    search.short = true
    return undefined
  }
  let looked = 0
  for (const rank of ranks.inOrder()) {
    const result = reserveForClaim(books, state.governor, claimable(state, rank.task), swarm, now)
    if (!('shortage' in result)) return { rank, match, reservation: result }
    search.short = true
    looked += 1
    if (looked >= LIMITS.offeredTasks) return undefined
  }
  return undefined
}

function roomOn({ state, swarm, now, rooms }: Search, board: string | undefined): number {
  let room = rooms.get(board)
  if (room === undefined) {
    room = roomFor(state.governor.books, state.governor, swarm, board, now)
    rooms.set(board, room)
  }
  return room
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
