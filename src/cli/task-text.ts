import { formatDollars } from '../model/money.js'
import type { Evidence } from '../model/task.js'
import { formatEstimate } from '../model/time.js'
import type { TaskDetailView, TaskView } from '../operations/views.js'
import { blockerLines } from './blocker-text.js'
import { alignColumns, alignFields } from './columns.js'
import { formatTime } from './text.js'

/** One line for each task. */
export function taskLines(tasks: readonly TaskView[]): string[] {
  const rows = tasks.map((task) => [
    task.id,
    stateText(task),
    String(task.priority),
    task.estimateMinutes === undefined ? '' : formatEstimate(task.estimateMinutes),
    task.claim?.swarm ?? task.completedBy ?? task.owner ?? '',
    task.title,
  ])
  return alignColumns(['TASK', 'STATE', 'PRIORITY', 'ESTIMATE', 'SWARM', 'TITLE'], rows)
}

function stateText(task: TaskView): string {
  if (task.stuck) return 'claimed, stuck'
  const reached = task.state === 'claimed' ? task.progress.at(-1)?.percent : undefined
  return reached === undefined ? task.state : `${task.state} ${reached}%`
}

/** Everything about one task. */
export function detailLines(detail: TaskDetailView): string[] {
  const { task } = detail
  const lines = alignFields([
    ['task', task.id],
    ['title', task.title],
    ['state', stateText(task)],
    ...claimFields(detail),
    ['waits for', detail.waitingFor.join(', ')],
    ['needed by', detail.dependents.join(', ')],
    ['dependencies', task.dependencies.join(', ')],
    ['requires', task.requires.join(', ')],
    ['tier', task.tier],
    ['kind', task.external ? `${task.kind}, external` : task.kind],
    ['priority', String(task.priority)],
    ['estimate', task.estimateMinutes === undefined ? undefined : formatEstimate(task.estimateMinutes)],
    ['critical path', formatEstimate(detail.criticalPathMinutes)],
    ['at most', task.maxCostNanos === undefined ? undefined : formatDollars(task.maxCostNanos)],
    ['board', task.board],
    ['owner', task.owner],
    ['module', task.module],
    ['deliverable', task.deliverable],
    ['description', task.description],
    ['acceptance', task.acceptance.join('\n')],
    ['key tests', task.keyTests.join('\n')],
    ['planned', task.milestones.map(({ percent, text }) => `${percent}% ${text}`).join('\n')],
    ['reached', task.progress.map(progressText).join('\n')],
    ['failures', failureText(task)],
    ['not before', task.notBefore === undefined ? undefined : formatTime(task.notBefore)],
    ['completed by', task.completedBy],
    ['summary', task.summary],
    ['evidence', task.evidence.map(evidenceText).join('\n')],
    ['finished', task.finishedAt === undefined ? undefined : formatTime(task.finishedAt)],
  ])
  return detail.blockers.length === 0 ? lines : [...lines, '', ...blockerLines(detail.blockers)]
}

function claimFields({ task, leaseEndsAt }: TaskDetailView): [string, string | undefined][] {
  const { claim } = task
  if (claim === undefined) return []
  return [
    ['held by', `${claim.swarm}, epoch ${claim.epoch}, since ${formatTime(claim.claimedAt)}`],
    ['lease ends', leaseEndsAt === undefined ? undefined : formatTime(leaseEndsAt)],
    ['stalled', claim.stalledAt === undefined ? undefined : `silent, noticed ${formatTime(claim.stalledAt)}`],
  ]
}

function progressText({ percent, note, testsPassed, testsFailed, nextAction }: TaskView['progress'][number]): string {
  const parts = [
    `${percent}%`,
    note,
    testsPassed === undefined ? undefined : `${testsPassed} tests passed`,
    testsFailed === undefined ? undefined : `${testsFailed} failed`,
    nextAction === undefined ? undefined : `next: ${nextAction}`,
  ]
  return parts.filter((part) => part !== undefined).join(', ')
}

function failureText({ failures, lastFailure }: TaskView): string | undefined {
  if (lastFailure === undefined) return undefined
  return `${failures}, last by ${lastFailure.swarm}: ${lastFailure.reason}`
}

function evidenceText(evidence: Evidence): string {
  switch (evidence.kind) {
    case 'commit':
      return `commit ${evidence.commit}${evidence.repository === undefined ? '' : ` of ${evidence.repository}`}`
    case 'file':
      return `file ${evidence.path} sha256 ${evidence.sha256}`
    case 'command':
      return `command ${evidence.command} exited with ${evidence.exitCode}`
    case 'note':
      return evidence.text
  }
}
