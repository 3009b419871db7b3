import { formatDollars } from '../model/money.js'
import type { SwarmRow } from '../model/swarm.js'
import { isStuck, type TaskRow, type TaskState } from '../model/task.js'
import { formatEstimate, formatTimestamp } from '../model/time.js'
import { escapeBlock, escapeCriterion, escapeInline, escapeLine, escapeTest } from './escape.js'
import { SOUND_MARK } from './mojibake.js'
import { boardMark } from './stated-board.js'
import { withoutEmoji } from './text.js'
import type { BoardView } from './view.js'

/**
 * A board as GitHub-flavoured Markdown: tables with live status, then a detail section for every task that has more to
 * say. `parseBoard` reads the same tasks from it again.
 */
export function exportMarkdown(view: BoardView): string {
  const external = view.tasks.filter((task) => task.external)
  const own = view.tasks.filter((task) => !task.external)
  const parts = [
    '# Task board',
    marks(view),
    `Board \`${view.board}\` at ${formatTimestamp(view.generatedAt)}: ${summarize(own)}.`,
    ...taskTable(
      'Primary tasks',
      own.filter(({ kind }) => kind === 'primary'),
    ),
    ...taskTable(
      'Filler tasks',
      own.filter(({ kind }) => kind === 'filler'),
    ),
    ...taskTable('External tasks', external),
    ...swarmTable(view),
    ...details(view.tasks),
  ]
  return `${parts.join('\n\n')}\n`
}

/** Tasks of several boards together are no board that could be imported. */
function marks({ board, tasks }: BoardView): string {
  const one = tasks.every((task) => task.board === board)
  return one ? `${SOUND_MARK}\n${boardMark(board)}` : SOUND_MARK
}

function summarize(tasks: readonly TaskRow[]): string {
  const states: readonly TaskState[] = ['completed', 'claimed', 'available', 'blocked', 'failed', 'cancelled']
  const counts = states.map((state) => ({ state, count: tasks.filter((task) => task.state === state).length }))
  const told = counts.filter(({ count }) => count > 0).map(({ state, count }) => `${count} ${state}`)
  return told.length > 0 ? told.join(', ') : 'no tasks'
}

const COLUMNS = [
  { header: 'ID', cell: ({ id }: TaskRow) => id },
  { header: 'Task', cell: ({ title }: TaskRow) => title },
  { header: 'Status', cell: statusOf },
  { header: 'Owner', cell: ({ owner }: TaskRow) => owner ?? '-' },
  { header: 'Dependencies', cell: ({ dependencies }: TaskRow) => dependencies.join(', ') || '-' },
  { header: 'Deliverable', cell: ({ deliverable }: TaskRow) => deliverable ?? '-' },
  { header: 'Est', cell: ({ estimateMinutes }: TaskRow) => (estimateMinutes ? formatEstimate(estimateMinutes) : '-') },
  { header: 'Model', cell: ({ tier }: TaskRow) => tier ?? '-' },
  { header: 'Priority', cell: ({ priority }: TaskRow) => String(priority) },
  { header: 'Capabilities', cell: ({ requires }: TaskRow) => requires.join(', ') || '-' },
] as const

const COST_COLUMN = {
  header: 'Max cost',
  cell: ({ maxCostNanos }: TaskRow) => (maxCostNanos === undefined ? '-' : formatDollars(maxCostNanos)),
}

const MODULE_COLUMN = { header: 'Worker module', cell: ({ module }: TaskRow) => module ?? '-' }

function taskTable(heading: string, tasks: readonly TaskRow[]): string[] {
  if (tasks.length === 0) return []
  const columns = [
    ...COLUMNS,
    ...(tasks.some(({ module }) => module !== undefined) ? [MODULE_COLUMN] : []),
    ...(tasks.some(({ maxCostNanos }) => maxCostNanos !== undefined) ? [COST_COLUMN] : []),
  ]
  const rows = tasks.map((task) => columns.map(({ cell }) => cell(task)))
  return [
    `## ${heading} (${tasks.length})`,
    table(
      columns.map(({ header }) => header),
      rows,
    ),
  ]
}

function table(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(headers), line(headers.map(() => '---')), ...rows.map((cells) => line(cells.map(escapeInline)))].join(
    '\n',
  )
}

const STATUS_EMOJI: Readonly<Record<TaskState, string>> = {
  blocked: '⏳',
  available: '🔵',
  claimed: '🟡',
  completed: '✅',
  failed: '❌',
  cancelled: '🚫',
}

/** Live status: `🟡 claimed by session-4-sip, 50%, stuck`. */
function statusOf(task: TaskRow): string {
  const by = task.claim?.swarm ?? task.completedBy
  const percent = task.progress.at(-1)?.percent
  const facts = [
    by === undefined ? task.state : `${task.state} by ${by}`,
    ...(task.state === 'claimed' && percent !== undefined ? [`${percent}%`] : []),
    ...(isStuck(task) ? ['stuck'] : []),
    ...(task.state === 'blocked' && task.openDependencies > 0 ? [`${task.openDependencies} open`] : []),
  ]
  return `${STATUS_EMOJI[task.state]} ${facts.join(', ')}`
}

function swarmTable({ swarms, tasks }: BoardView): string[] {
  if (swarms.length === 0) return []
  const held = new Map<string, string[]>()
  for (const { id, claim } of tasks) {
    if (claim !== undefined) held.set(claim.swarm, [...(held.get(claim.swarm) ?? []), id])
  }
  const row = (swarm: SwarmRow) => [
    swarm.id,
    swarm.state,
    swarm.tier ?? '-',
    swarm.capabilities.join(', ') || '-',
    held.get(swarm.id)?.join(', ') ?? '-',
  ]
  return ['## Swarms', table(['Swarm', 'State', 'Model', 'Capabilities', 'Works on'], swarms.map(row))]
}

function details(tasks: readonly TaskRow[]): string[] {
  const sections = tasks.flatMap(detailSection)
  return sections.length > 0 ? ['## Details', ...sections] : []
}

function detailSection(task: TaskRow): string[] {
  const reached = new Set<number>(task.progress.map(({ percent }) => percent))
  const milestones = task.milestones.map(
    ({ percent, text }) => `[${reached.has(percent) ? 'x' : ' '}] ${percent}% - ${escapeInline(text)}`,
  )
  const parts = [
    ...(task.description === undefined ? [] : ['**Description:**', escapeBlock(task.description)]),
    ...list('Acceptance Criteria', task.acceptance.map(escapeCriterion)),
    ...list('Milestones', milestones),
    ...list('Key Tests', task.keyTests.map(escapeTest)),
  ]
  if (parts.length === 0) return []
  const title = withoutEmoji(task.title)
  return [`### ${escapeLine(title === '' ? task.id : `${task.id}: ${title}`)}`, ...parts]
}

function list(label: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`**${label}:**`, items.map((item) => `- ${item}`).join('\n')]
}
