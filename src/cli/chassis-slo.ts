import type { FabricClient } from '../client/client.js'
import type { SloDetailView, SloView } from '../operations/service-level-views.js'
import { answer } from './answer.js'
import { alignColumns, alignFields } from './columns.js'
import type { CliCommand } from './command.js'
import { id } from './option-values.js'
import { addPageOptions, type PageOptions, pageLines } from './page.js'
import { counted, formatTime } from './text.js'

type Level = SloView['violated'][number]
type Verdict = SloView['compliance'][Level]
type Runs = SloView['newest']

/** How modules keep what their contracts promise. */
export function addSloCommand(chassis: CliCommand): void {
  const slo = chassis
    .command('slo')
    .description('show how modules keep what they promise, and the reputation that follows')
    .argument('[swarm]', 'swarm of the module; without it, all are listed', id)
    .option('--violated', 'only those that break a promise')
    .example('ifab chassis slo')
    .example('ifab chassis slo tokenizer')
  addPageOptions(slo).asks(
    async (fabric: FabricClient, swarm: string | undefined, options: PageOptions & { violated?: boolean }) => {
      if (swarm !== undefined) {
        const detail = await fabric.slo.show({ swarm })
        return answer(detail, detailLines(detail))
      }
      const { violated, limit, cursor } = options
      const page = await fabric.slo.list({ violated, limit, cursor })
      const none = violated === true ? 'Every promise is kept.' : 'No module has run.'
      return answer(page, pageLines(page, listLines, none))
    },
  )
}

function listLines(rows: readonly SloView[]): string[] {
  const cells = rows.map(({ swarm, newest, violated, effectiveReputation }) => [
    swarm,
    ...runCells(newest),
    violated.map((level) => NAMES[level]).join(', '),
    String(effectiveReputation),
  ])
  return alignColumns(['SWARM', ...RUN_TITLES, 'VIOLATES', 'REPUTATION'], cells)
}

function detailLines(slo: SloDetailView): string[] {
  const { swarm, runs, compliance, newest, hour, day, judgedAt } = slo
  const windows = [
    ['newest', ...runCells(newest)],
    ['last hour', ...runCells(hour)],
    ['last day', ...runCells(day)],
  ]
  return [
    ...alignFields([
      ['swarm', swarm],
      ['runs', String(runs)],
      ['reputation', reputationText(slo)],
      ['judged', judgedAt === undefined ? undefined : formatTime(judgedAt)],
      ...LEVELS.map((level) => [NAMES[level], verdictText(level, compliance[level])] as const),
    ]),
    '',
    ...alignColumns(['WINDOW', ...RUN_TITLES], windows),
    ...violationLines(slo.violations),
    ...historyLines(slo.history),
  ]
}

const LEVELS = ['p99', 'success', 'availability'] as const satisfies readonly Level[]
const NAMES: Readonly<Record<Level, string>> = {
  p99: 'p99 latency',
  success: 'success rate',
  availability: 'availability',
}

const RUN_TITLES = ['RUNS', 'SUCCESS', 'AVAILABLE', 'P50', 'P95', 'P99']

function runCells({ runs, successRate, availability, p50Ms, p95Ms, p99Ms }: Runs): string[] {
  const times = [p50Ms, p95Ms, p99Ms].map((ms) => (ms === undefined ? '' : `${ms} ms`))
  return [String(runs), percentText(successRate), percentText(availability), ...times]
}

function reputationText({ reputation, effectiveReputation }: SloView): string {
  if (reputation === effectiveReputation) return String(reputation)
  return `${effectiveReputation}, of which its runs are ${reputation}`
}

function verdictText(level: Level, { verdict, target, actual, errorBudget }: Verdict): string {
  if (target === undefined) return 'not promised'
  if (actual === undefined) return `${measure(level, target)} promised, too few runs to say`
  const left = errorBudget === undefined ? '' : `, error budget ${percentText(errorBudget)}`
  return `${verdict}: ${measure(level, actual)}, ${measure(level, target)} promised${left}`
}

function violationLines(violations: SloDetailView['violations']): string[] {
  if (violations.length === 0) return []
  const cells = violations.map(({ level, target, actual, at, until }) => [
    NAMES[level],
    measure(level, target),
    measure(level, actual),
    formatTime(at),
    until === undefined ? '' : formatTime(until),
  ])
  return ['', ...alignColumns(['VIOLATED', 'PROMISED', 'MEASURED', 'SINCE', 'UNTIL'], cells)]
}

/** Days that fit on a screen; `--json` has all. */
const SHOWN_DAYS = 14

function historyLines(history: SloDetailView['history']): string[] {
  if (history.length === 0) return []
  const cells = history.slice(-SHOWN_DAYS).map(({ day, reputation }) => [day, String(reputation)])
  const hidden = history.length - cells.length
  const more = hidden === 0 ? [] : [`and ${counted(hidden, 'day')} before, with --json`]
  return ['', ...alignColumns(['DAY', 'REPUTATION'], cells), ...more]
}

function measure(level: Level, value: number): string {
  return level === 'p99' ? `${value} ms` : percentText(value)
}

function percentText(share: number | undefined): string {
  return share === undefined ? '' : `${Math.round(share * 10_000) / 100} %`
}
