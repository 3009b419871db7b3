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

/** When the next thing happens to a task by itself, its holder last heard at `heard`; undefined when nothing does. */
export function taskDeadline(task: TaskRow, heard: number, timing: TimingPolicy): number | undefined {
  const { claim } = task
  if (claim !== undefined) {
    const leaseEnd = heard + claim.leaseMs
    return claim.stalledAt === undefined ? Math.min(leaseEnd, heard + timing.stallMs) : leaseEnd
  }
  if (task.state === 'available') return task.notBefore
  const archivable = task.state === 'completed' || task.state === 'cancelled'
  return archivable && task.finishedAt !== undefined ? task.finishedAt + timing.retentionMs : undefined
}
