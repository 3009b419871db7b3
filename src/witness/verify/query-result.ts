import * as z from 'zod'
import { FabricError, isFabricError } from '../../model/errors.js'
import { type EntryFilter, readFilter } from '../query/filter.js'

/** What a query said: the entries that match a filter among the first `size` of the log. */
export interface QueryResult {
  readonly filter: EntryFilter
  readonly size: number
  /** Events with their index in the log, in the order in which they were given. */
  readonly entries: readonly (readonly [index: number, event: unknown])[]
}

const schema = z.object({
  filter: z.record(z.string(), z.unknown()),
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
    const { filter, size, entries } = schema.parse(said)
    // As they were given: the schema makes copies of its own.
    const given = (said as { readonly entries: readonly unknown[] }).entries
    return { filter: readFilter(filter), size, entries: entries.map(({ id }, at) => [Number(id), given[at]]) }
  } catch (cause) {
    if (isFabricError(cause)) throw cause
    const message = `${path} is not the result of a query. Write it with \`ifab witness query --all --json > ${path}\`.`
    throw new FabricError('INVALID_ARGUMENT', message, { path }, { cause })
  }
}
