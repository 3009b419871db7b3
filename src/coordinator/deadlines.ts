import { compareIds } from '../model/ids.js'
import type { TaskRow } from '../model/task.js'
import type { Policy } from './policy.js'

/** Something that happens by itself when its time comes. */
export interface Deadline {
  /** `task`: stall, end of lease, end of backoff, retention. `reads`: coalesced acknowledgements. */
  readonly kind: 'task' | 'reads'
  readonly id: string
  /** Milliseconds since the Unix epoch. */
  readonly at: number
}

export function deadlineKey(deadline: Pick<Deadline, 'kind' | 'id'>): string {
  return `${deadline.kind}/${deadline.id}`
}

export function deadlinesBefore(a: Deadline, b: Deadline): boolean {
  return a.at !== b.at ? a.at < b.at : compareIds(deadlineKey(a), deadlineKey(b)) < 0
}

export type TimingPolicy = Pick<Policy, 'stallMs' | 'retentionMs'>

/** What a deadline depends on besides the task itself. */
export interface DeadlineFacts {
  /** When its holder was last heard, milliseconds since the Unix epoch. */
  readonly heard: number
  /** Whether another task or a blocker waits for it. */
  readonly awaited: boolean
  readonly timing: TimingPolicy
}

/** When the next thing happens to a task by itself; undefined when nothing does. */
export function taskDeadline(task: TaskRow, { heard, awaited, timing }: DeadlineFacts): number | undefined {
  const { claim } = task
  if (claim !== undefined) {
    const leaseEnd = heard + claim.leaseMs
    return claim.stalledAt === undefined ? Math.min(leaseEnd, heard + timing.stallMs) : leaseEnd
  }
  if (task.state === 'available') return task.notBefore
  // A cancelled task that others wait for may be brought back, so it stays.
  const archivable = task.state === 'completed' || (task.state === 'cancelled' && !awaited)
  return archivable && task.finishedAt !== undefined ? task.finishedAt + timing.retentionMs : undefined
}
