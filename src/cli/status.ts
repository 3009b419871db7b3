import type { FabricClient } from '../client/client.js'
import { formatDollars } from '../model/money.js'
import { TASK_STATES } from '../model/task.js'
import type { StatusView, TaskView } from '../operations/views.js'
import { answer } from './answer.js'
import { alignFields } from './columns.js'
import type { CliCommand } from './command.js'
import { taskLines } from './task-text.js'
import { counted, formatTime } from './text.js'

export function addStatusCommand(program: CliCommand): void {
  program
    .command('status')
    .description('show how the fabric is and who works on what')
    .option('--watch', 'show it again with every change until interrupted')
    .example('ifab status --watch')
    .does(async (call, { watch }: { watch?: boolean }) => {
      if (watch === true) return (await import('./watch.js')).watchStatus(call)
      const fabric = await call.connect()
      const overview = await readOverview(fabric)
      return answer(overview.status, overviewLines(fabric.url, overview))
    })
}

export interface Overview {
  readonly status: StatusView
  readonly working: readonly TaskView[]
  readonly governor: GovernorSummary
}

/** What waits for people, and what was spent. */
interface GovernorSummary {
  readonly escalations: Counted
  readonly breakers: Counted
  readonly spentNanos: number
}

/** How many there are, or at least. */
interface Counted {
  readonly count: number
  readonly more: boolean
}

const SHOWN_TASKS = 20
/** Lists tell no total: beyond this only that there are more. */
const COUNTED_ROWS = 20

export async function readOverview(fabric: FabricClient): Promise<Overview> {
  const [status, working, escalations, breakers, costs] = await Promise.all([
    fabric.fabric.status(),
    fabric.task.list({ state: 'claimed', limit: SHOWN_TASKS }),
    fabric.escalation.list({ limit: COUNTED_ROWS }),
    fabric.breaker.list({ open: true, limit: COUNTED_ROWS }),
    fabric.cost.report({ limit: 1 }),
  ])
  const governor = {
    escalations: countRows(escalations),
    breakers: countRows(breakers),
    spentNanos: costs.total.settled.nanos,
  }
  return { status, working: working.items, governor }
}

function countRows({
  items,
  nextCursor,
}: {
  readonly items: readonly unknown[]
  readonly nextCursor?: string
}): Counted {
  return { count: items.length, more: nextCursor !== undefined }
}

/** `condition` replaces what the fabric said about itself when it says nothing any more. */
export function overviewLines(url: string, { status, working, governor }: Overview, condition?: string): string[] {
  const { journal, witness } = status
  const lines = alignFields([
    ['fabric', `${status.name}, ${condition ?? `${status.state} since ${formatTime(status.startedAt)}`}`],
    ['address', url],
    ['tasks', taskCounts(status)],
    ['blockers', `${status.openBlockers} open, ${counted(status.stuck, 'stuck task')}`],
    ['swarms', `${status.swarms}, ${status.waitingSwarms} waiting for work`],
    ['governor', governorText(governor)],
    [
      'log',
      `${counted(status.entries, 'entry', 'entries')}, ${journal.bytes} bytes, ${journal.driver}, ${journal.state}`,
    ],
    ...(witness === undefined ? [] : [['witness', witnessText(witness)] as const]),
  ])
  return working.length === 0 ? lines : [...lines, '', ...taskLines(working)]
}

function governorText({ escalations, breakers, spentNanos }: GovernorSummary): string {
  return [
    countText(escalations, 'open escalation'),
    countText(breakers, 'open breaker'),
    `${formatDollars(spentNanos)} spent`,
  ].join(', ')
}

function countText({ count, more }: Counted, noun: string): string {
  return more ? `more than ${counted(count, noun)}` : counted(count, noun)
}

function witnessText({ signed, vkey, cosigning }: NonNullable<StatusView['witness']>): string {
  const own = `${signed} signed, by ${vkey}`
  if (cosigning === undefined) return own
  const others = cosigning.witnesses.map(({ name, outcome, size }) => `${name}: ${outcome}, ${size}`).join('; ')
  return `${own}\n${cosigning.quorum ? `quorum at ${cosigning.size}` : 'no quorum'} (${others})`
}

export function summaryLine({ status }: Overview): string {
  return `${counted(status.entries, 'entry', 'entries')}; ${taskCounts(status)}; ${counted(status.openBlockers, 'open blocker')}`
}

function taskCounts({ tasks }: StatusView): string {
  const counts = TASK_STATES.flatMap((state) => (tasks[state] > 0 ? [`${tasks[state]} ${state}`] : []))
  return counts.length === 0 ? 'none' : counts.join(', ')
}
