import type { FabricClient } from '../client/client.js'
import type { BreakerView } from '../operations/governor-views.js'
import { answer } from './answer.js'
import { breakerText } from './breaker-text.js'
import { alignColumns, alignFields } from './columns.js'
import type { CliCommand } from './command.js'
import { id } from './option-values.js'
import { addPageOptions, type PageOptions, pageLines } from './page.js'
import { formatTime } from './text.js'

/** The circuit breaker of each swarm. */
export function addBreakerCommands(governor: CliCommand): void {
  const breaker = governor.command('breaker').description('list, show, trip and reset circuit breakers')
  const list = breaker
    .command('list')
    .description('list the circuit breakers of swarms that made calls or were tripped')
    .option('--open', 'only those that are not closed')
    .example('ifab governor breaker list --open')
  addPageOptions(list).asks(async (fabric: FabricClient, { open, limit, cursor }: PageOptions & { open?: boolean }) => {
    const page = await fabric.breaker.list({ open, limit, cursor })
    const none = open === true ? 'Every breaker is closed.' : 'No breaker has anything to tell.'
    return answer(page, pageLines(page, breakerLines, none))
  })
  breaker
    .command('show')
    .description('show the circuit breaker of a swarm')
    .argument('<swarm>', 'id of the swarm', id)
    .example('ifab governor breaker show alice')
    .asks(async (fabric, swarm: string) => {
      const row = await fabric.breaker.show({ swarm })
      return answer(row, detailLines(row))
    })
  addTrip(breaker)
  addReset(breaker)
}

function addTrip(breaker: CliCommand): void {
  breaker
    .command('trip')
    .description('stop a swarm: it loses its claims and gets no work until its breaker is reset')
    .argument('<swarm>', 'id of the swarm', id)
    .requiredOption('--reason <text>', 'why')
    .example('ifab governor breaker trip alice --reason "it edits files outside its task"')
    .asks(async (fabric, swarm: string, { reason }: { reason: string }) => {
      const row = await fabric.breaker.trip({ swarm, reason })
      return answer(row, [
        `The breaker of ${swarm} is ${breakerText(row)}.`,
        `Next: ifab governor breaker reset ${swarm} --reason "..." when it may work again`,
      ])
    })
}

function addReset(breaker: CliCommand): void {
  breaker
    .command('reset')
    .description('close the circuit breaker of a swarm, latched or not')
    .argument('<swarm>', 'id of the swarm', id)
    .requiredOption('--reason <text>', 'why')
    .example('ifab governor breaker reset alice --reason "its prompt is mended"')
    .asks(async (fabric, swarm: string, { reason }: { reason: string }) => {
      const row = await fabric.breaker.reset({ swarm, reason })
      return answer(row, `The breaker of ${swarm} is ${breakerText(row)}.`)
    })
}

function breakerLines(rows: readonly BreakerView[]): string[] {
  const cells = rows.map(({ openedAt, opensUntil, ...row }) => [
    row.swarm,
    breakerText(row),
    `${row.failures} of ${row.calls}`,
    openedAt === undefined ? '' : formatTime(openedAt),
    opensUntil === undefined ? '' : formatTime(opensUntil),
    row.reason ?? row.cause ?? '',
  ])
  return alignColumns(['SWARM', 'STATE', 'FAILED', 'SINCE', 'UNTIL', 'REASON'], cells)
}

function detailLines({ openedAt, opensUntil, probes, ...row }: BreakerView): string[] {
  return alignFields([
    ['swarm', row.swarm],
    ['state', breakerText(row)],
    ['cause', row.cause],
    ['reason', row.reason],
    ['open since', openedAt === undefined ? undefined : formatTime(openedAt)],
    ['open until', opensUntil === undefined ? undefined : formatTime(opensUntil)],
    ['failed', `${row.failures} of the newest ${row.calls}, ${row.consecutiveFailures} in a row`],
    ['trips', String(row.trips)],
    ['probes', probes.map(probeText).join('\n')],
    ['generation', String(row.generation)],
  ])
}

function probeText({ id, deadline, succeeded }: BreakerView['probes'][number]): string {
  return `${id}, ${succeeded ? 'succeeded' : `due by ${formatTime(deadline)}`}`
}
