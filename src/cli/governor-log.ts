import type { FabricClient } from '../client/client.js'
import { entryOf, type LoggedEntry } from '../witness/query/facts.js'
import type { CliCommand } from './command.js'
import { id, time, wholeNumber } from './option-values.js'

type Query = FabricClient['witness']['query']
type LogPage = Awaited<ReturnType<Query>>
type Event = LogPage['entries'][number]

/** What may be asked about entries of one name. */
export interface LogOptions {
  readonly swarm?: string
  readonly task?: string
  readonly since?: string
  readonly until?: string
  readonly from?: number
  readonly limit?: number
}

export function addLogOptions(command: CliCommand): CliCommand {
  return command
    .option('--swarm <swarm>', 'concerns this swarm', id)
    .option('--task <task>', 'concerns this task', id)
    .option('--since <time>', 'at this time or later, such as 2026-01-31T08:30:00Z or 2026-01-31', time)
    .option('--until <time>', 'before this time', time)
    .option('--from <index>', 'where to go on, as the page before said', wholeNumber)
    .option('--limit <number>', `entries of one page (default: ${DEFAULT_LIMIT})`, wholeNumber)
}

/** Entries as they are stored, oldest first, and where to go on. */
export type FoundEntries = Pick<LogPage, 'entries' | 'next' | 'size' | 'done'>

const DEFAULT_LIMIT = 100
const LARGEST_PAGE = 1_000

/** One page of what is wanted, however much of the log has to be passed over for it. */
export async function findEntries(
  fabric: FabricClient,
  operation: string,
  { from: start = 0, limit = DEFAULT_LIMIT, ...about }: LogOptions,
  wanted: (entry: LoggedEntry) => boolean = () => true,
): Promise<FoundEntries> {
  const found: Event[] = []
  for (let from = start; ; ) {
    const { entries, next, size, done } = await fabric.witness.query({ operation, ...about, from, limit })
    const here = entries.filter((event) => wanted(entryOfEvent(event)))
    const surplus = here[limit - found.length]
    if (surplus !== undefined) {
      found.push(...here.slice(0, limit - found.length))
      return { entries: found, next: Number(surplus.id), size, done: false }
    }
    found.push(...here)
    if (done || found.length === limit) return { entries: found, next, size, done }
    from = next
  }
}

/** Everything from a place in the log on, a page at a time: the whole may be larger than memory. */
export async function* everyEntry(
  fabric: FabricClient,
  operation: string,
  { from: start = 0, limit: _, ...about }: LogOptions,
): AsyncGenerator<LoggedEntry[], void> {
  for (let from = start; ; ) {
    const { entries, next, done } = await fabric.witness.query({ operation, ...about, from, limit: LARGEST_PAGE })
    yield entries.map(entryOfEvent)
    if (done) return
    from = next
  }
}

export function entryOfEvent(event: Event): LoggedEntry {
  return entryOf(Number(event.id), event)
}

/** How to go on, where there is more. */
export function moreLines({ done, next }: FoundEntries): string[] {
  return done ? [] : ['', `More: --from ${next}`]
}
