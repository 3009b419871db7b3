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
}

const SHOWN_TASKS = 20

export async function readOverview(fabric: FabricClient): Promise<Overview> {
  const [status, working] = await Promise.all([
    fabric.fabric.status(),
    fabric.task.list({ state: 'claimed', limit: SHOWN_TASKS }),
  ])
  return { status, working: working.items }
}

/** `condition` replaces what the fabric said about itself when it says nothing any more. */
export function overviewLines(url: string, { status, working }: Overview, condition?: string): string[] {
  const { journal, witness, nodes } = status
  const lines = alignFields([
    ['fabric', `${status.name}, ${condition ?? `${status.state} since ${formatTime(status.startedAt)}`}`],
    ['address', url],
    ['tasks', taskCounts(status)],
    ['blockers', `${status.openBlockers} open, ${counted(status.stuck, 'stuck task')}`],
    ['swarms', `${status.swarms}, ${status.waitingSwarms} waiting for work`],
    ['governor', governorText(status)],
    [
      'log',
      `${counted(status.entries, 'entry', 'entries')}, ${journal.bytes} bytes, ${journal.driver}, ${journal.state}`,
    ],
    ...(witness === undefined ? [] : [['witness', witnessText(witness)] as const]),
    ...(nodes === undefined ? [] : [['nodes', nodesText(nodes)] as const]),
  ])
  return working.length === 0 ? lines : [...lines, '', ...taskLines(working)]
}

function governorText({ openEscalations, openBreakers, spentNanos }: StatusView): string {
  return [
    counted(openEscalations, 'open escalation'),
    counted(openBreakers, 'open breaker'),
    `${formatDollars(spentNanos)} spent`,
  ].join(', ')
}

function witnessText({ signed, vkey, cosigning }: NonNullable<StatusView['witness']>): string {
  const own = `${signed} signed, by ${vkey}`
  if (cosigning === undefined) return own
  const others = cosigning.witnesses.map(({ name, outcome, size }) => `${name}: ${outcome}, ${size}`).join('; ')
  return `${own}\n${cosigning.quorum ? `quorum at ${cosigning.size}` : 'no quorum'} (${others})`
}

/** One line for each node, as `n1 leads (term 4), http://10.0.0.5:7420` or `n2 follows, 3 entries behind, http://...`. */
function nodesText({ self, leader, term, ageMs, members }: NonNullable<StatusView['nodes']>): string {
  const lines = members.map(({ id, url, leads, lag }) => {
    const role = leads
      ? `leads (term ${term})`
      : lag === 0
        ? 'follows'
        : `follows, ${counted(lag, 'entry', 'entries')} behind`
    return `${id} ${role}, ${url}`
  })
  const told = `told by ${self}, at most ${ageMs} ms old`
  return [...lines, leader === undefined ? `none leads at this moment; ${told}` : told].join('\n')
}

export function summaryLine({ status }: Overview): string {
  return `${counted(status.entries, 'entry', 'entries')}; ${taskCounts(status)}; ${counted(status.openBlockers, 'open blocker')}`
}

function taskCounts({ tasks }: StatusView): string {
  const counts = TASK_STATES.flatMap((state) => (tasks[state] > 0 ? [`${tasks[state]} ${state}`] : []))
  return counts.length === 0 ? 'none' : counts.join(', ')
}
