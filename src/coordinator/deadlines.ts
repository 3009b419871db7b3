import type { BlockerRow, Helper } from '../model/blocker.js'
import { compareIds } from '../model/ids.js'
import type { TaskRow } from '../model/task.js'
import type { Policy } from './policy.js'

/** `task`: stall, end of lease, end of backoff, retention. `reads`: coalesced acknowledgements. `help`: helpers that do
 * not answer or fell silent, or a plan that has to be made anew. `breaker`: the end of its time, or of a probe's.
 * `escalation`: nobody answered. `reputation`: what is held against a swarm weighs less. */
export const DEADLINE_KINDS = ['task', 'reads', 'help', 'breaker', 'escalation', 'reputation'] as const
export type DeadlineKind = (typeof DEADLINE_KINDS)[number]

/** Something that happens by itself when its time comes. */
export interface Deadline {
  readonly kind: DeadlineKind
  /** Of the task, blocker, swarm or escalation. */
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
    const silenceMatters = claim.stalledAt === undefined && claim.stoppedAt === undefined
    return silenceMatters ? Math.min(leaseEnd, heard + timing.stallMs) : leaseEnd
  }
  if (task.state === 'available') return task.notBefore
  // A cancelled task that others wait for may be brought back, so it stays.
  const archivable = task.state === 'completed' || (task.state === 'cancelled' && !awaited)
  return archivable && task.finishedAt !== undefined ? task.finishedAt + timing.retentionMs : undefined
}

/** How long a helper may take to answer, and may be silent once it helps. */
export interface HelpTiming {
  readonly answerMs: number
  readonly leaseMs: number
}

/** When a helper loses its place: it did not answer, or fell silent. `heard` is its last word, in memory only. */
export function helperDeadline(helper: Helper, heard: number, timing: HelpTiming): number | undefined {
  if (helper.state === 'declined' || helper.since === undefined) return undefined
  const since = Math.max(helper.since, heard)
  return since + (helper.state === 'requested' ? timing.answerMs : timing.leaseMs)
}

/** When the next thing happens to a blocker by itself. */
export function blockerDeadline(
  blocker: BlockerRow,
  heard: (helper: string) => number,
  timing: HelpTiming,
): number | undefined {
  if (blocker.state === 'resolved') return undefined
  if (blocker.replanAt !== undefined) return blocker.replanAt
  const times = blocker.helpers.flatMap((helper) => helperDeadline(helper, heard(helper.swarm), timing) ?? [])
  return times.length === 0 ? undefined : Math.min(...times)
}
