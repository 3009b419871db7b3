import type { BlockerKind } from '../../model/blocker.js'
import type { MilestonePercent, TaskState } from '../../model/task.js'

/** A task that a status file names. */
export interface NamedTask {
  readonly task: string
  /** Line of the file, from 1. */
  readonly line: number
}

/** Something that stops an agent, as it says. */
export interface StatedBlocker {
  /** `task` only where it begins with what looks like an id; whether there is such a task the fabric knows. */
  readonly kind: BlockerKind
  readonly needs: string
  readonly waitsFor?: string
  readonly line: number
}

/** How far it is. Without `percent` it says nothing that a milestone could be. */
export interface StatedProgress {
  readonly percent?: MilestonePercent
  readonly note?: string
  readonly testsPassed?: number
  readonly testsFailed?: number
  readonly nextAction?: string
}

/** What an agent says of itself in its status file, in whichever words. Texts fit into the fields of commands. */
export interface AgentStatus {
  /** The swarm that it says it is. */
  readonly swarm?: string
  /** `status: completed` and the like. */
  readonly state?: TaskState
  /** What it works on, or wants to. */
  readonly tasks: readonly NamedTask[]
  /** It says that it works on nothing: `current_task: none`. */
  readonly isIdle: boolean
  readonly completed: readonly NamedTask[]
  readonly failed: readonly NamedTask[]
  readonly released: readonly NamedTask[]
  readonly progress: StatedProgress
  /** Undefined where it says nothing of blockers; empty where it says that there are none. */
  readonly blockers?: readonly StatedBlocker[]
  readonly reason?: string
  readonly summary?: string
  /** Commits that it names as evidence. */
  readonly commits: readonly string[]
  readonly deliverable?: string
  readonly capabilities?: readonly string[]
  /** Index of the last message that it has read. */
  readonly readUpTo?: number
}

/** What could not be read, or not be done, with the line of the status file that it is about. */
export interface StatusProblem {
  readonly line: number
  readonly problem: string
}
