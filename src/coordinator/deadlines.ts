import { compareIds } from '../model/ids.js'
import type { TaskRow } from '../model/task.js'
import type { FabricState } from './state.js'

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

/** When the next thing happens to a task by itself; undefined when nothing does. */
export function taskDeadline(state: FabricState, task: TaskRow): number | undefined {
  const { claim } = task
  if (claim !== undefined) {
    const heard = state.lastHeard(task)
    const leaseEnd = heard + claim.leaseMs
    return claim.stalledAt === undefined ? Math.min(leaseEnd, heard + state.timing.stallMs) : leaseEnd
  }
  if (task.state === 'available') return task.notBefore
  const archivable = task.state === 'completed' || task.state === 'cancelled'
  return archivable && task.finishedAt !== undefined ? task.finishedAt + state.timing.retentionMs : undefined
}
