import { qualify } from '../governor/match.js'
import type { BlockerRow } from '../model/blocker.js'
import { compareIds } from '../model/ids.js'
import type { SwarmRow } from '../model/swarm.js'
import { isStuck, type TaskKind, type TaskRow, type TaskState } from '../model/task.js'
import { blockerRow, openDependencies, requireSwarm, requireTask, taskRow } from './lookup.js'
import { rankOf } from './offer-next.js'
import { unreadMessages } from './read-inbox.js'
import { ranksBefore } from './ready-queue.js'
import type { FabricState } from './state.js'

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Pass as `cursor` for the next page; absent on the last. */
  readonly nextCursor?: string
}

export interface PageRequest {
  readonly limit: number
  readonly cursor?: string
}

export interface TaskFilter {
  readonly state?: TaskState
  readonly kind?: TaskKind
  readonly board?: string
  /** Holder of the live claim. */
  readonly swarm?: string
  readonly stuck?: boolean
}

/** A task with what follows from the rest of the state. */
export interface TaskDetail {
  readonly task: TaskRow
  readonly stuck: boolean
  readonly leaseEndsAt?: number
  /** Longest remaining estimate from here to the end of the graph. */
  readonly criticalPathMinutes: number
  readonly waitingFor: readonly string[]
  readonly dependents: readonly string[]
  readonly blockers: readonly BlockerRow[]
}

export interface SwarmDetail {
  readonly swarm: SwarmRow
  readonly claims: readonly { readonly task: string; readonly epoch: number; readonly stuck: boolean }[]
  readonly helping: readonly { readonly blocker: string; readonly task: string; readonly epoch?: number }[]
  readonly unread: number
}

/** Tasks in the order of their ids. */
export function listTasks(state: FabricState, filter: TaskFilter, page: PageRequest): Page<TaskRow> {
  const wanted: TaskRow[] = []
  for (const task of state.tasks.values()) if (passes(task, filter)) wanted.push(task)
  return pageById(wanted, page)
}

function passes(task: TaskRow, { state, kind, board, swarm, stuck }: TaskFilter): boolean {
  return (
    (state === undefined || task.state === state) &&
    (kind === undefined || task.kind === kind) &&
    (board === undefined || task.board === board) &&
    (swarm === undefined || task.claim?.swarm === swarm) &&
    (stuck === undefined || isStuck(task) === stuck)
  )
}

export function showTask(state: FabricState, id: string): TaskDetail {
  const task = requireTask(state, id)
  const leaseEndsAt = state.leaseEndsAt(task)
  return {
    task,
    stuck: isStuck(task),
    ...(leaseEndsAt !== undefined && { leaseEndsAt }),
    criticalPathMinutes: state.criticalPathMinutes(id),
    waitingFor: task.state === 'completed' ? [] : openDependencies(state, task.dependencies),
    dependents: [...state.dependents.get(id)].sort(compareIds),
    blockers: [...state.blockersOf.get(id)].map((blocker) => blockerRow(state, blocker)),
  }
}

/** Claimable tasks in the order they are offered, primary work first; with `swarm`, only those it qualifies for. */
export function listReady(state: FabricState, options: { readonly swarm?: string }, page: PageRequest): Page<TaskRow> {
  const swarm = options.swarm === undefined ? undefined : requireSwarm(state, options.swarm)
  const ready: TaskRow[] = []
  for (const bucket of state.claimable()) {
    if (swarm !== undefined && !qualify(swarm, bucket, state.governor.policy).qualified) continue
    for (const { task } of bucket.ranks.items()) ready.push(taskRow(state, task))
  }
  ready.sort((a, b) => {
    if (a.kind !== b.kind) return a.kind === 'primary' ? -1 : 1
    return ranksBefore(rankOf(state, a), rankOf(state, b)) ? -1 : 1
  })
  return pageByPosition(ready, page)
}

export function listSwarms(state: FabricState, page: PageRequest): Page<SwarmDetail> {
  const { items, ...rest } = pageById([...state.swarms.values()], page)
  return { items: items.map((swarm) => swarmDetail(state, swarm)), ...rest }
}

export function showSwarm(state: FabricState, id: string): SwarmDetail {
  return swarmDetail(state, requireSwarm(state, id))
}

function swarmDetail(state: FabricState, swarm: SwarmRow): SwarmDetail {
  const claims = [...state.held.claims.get(swarm.id)].sort(compareIds).map((id) => {
    const task = taskRow(state, id)
    return { task: id, epoch: task.claim?.epoch ?? -1, stuck: isStuck(task) }
  })
  const helping = [...state.helping.get(swarm.id)].map((id) => {
    const { task, helpers } = blockerRow(state, id)
    const epoch = helpers.find((helper) => helper.swarm === swarm.id)?.epoch
    return { blocker: id, task, ...(epoch !== undefined && { epoch }) }
  })
  return { swarm, claims, helping, unread: unreadMessages(state, swarm.id).length }
}

/** Blockers, oldest first. */
export function listBlockers(
  state: FabricState,
  options: { readonly open: boolean },
  page: PageRequest,
): Page<BlockerRow> {
  const wanted = [...state.blockers.values()].filter((blocker) => !options.open || blocker.state !== 'resolved')
  wanted.sort((a, b) => a.raisedAt - b.raisedAt || compareIds(a.id, b.id))
  return pageByPosition(wanted, page)
}

/** Everything of one board, or of all, for an export; tasks in the order they were created. */
export function boardContents(
  state: FabricState,
  board?: string,
): { readonly tasks: readonly TaskRow[]; readonly swarms: readonly SwarmRow[] } {
  const tasks = [...state.tasks.values()].filter((task) => board === undefined || task.board === board)
  tasks.sort((a, b) => a.createdIndex - b.createdIndex)
  return { tasks, swarms: [...state.swarms.values()].sort((a, b) => compareIds(a.id, b.id)) }
}

/** The cursor is the last id of the page before, so that a page stays right while rows come and go. */
export function pageById<Row extends { readonly id: string }>(rows: Row[], { limit, cursor }: PageRequest): Page<Row> {
  const rest = cursor === undefined ? rows : rows.filter(({ id }) => compareIds(id, cursor) > 0)
  rest.sort((a, b) => compareIds(a.id, b.id))
  const items = rest.slice(0, limit)
  const last = items.at(-1)
  return rest.length > limit && last !== undefined ? { items, nextCursor: last.id } : { items }
}

/** For orders that change by themselves: the cursor is the number of items already seen. */
export function pageByPosition<Row>(rows: Row[], { limit, cursor }: PageRequest): Page<Row> {
  const from = cursor === undefined ? 0 : Math.max(0, Number.parseInt(cursor, 10) || 0)
  const items = rows.slice(from, from + limit)
  return from + limit < rows.length ? { items, nextCursor: String(from + limit) } : { items }
}
