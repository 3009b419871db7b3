import { InvalidArgumentError } from 'commander'
import type { FabricClient } from '../client/client.js'
import { FabricError } from '../model/errors.js'
import { formatTimestamp } from '../model/time.js'
import { COMPONENTS } from '../witness/query/entry-kinds.js'
import { type EntryFacts, entryOf, factsOf } from '../witness/query/facts.js'
import { parseTime } from '../witness/query/filter.js'
import { SEVERITIES } from '../witness/query/severity.js'
import { type Answer, answer } from './answer.js'
import { alignColumns } from './columns.js'
import type { Call, CliCommand } from './command.js'
import { csvRow } from './csv.js'
import { choice, id, wholeNumber } from './option-values.js'
import { formatTime } from './text.js'

type Query = FabricClient['witness']['query']
type Page = Awaited<ReturnType<Query>>
type Filter = Omit<NonNullable<Parameters<Query>[0]>, 'from' | 'limit'>

/** A page with what was asked for here, whatever the answer says of it: a result is verified against that. */
interface AskedPage extends Omit<Page, 'filter'> {
  readonly filter: Filter
  readonly from: number
}

interface PageOptions extends Filter {
  readonly from?: number
  readonly limit?: number
}

interface QueryOptions extends PageOptions {
  readonly all?: true
  readonly csv?: true
}

const DEFAULT_LIMIT = 100

/** Finding entries of the log. */
export function addWitnessQuery(group: CliCommand): void {
  group
    .command('query')
    .description('find entries of the log; all conditions must hold')
    .option('--component <name>', `part of the system: ${COMPONENTS.join(', ')}`, choice(COMPONENTS))
    .option('--operation <name>', 'name of the entry, such as task_claimed')
    .option('--swarm <swarm>', 'concerns this swarm', id)
    .option('--task <task>', 'concerns this task', id)
    .option('--severity <level>', `this or above: ${SEVERITIES.join(', ')}`, choice(SEVERITIES))
    .option('--since <time>', 'at this time or later, such as 2026-01-31T08:30:00Z or 2026-01-31', time)
    .option('--until <time>', 'before this time', time)
    .option('--trace <id>', 'trace id, 32 hexadecimal digits')
    .option('--text <text>', 'has this text in its subject, actor or data, in upper or lower case')
    .option('--from <index>', 'where to go on, as the page before said', wholeNumber)
    .option('--limit <number>', `entries of one page (default: ${DEFAULT_LIMIT})`, wholeNumber)
    .option('--all', 'go on to the end of the log')
    .option('--csv', 'write CSV, a line for each entry')
    .example('ifab witness query --task API-1')
    .example('ifab witness query --severity warning --since 2026-01-31 --all --csv')
    .does(query)
}

/** RFC 3339; a date alone is its start, UTC. */
function time(value: string): string {
  const full = /^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value
  if (parseTime(full) !== undefined) return full
  throw new InvalidArgumentError('Give a time such as 2026-01-31T08:30:00Z or a date such as 2026-01-31.')
}

async function query(call: Call, { all, csv, ...options }: QueryOptions): Promise<Answer | undefined> {
  if (csv === true && call.json) {
    throw new FabricError('INVALID_ARGUMENT', 'Choose one of --csv and --json.', { field: 'csv' })
  }
  const fabric = await call.connect()
  const pageAnswer = csv === true ? csvAnswers(call) : textAnswer
  if (all !== true) return pageAnswer(await askPage(fabric, { limit: DEFAULT_LIMIT, ...options }), true)
  const pages = allPages(fabric, options)
  if (call.json) await writeJson(call, pages, options.from ?? 0)
  // The lines of a page are out before the next one is asked for: the whole may be larger than memory.
  else for await (const page of pages) if (page.entries.length > 0 || page.done) call.show(pageAnswer(page, false))
  return undefined
}

async function askPage(fabric: FabricClient, options: PageOptions): Promise<AskedPage> {
  const { from = 0, limit: _, ...filter } = options
  return { ...(await fabric.witness.query(options)), filter, from }
}

const LARGEST_PAGE = 1_000

async function* allPages(fabric: FabricClient, options: PageOptions): AsyncGenerator<AskedPage, void> {
  let { from = 0 } = options
  for (;;) {
    const page = await askPage(fabric, { limit: LARGEST_PAGE, ...options, from })
    yield page
    if (page.done) return
    from = page.next
  }
}

/** One document that looks like a page with everything. */
async function writeJson({ terminal }: Call, pages: AsyncIterable<AskedPage>, from: number): Promise<void> {
  let separator = '{"entries":['
  let last: Omit<AskedPage, 'entries'> | undefined
  for await (const { entries, ...rest } of pages) {
    for (const entry of entries) {
      terminal.out(separator + JSON.stringify(entry))
      separator = ','
    }
    last = { ...rest, from }
  }
  const opening = separator === ',' ? '' : separator
  terminal.out(`${opening}],${JSON.stringify(last).slice(1)}\n`)
}

const TITLES = ['INDEX', 'TIME', 'SEVERITY', 'ENTRY', 'SUBJECT', 'ACTOR']

/** `hint`: say how to go on. */
function textAnswer(page: AskedPage, hint: boolean): Answer {
  const rows = page.entries.map(factsOfEvent).map((facts) => {
    const { index, at, severity, name, subject, actor } = facts
    return [String(index), formatTime(formatTimestamp(at)), severity, name, subject, actor]
  })
  const more = hint && !page.done ? ['', `More: --from ${page.next}`] : []
  const none = page.done ? 'No entries match.' : 'No entries match so far.'
  return answer(page, [...(rows.length === 0 ? [none] : alignColumns(TITLES, rows)), ...more])
}

const CSV_TITLES = ['index', 'time', 'severity', 'component', 'entry', 'subject', 'actor', 'trace', 'data']

/** For consecutive pages: the titles come once. RFC 4180 ends lines with CR LF; a screen shows the CR. */
function csvAnswers({ terminal }: Call): (page: AskedPage) => Answer {
  const end = terminal.interactive ? '' : '\r'
  let head = [CSV_TITLES]
  return (page) => {
    const rows = page.entries.map((entry) => csvCells(factsOfEvent(entry), entry.data))
    const lines = [...head, ...rows].map((cells) => csvRow(cells) + end)
    head = []
    return { ...answer(page, lines), verbatim: true }
  }
}

function csvCells({ index, at, severity, component, name, subject, actor, traceId }: EntryFacts, data: unknown) {
  const time = formatTimestamp(at)
  return [String(index), time, severity, component, name, subject, actor, traceId ?? '', JSON.stringify(data ?? null)]
}

function factsOfEvent(event: Page['entries'][number]): EntryFacts {
  return factsOf(entryOf(Number(event.id), event))
}
