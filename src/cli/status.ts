import { setTimeout as pause } from 'node:timers/promises'
import type { FabricClient } from '../client/client.js'
import { FabricError } from '../model/errors.js'
import { TASK_STATES } from '../model/task.js'
import type { StatusView, TaskView } from '../operations/views.js'
import { answer } from './answer.js'
import { alignFields } from './columns.js'
import type { Call, CliCommand } from './command.js'
import { taskLines } from './task-text.js'
import { counted, formatTime } from './text.js'

export function addStatusCommand(program: CliCommand): void {
  program
    .command('status')
    .description('show how the fabric is and who works on what')
    .option('--watch', 'show it again with every change until interrupted')
    .example('ifab status --watch')
    .does(async (call, { watch }: { watch?: boolean }) => {
      if (watch === true) return watchStatus(call)
      const fabric = await call.connect()
      const overview = await readOverview(fabric)
      return answer(overview.status, overviewLines(fabric.url, overview))
    })
}

interface Overview {
  readonly status: StatusView
  readonly working: readonly TaskView[]
}

const SHOWN_TASKS = 20

async function readOverview(fabric: FabricClient): Promise<Overview> {
  const [status, working] = await Promise.all([
    fabric.fabric.status(),
    fabric.task.list({ state: 'claimed', limit: SHOWN_TASKS }),
  ])
  return { status, working: working.items }
}

/** Changes that come in a burst are shown at once. */
const REDRAW_MS = 100
const CLEAR_SCREEN = '\u001b[H\u001b[2J'

/** Draws again when the log has grown, which the fabric pushes; nothing is asked for while nothing happens. */
async function watchStatus(call: Call): Promise<undefined> {
  if (call.json) {
    throw new FabricError('INVALID_ARGUMENT', '--watch is for people. For programs, read GET /v1/events.')
  }
  const signal = call.terminal.interruption()
  const fabric = await call.connect()
  let shown = await draw(call, fabric)
  for await (const { index } of fabric.events({ from: shown, signal })) {
    if (index < shown) continue
    await pause(REDRAW_MS, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    shown = await draw(call, fabric)
  }
}

/** Resolves with the number of entries that what is shown includes. */
async function draw({ terminal, show }: Call, fabric: FabricClient): Promise<number> {
  const overview = await readOverview(fabric)
  if (terminal.interactive) {
    terminal.out(CLEAR_SCREEN)
    show(answer(undefined, overviewLines(fabric.url, overview)))
  } else {
    show(answer(undefined, summaryLine(overview)))
  }
  return overview.status.entries
}

function overviewLines(url: string, { status, working }: Overview): string[] {
  const { journal } = status
  const lines = alignFields([
    ['fabric', `${status.name}, ${status.state} since ${formatTime(status.startedAt)}`],
    ['address', url],
    ['tasks', taskCounts(status)],
    ['blockers', `${status.openBlockers} open, ${counted(status.stuck, 'stuck task')}`],
    ['swarms', `${status.swarms}, ${status.waitingSwarms} waiting for work`],
    [
      'log',
      `${counted(status.entries, 'entry', 'entries')}, ${journal.bytes} bytes, ${journal.driver}, ${journal.state}`,
    ],
  ])
  return working.length === 0 ? lines : [...lines, '', ...taskLines(working)]
}

function summaryLine({ status }: Overview): string {
  return `${counted(status.entries, 'entry', 'entries')}; ${taskCounts(status)}; ${counted(status.openBlockers, 'open blocker')}`
}

function taskCounts({ tasks }: StatusView): string {
  const counts = TASK_STATES.flatMap((state) => (tasks[state] > 0 ? [`${tasks[state]} ${state}`] : []))
  return counts.length === 0 ? 'none' : counts.join(', ')
}
