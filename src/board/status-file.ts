import { Document, Scalar } from 'yaml'
import { FabricError } from '../model/errors.js'
import { isId, requireId } from '../model/ids.js'
import { isStuck, type TaskRow } from '../model/task.js'
import { formatTimestamp } from '../model/time.js'
import type { BoardView } from './view.js'

/** What a swarm does at one moment, as its `STATUS-<SWARM>.yaml` tells it. */
export interface SwarmStatus {
  readonly session: string
  readonly currentTask?: string
  /** `50% - lifecycle tests pass`. */
  readonly milestone?: string
  /** Milliseconds since the Unix epoch, UTC. */
  readonly at: number
  readonly branch?: string
  /** Id of the task, or the words for what it waits for. */
  readonly blockedOn?: string
  readonly nextAction?: string
  readonly testsPassed?: number
  readonly testsFailed?: number
}

/** Name of a swarm's status file: `STATUS-SESSION-4-SIP.yaml`. Throws INVALID_ARGUMENT when `swarm` is no id. */
export function statusFileName(swarm: string): string {
  return `STATUS-${fileStem(swarm)}.yaml`
}

/**
 * A swarm as a part of a file's name: `SESSION-4-SIP`. No two swarms share one, also where file names have no case:
 * capitals of the id get a `~` in front, and a colon is `~-`. Throws INVALID_ARGUMENT when `swarm` is no id.
 */
export function fileStem(swarm: string): string {
  return requireId(swarm, 'swarm').replace(/[A-Z]/g, '~$&').replaceAll(':', '~-').toUpperCase()
}

/** The swarm that a part of a file's name stands for; undefined when it stands for none. */
export function swarmOfStem(stem: string): string | undefined {
  const swarm = stem
    .toLowerCase()
    .replaceAll('~-', ':')
    .replace(/~([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return isId(swarm) ? swarm : undefined
}

/**
 * The status of a swarm in a view. A task it can work on goes before one that is stuck; `blockedOn` tells what the stuck
 * one waits for. The branch is the swarm's metadata `branch`. Throws NOT_FOUND when the view has no such swarm.
 */
export function swarmStatus(view: BoardView, swarm: string): SwarmStatus {
  const row = view.swarms.find(({ id }) => id === swarm)
  if (row === undefined) throw new FabricError('NOT_FOUND', `There is no swarm ${swarm}. Register it first.`, { swarm })
  const held = view.tasks.filter(({ claim }) => claim?.swarm === swarm)
  const current = held.find((task) => !isStuck(task)) ?? held[0]
  const stuck = held.find(isStuck)
  const blockedOn = stuck && waitsFor(view, stuck)
  const report = current?.progress.at(-1)
  const { branch } = row.metadata
  return {
    session: swarm,
    at: view.generatedAt,
    ...(current && { currentTask: current.id, milestone: milestoneOf(current) }),
    ...(branch !== undefined && { branch }),
    ...(blockedOn !== undefined && { blockedOn }),
    ...(report?.nextAction !== undefined && { nextAction: report.nextAction }),
    ...(report?.testsPassed !== undefined && { testsPassed: report.testsPassed }),
    ...(report?.testsFailed !== undefined && { testsFailed: report.testsFailed }),
  }
}

function waitsFor({ blockers = [] }: BoardView, task: TaskRow): string | undefined {
  const blocker = blockers.find(({ id }) => task.openBlockers.includes(id))
  return blocker?.waitsFor ?? blocker?.needs ?? task.openBlockers[0]
}

function milestoneOf(task: TaskRow): string {
  const report = task.progress.at(-1)
  if (report === undefined) return '0% - Starting task'
  const planned = task.milestones.find(({ percent }) => percent === report.percent)?.text
  const text = report.note ?? planned
  return text === undefined ? `${report.percent}%` : `${report.percent}% - ${text}`
}

/** The status as YAML, with the keys that sessions write into their `STATUS` files, in their order. */
export function exportStatusYaml(status: SwarmStatus): string {
  const document = new Document({
    session: status.session,
    current_task: status.currentTask ?? null,
    milestone: quoted(status.milestone),
    timestamp: formatTimestamp(status.at),
    branch: status.branch ?? null,
    blocked_on: status.blockedOn ?? null,
    next_action: quoted(status.nextAction),
    tests_passed: status.testsPassed ?? null,
    tests_failed: status.testsFailed ?? null,
  })
  return document.toString({ lineWidth: 0 })
}

function quoted(text: string | undefined): Scalar | null {
  if (text === undefined) return null
  const scalar = new Scalar(text)
  scalar.type = Scalar.QUOTE_DOUBLE
  return scalar
}
