import type { Chunk, StoredEntry } from '../../journal/journal.js'
import { LIMITS } from '../../model/limits.js'
import { clausesOf } from './clauses.js'
import { EntryReader } from './entry-reader.js'
import { type EntryFilter, matcherOf } from './filter.js'
import type { Postings } from './postings.js'

/** What a query reads from. */
export interface QuerySource {
  readonly postings: Postings
  /** Durable entries of the log from an index on, in order. */
  readonly read: (from: number) => AsyncIterable<Chunk>
  /** Entries that are looked at: those before this index. */
  readonly size: number
}

export interface QueryPage {
  /** Those that match, as they are stored, in log order. */
  readonly entries: readonly StoredEntry[]
  /** Where to go on: everything before it has been looked at. */
  readonly next: number
  /** Entries in the log when it was asked. */
  readonly size: number
  /** Whether there is nothing more; a page may be empty without being the last. */
  readonly done: boolean
}

interface Range {
  readonly from: number
  /** Exclusive. */
  readonly until: number
}

/**
 * A page of the entries from index `from` on that match a filter, at most `limit`. The work of one page is bounded, so a
 * rare text may take several. Throws DATA_CORRUPT and STORAGE_FAILED.
 */
export async function runQuery(
  source: QuerySource,
  filter: EntryFilter,
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<QueryPage> {
  const { size } = source
  const range = rangeOf(source, filter, from)
  const reach = { from: range.from, until: Math.min(range.until, range.from + LIMITS.queryReachEntries) }
  const { entries, next } = await collect(source, filter, reach, limit)
  const done = next >= range.until
  return { entries, next: done ? size : next, size, done }
}

/** Where the times of the entries can be those that are asked for. */
function rangeOf({ postings, size }: QuerySource, { since, until }: EntryFilter, from: number): Range {
  return {
    from: since === undefined ? from : Math.max(from, postings.before(since)),
    until: until === undefined ? size : Math.min(size, postings.notBefore(until)),
  }
}

async function collect(
  source: QuerySource,
  filter: EntryFilter,
  range: Range,
  limit: number,
): Promise<Pick<QueryPage, 'entries' | 'next'>> {
  const matches = matcherOf(filter)
  const reader = new EntryReader(source.read)
  const entries: StoredEntry[] = []
  let bytes = 0
  let scanned = 0
  try {
    for await (const indexes of candidatesOf(source, filter, range)) {
      for (const index of indexes) {
        if (scanned === LIMITS.queryScanEntries) return { entries, next: index }
        scanned += 1
        const entry = reader.cached(index) ?? (await reader.load(index))
        if (!matches(index, entry.bytes)) continue
        bytes += entry.bytes.length
        if (entries.length > 0 && bytes > LIMITS.queryPageBytes) return { entries, next: index }
        // A copy: what was read shares one large buffer with its neighbours.
        entries.push({ index, bytes: Uint8Array.from(entry.bytes) })
        if (entries.length === limit) return { entries, next: index + 1 }
      }
    }
  } finally {
    await reader.close()
  }
  return { entries, next: range.until }
}

/** From the index as far as it can say something, else every entry. */
async function* candidatesOf(
  { postings }: QuerySource,
  filter: EntryFilter,
  { from, until }: Range,
): AsyncGenerator<Iterable<number>, void> {
  const clauses = clausesOf(filter)
  const covered = clauses.length === 0 ? from : Math.max(from, Math.min(until, postings.size))
  if (from < covered) yield* postings.find(clauses, from, covered)
  yield between(covered, until)
}

function* between(from: number, until: number): Generator<number, void> {
  for (let index = from; index < until; index += 1) yield index
}
