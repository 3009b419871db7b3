export const TASK_STATES = ['blocked', 'available', 'claimed', 'completed', 'failed', 'cancelled'] as const
export type TaskState = (typeof TASK_STATES)[number]

/** Filler work is offered only when a swarm has nothing better to do. */
export const TASK_KINDS = ['primary', 'filler'] as const
export type TaskKind = (typeof TASK_KINDS)[number]

export const MILESTONE_PERCENTS = [25, 50, 75, 100] as const
export type MilestonePercent = (typeof MILESTONE_PERCENTS)[number]

/** What a quarter of the work means for this task, as planned by its author. */
export interface PlannedMilestone {
  readonly percent: MilestonePercent
  readonly text: string
}

/** What somebody wants done. Everything a board can say about a task; the rest is its life (`TaskRow`). */
export interface TaskSpec {
  readonly id: string
  readonly title: string
  readonly description?: string
  readonly kind: TaskKind
  /** Ids of tasks that must be completed first. */
  readonly dependencies: readonly string[]
  /** Capabilities a swarm needs, `domain:skill`. */
  readonly requires: readonly string[]
  /** 0 to 100; higher goes first. */
  readonly priority: number
  readonly estimateMinutes?: number
  /** Model tier: haiku, sonnet, opus or a name of the user's own. */
  readonly tier?: string
  readonly deliverable?: string
  readonly acceptance: readonly string[]
  readonly milestones: readonly PlannedMilestone[]
  /** Names of tests that prove the task. */
  readonly keyTests: readonly string[]
  /** Board this task belongs to. */
  readonly board?: string
  /** Swarm that the board names as owner: it is offered this task first. */
  readonly owner?: string
  /** Swarm whose loaded module does it: the fabric runs that module itself, and nobody else may claim the task. */
  readonly module?: string
  /** Nano-dollars. */
  readonly maxCostNanos?: number
  /** A placeholder for work outside this fabric: nobody claims it, a person marks it done. */
  readonly external: boolean
}

export type Evidence =
  | { readonly kind: 'commit'; readonly commit: string; readonly repository?: string }
  | { readonly kind: 'file'; readonly path: string; readonly sha256: string }
  | { readonly kind: 'command'; readonly command: string; readonly exitCode: number }
  | { readonly kind: 'note'; readonly text: string }

export interface MilestoneReport {
  readonly percent: MilestonePercent
  readonly note?: string
  readonly testsPassed?: number
  readonly testsFailed?: number
  readonly nextAction?: string
  readonly at: number
}

/** The live claim of a task. `epoch` is the fencing token: the log index of its `task_claimed` entry. */
export interface Claim {
  readonly swarm: string
  readonly epoch: number
  readonly claimedAt: number
  readonly leaseMs: number
  /** Set when the holder was silent for the stall time; cleared by its next heartbeat. */
  readonly stalledAt?: number
  /** When its last open blocker was resolved: the holder is offered it again before anything else. */
  readonly freedAt?: number
  /** When it was stopped, because its budget is spent: heartbeats do not renew its lease until a person extends it. */
  readonly stoppedAt?: number
}

export interface TaskFailure {
  readonly swarm: string
  readonly epoch: number
  readonly at: number
  readonly reason: string
}

/** A task and its life so far. Rows are replaced, never changed in place. */
export interface TaskRow extends TaskSpec {
  readonly state: TaskState
  /** Log index of the entry that created it: its age. */
  readonly createdIndex: number
  readonly createdAt: number
  readonly updatedAt: number
  /** Dependencies that are not completed yet. */
  readonly openDependencies: number
  readonly claim?: Claim
  /** How often it was claimed; grows with the claim, so that a poisonous task cannot be retried for ever. */
  readonly attempts: number
  /** Attempts that ended in a failure or a lost lease since the last retry by a person. */
  readonly failures: number
  readonly lastFailure?: TaskFailure
  /** Not offered before this time (backoff after a failure). */
  readonly notBefore?: number
  readonly progress: readonly MilestoneReport[]
  /** Ids of blockers that are not resolved; a claimed task with one is stuck. */
  readonly openBlockers: readonly string[]
  readonly evidence: readonly Evidence[]
  readonly summary?: string
  readonly completedBy?: string
  /** Epoch of the claim that completed it, so that a repeated `complete` gets the same answer. */
  readonly completedEpoch?: number
  readonly finishedAt?: number
}

export function isStuck(task: TaskRow): boolean {
  return task.state === 'claimed' && task.openBlockers.length > 0
}

export function isFinished(task: TaskRow): boolean {
  return task.state === 'completed' || task.state === 'failed' || task.state === 'cancelled'
}
