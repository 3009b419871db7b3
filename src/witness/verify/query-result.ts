import * as z from 'zod'
import { FabricError, isFabricError } from '../../model/errors.js'
import { formatTimestamp } from '../../model/time.js'
import { type EntryFilter, readFilter } from '../query/filter.js'

/** What a query said: the entries that match a filter, from index `from` up to `size` (exclusive) of the log. */
export interface QueryResult {
  readonly filter: EntryFilter
  readonly from: number
  readonly size: number
  /** Events with their index in the log, in the order in which they were given. */
  readonly entries: readonly (readonly [index: number, event: unknown])[]
}

const schema = z.object({
  filter: z.record(z.string(), z.unknown()),
  from: z.int().nonnegative(),
  size: z.int().nonnegative(),
  // One page of a result says that there is more.
  done: z.literal(true).exactOptional(),
  // The id of an event is its place in the log.
  entries: z.array(z.looseObject({ id: z.string().regex(/^(0|[1-9]\d{0,14})$/) })),
})

/** Reads what `ifab witness query --all --json` gave. Throws INVALID_ARGUMENT when `content` is something else. */
export function parseQueryResult(content: Uint8Array, path: string): QueryResult {
  try {
    const said: unknown = JSON.parse(Buffer.from(content).toString())
    const { filter, from, size, entries } = schema.parse(said)
    // As they were given: the schema makes copies of its own.
    const given = (said as { readonly entries: readonly unknown[] }).entries
    return { filter: readFilter(filter), from, size, entries: entries.map(({ id }, at) => [Number(id), given[at]]) }
  } catch (cause) {
    if (isFabricError(cause)) throw cause
    const message = `${path} is not the result of a query. Write it with \`ifab witness query --all --json > ${path}\`.`
    throw new FabricError('INVALID_ARGUMENT', message, { path }, { cause })
  }
}

/** What was asked, for people: a result says nothing about another question. */
export function questionText({ filter, from, size }: QueryResult): string {
  const conditions = Object.entries(filter).map(
    ([field, value]) => `${field} ${typeof value === 'number' ? formatTimestamp(value) : JSON.stringify(value)}`,
  )
  return [conditions.join(' and ') || 'any entry', `from index ${from}`, `size ${size}`].join(', ')
}
