import type { FabricClient } from '../client/client.js'
import type { CostDimension } from '../coordinator/governor-queries.js'
import { AMOUNT_FIELDS } from '../model/budget.js'
import { formatDollars } from '../model/money.js'
import type { BudgetView, CostView } from '../operations/governor-views.js'
import { type Answer, answer } from './answer.js'
import { alignColumns } from './columns.js'
import type { Call, CliCommand } from './command.js'
import { csvDollars, refuseBothForms, showCsv } from './cost-csv.js'
import { addCostHistory } from './cost-history.js'
import { choice, dollars, id } from './option-values.js'
import { addPageOptions, type PageOptions, pageLines } from './page.js'
import { formatTime } from './text.js'

/** What was spent, what is left, and allowing more. */
export function addCostCommands(program: CliCommand): void {
  const cost = program.command('cost').description('see what was spent and what is left; allow more')
  addReport(cost)
  addBudget(cost)
  addCostHistory(cost)
  addExtend(cost)
}

const DIMENSIONS = ['swarm', 'task', 'board', 'model', 'day'] as const satisfies readonly CostDimension[]

interface ReportOptions extends PageOptions {
  readonly by: CostDimension
  readonly csv?: boolean
}

function addReport(cost: CliCommand): void {
  const command = cost
    .command('report')
    .description('show what was spent, is held and was wasted')
    .option('--by <dimension>', DIMENSIONS.join(', '), choice(DIMENSIONS), 'swarm')
    .option('--csv', 'write everything as CSV, without the total')
    .example('ifab cost report --by board')
    .example('ifab cost report --by day --csv')
  addPageOptions(command).does(report)
}

async function report(call: Call, { by, csv = false, limit, cursor }: ReportOptions): Promise<Answer | undefined> {
  refuseBothForms(call, csv)
  const fabric = await call.connect()
  if (csv) return showCsv(call, [by, ...CSV_TITLES], csvPages(fabric, by))
  const costs = await fabric.cost.report({ by, limit, cursor })
  const { rows: items, nextCursor } = costs
  const page = { items, ...(nextCursor !== undefined && { nextCursor }) }
  const lines = (rows: CostView['rows']) => reportLines(by, rows, costs.total)
  return answer(costs, pageLines(page, lines, 'Nothing was spent and nothing is held.'))
}

function reportLines(by: CostDimension, rows: CostView['rows'], total: CostView['total']): string[] {
  const cells = [...rows, { ...total, name: 'TOTAL' }].map(({ name, heldNanos, settled, wastedNanos }) => [
    name,
    formatDollars(heldNanos),
    formatDollars(settled.nanos),
    formatDollars(wastedNanos),
    wasteRate(wastedNanos, settled.nanos, '%'),
    String(settled.inputTokens),
    String(settled.outputTokens),
    String(settled.cachedTokens),
  ])
  const titles = [by.toUpperCase(), 'HELD', 'SETTLED', 'WASTED', 'WASTE', 'INPUT', 'OUTPUT', 'CACHED']
  return alignColumns(titles, cells)
}

/** Percent of what was spent that led to nothing. */
function wasteRate(wasted: number, settled: number, sign = ''): string {
  return settled === 0 ? '' : `${((wasted / settled) * 100).toFixed(1)}${sign}`
}

const CSV_TITLES = [
  'held_dollars',
  'settled_dollars',
  'wasted_dollars',
  'waste_percent',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
]

const LARGEST_PAGE = 1_000

async function* csvPages(fabric: FabricClient, by: CostDimension): AsyncGenerator<string[][]> {
  let cursor: string | undefined
  do {
    const { rows, nextCursor } = await fabric.cost.report({ by, limit: LARGEST_PAGE, cursor })
    yield rows.map(({ name, heldNanos, settled, wastedNanos }) => [
      name,
      ...[heldNanos, settled.nanos, wastedNanos].map(csvDollars),
      wasteRate(wastedNanos, settled.nanos),
      ...[settled.inputTokens, settled.outputTokens, settled.cachedTokens].map(String),
    ])
    cursor = nextCursor
  } while (cursor !== undefined)
}

interface BudgetOptions extends PageOptions {
  readonly scope?: string
  readonly tasks?: boolean
}

function addBudget(cost: CliCommand): void {
  const command = cost
    .command('budget')
    .description('list budgets with their limit, what is spent and held, and what is left')
    .option('--scope <scope>', 'only accounts of this scope: fabric, board:ID, swarm:ID or task:ID', id)
    .option('--tasks', 'those of single tasks too')
    .example('ifab cost budget')
    .example('ifab cost budget --scope swarm:alice')
  addPageOptions(command).asks(async (fabric: FabricClient, { scope, tasks, limit, cursor }: BudgetOptions) => {
    const page = await fabric.cost.budget({ scope, tasks, limit, cursor })
    return answer(page, pageLines(page, budgetLines, 'No budget limits anything there.'))
  })
}

const TITLES = ['ACCOUNT', 'OF', 'LIMIT', 'SPENT', 'HELD', 'ROOM', 'FROZEN', 'EXTENDED']
const NAMES = {
  nanos: 'dollars',
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  cachedTokens: 'cached tokens',
} as const

/** A row for each thing that an account limits. */
function budgetLines(accounts: readonly BudgetView[]): string[] {
  const rows = accounts.flatMap(({ id: account, limit = {}, settled, held, frozenAt, extendedNanos }) =>
    AMOUNT_FIELDS.flatMap((field) => {
      const most = limit[field]
      if (most === undefined) return []
      const show = field === 'nanos' ? formatDollars : String
      const room = most - settled[field] - held[field]
      return [
        [
          account,
          NAMES[field],
          ...[most, settled[field], held[field]].map(show),
          room < 0 ? `-${show(-room)}` : show(room),
          frozenAt === undefined ? '' : `since ${formatTime(frozenAt)}`,
          field === 'nanos' && extendedNanos > 0 ? `by ${formatDollars(extendedNanos)}` : '',
        ],
      ]
    }),
  )
  return alignColumns(TITLES, rows)
}

function addExtend(cost: CliCommand): void {
  cost
    .command('extend')
    .description('allow more in a budget and thaw it; on that of a claimed task the claim goes on')
    .argument('<account>', 'account, as `ifab cost budget` shows it')
    .requiredOption('--by <dollars>', 'how much more', dollars)
    .requiredOption('--reason <text>', 'why')
    .example('ifab cost extend task:P0.1.2/total --by 5.00 --reason "the parser is worth it"')
    .asks(async (fabric, account: string, { by, reason }: { by: number; reason: string }) => {
      const row = await fabric.cost.extend({ account, nanos: by, reason })
      const most = row.limit?.nanos
      const now = most === undefined ? '' : `; its limit is ${formatDollars(most)} now`
      return answer(row, `Extended ${row.id} by ${formatDollars(by)}${now}.`)
    })
}
