import type { Chunk, Journal, StoredEntry } from '../../journal/journal.js'
import { FabricError } from '../../model/errors.js'
import { TILE_WIDTH, tileWidth } from '../tree/tile.js'
import { readAhead } from '../verify/read-ahead.js'
import type { LogSource } from '../verify/source.js'
import { TileStream } from '../verify/tile-stream.js'

/** The first entries of a log, which nobody changes any more. */
export interface LogEntries {
  /** Directory or URL, for people. */
  readonly describe: string
  readonly size: number
  /** Entries from index `from` on, in order, in chunks of bounded size. Throws DATA_CORRUPT. */
  read(from: number): AsyncIterable<Chunk>
}

/** The first `size` entries of an open journal. */
export function journalEntries(describe: string, journal: Pick<Journal, 'read'>, size: number): LogEntries {
  return { describe, size, read: (from) => firstOf(journal.read(from), size) }
}

/** The first `size` entries of a log in the layout of C2SP tlog-tiles. */
export function bundleEntries(source: LogSource, size: number): LogEntries {
  return { describe: source.describe, size, read: (from) => readBundles(source, from, size) }
}

/**
 * Roots of the tree (RFC 9162) over the first entries of a log, by number of entries: of each of `sizes`, and of all there
 * are. Every entry is read and hashed. Throws DATA_CORRUPT when the log ends early.
 */
export async function hashEntries(log: LogEntries, sizes: readonly number[]): Promise<ReadonlyMap<number, Buffer>> {
  const wanted = new Set([...sizes, log.size])
  const stream = new TileStream()
  const roots = new Map<number, Buffer>()
  const note = () => {
    if (wanted.has(stream.size)) roots.set(stream.size, stream.root())
  }
  note()
  for await (const chunk of log.read(0)) {
    for (const { bytes } of chunk) {
      stream.append(bytes)
      note()
    }
    // Tiles are for those who store them.
    stream.takeCompleted()
  }
  if (stream.size === log.size) return roots
  const message = `${log.describe} ends after ${stream.size} of ${log.size} entries. Restore it from a backup.`
  throw new FabricError('DATA_CORRUPT', message, { source: log.describe, entries: stream.size, expected: log.size })
}

async function* firstOf(chunks: AsyncIterable<Chunk>, size: number): AsyncGenerator<Chunk, void> {
  for await (const chunk of chunks) {
    const wanted = chunk.at(-1)?.index ?? 0
    const cut = wanted < size ? chunk : chunk.filter(({ index }) => index < size)
    if (cut.length > 0) yield cut
    if (wanted + 1 >= size) return
  }
}

async function* readBundles(source: LogSource, from: number, size: number): AsyncGenerator<Chunk, void> {
  const first = Math.floor(from / TILE_WIDTH)
  const count = from >= size ? 0 : Math.ceil(size / TILE_WIDTH) - first
  const read = async (position: number): Promise<StoredEntry[]> => {
    const index = first + position
    const entries = await source.bundle(index, tileWidth(size, 'entries', index))
    return (entries ?? []).map((bytes, at) => ({ index: index * TILE_WIDTH + at, bytes }))
  }
  let next = from
  for await (const entries of readAhead(count, read)) {
    const wanted = entries.filter(({ index }) => index >= from)
    if (wanted[0]?.index !== next) {
      const message = `${source.describe} lacks entry ${next}. Run \`ifab witness verify\` on it.`
      throw new FabricError('DATA_CORRUPT', message, { source: source.describe, index: next })
    }
    next += wanted.length
    yield wanted
  }
}

/** Name of the fabric that wrote a log, as its first entry says; undefined for one without entries. Throws DATA_CORRUPT. */
export async function originOf(log: LogEntries): Promise<string | undefined> {
  for await (const [first] of log.read(0)) {
    if (first === undefined) return undefined
    try {
      const { source } = JSON.parse(Buffer.from(first.bytes).toString())
      return String(source).replace(/^\/fabrics\//, '')
    } catch (cause) {
      const message = `The first entry of ${log.describe} is not one of a fabric.`
      throw new FabricError('DATA_CORRUPT', message, { source: log.describe }, { cause })
    }
  }
  return undefined
}
