import type { FabricClient } from '../client/client.js'
import type { UsageReported } from '../governor/entries.js'
import { formatDollars } from '../model/money.js'
import { formatTimestamp } from '../model/time.js'
import type { LoggedEntry } from '../witness/query/facts.js'
import { type Answer, answer } from './answer.js'
import { alignColumns } from './columns.js'
import type { Call, CliCommand } from './command.js'
import { csvDollars, refuseBothForms, showCsv } from './cost-csv.js'
import { addLogOptions, entryOfEvent, everyEntry, findEntries, type LogOptions, moreLines } from './governor-log.js'
import { formatTime } from './text.js'

const ENTRY = 'usage_reported'

export function addCostHistory(cost: CliCommand): void {
  const command = cost
    .command('history')
    .description('list every report of what was spent, out of the log, oldest first')
  addLogOptions(command)
    .option('--csv', 'write everything as CSV, a line for each report')
    .example('ifab cost history --swarm alice')
    .example('ifab cost history --since 2026-01-01 --csv')
    .does(history)
}

async function history(call: Call, { csv = false, ...options }: LogOptions & { csv?: boolean }) {
  refuseBothForms(call, csv)
  const fabric = await call.connect()
  if (csv) return showCsv(call, CSV_TITLES, csvPages(fabric, options))
  return page(fabric, options)
}

async function page(fabric: FabricClient, options: LogOptions): Promise<Answer> {
  const found = await findEntries(fabric, ENTRY, options)
  const rows = found.entries.map(entryOfEvent).map((entry) => {
    const { swarm, model = '', inputTokens, outputTokens, cachedTokens, nanos, late } = usageOf(entry)
    const tokens = [inputTokens, outputTokens, cachedTokens].map(String)
    const time = formatTime(formatTimestamp(entry.at))
    return [time, entry.subject, swarm, model, ...tokens, formatDollars(nanos), late ? 'late' : '']
  })
  const shown = rows.length === 0 ? ['Nobody reported what it spent.'] : alignColumns(TITLES, rows)
  return answer(found, [...shown, ...moreLines(found)])
}

const TITLES = ['TIME', 'TASK', 'SWARM', 'MODEL', 'INPUT', 'OUTPUT', 'CACHED', 'COST', 'LATE']

const CSV_TITLES = [
  'index',
  'time',
  'task',
  'swarm',
  'epoch',
  'model',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'dollars',
  'late',
]

async function* csvPages(fabric: FabricClient, options: LogOptions): AsyncGenerator<string[][]> {
  for await (const entries of everyEntry(fabric, ENTRY, options)) yield entries.map(csvCells)
}

function csvCells(entry: LoggedEntry): string[] {
  const { swarm, epoch, model = '', inputTokens, outputTokens, cachedTokens, nanos, late } = usageOf(entry)
  const counts = [inputTokens, outputTokens, cachedTokens].map(String)
  const about = [String(entry.index), formatTimestamp(entry.at), entry.subject, swarm, String(epoch), model]
  return [...about, ...counts, csvDollars(nanos), String(late)]
}

function usageOf({ data }: LoggedEntry): UsageReported {
  return data as UsageReported
}
