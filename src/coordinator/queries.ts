import type { BlockerRow } from '../model/blocker.js'
import type { SwarmRow } from '../model/swarm.js'
import type { TaskKind, TaskRow, TaskState } from '../model/task.js'
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

export declare function listTasks(state: FabricState, filter: TaskFilter, page: PageRequest): Page<TaskRow>
export declare function showTask(state: FabricState, id: string): TaskDetail
/** Claimable tasks in the order they are offered; with `swarm`, only those it is eligible for. */
export declare function listReady(state: FabricState, options: { swarm?: string; minMatch: number; tiers: readonly string[] }, page: PageRequest): Page<TaskRow>
export declare function listSwarms(state: FabricState, page: PageRequest): Page<SwarmDetail>
export declare function showSwarm(state: FabricState, id: string): SwarmDetail
export declare function listBlockers(state: FabricState, options: { open: boolean }, page: PageRequest): Page<BlockerRow>
/** Everything of one board (or of all) for an export. */
export declare function boardContents(state: FabricState, board?: string): { tasks: readonly TaskRow[]; swarms: readonly SwarmRow[] }
