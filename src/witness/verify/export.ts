import { readdir } from 'node:fs/promises'
import { storageFailed } from '../../journal/file/disk.js'
import { FabricError, isFabricError } from '../../model/errors.js'
import { type Checkpoint, parseCheckpoint } from '../note/checkpoint.js'
import { parseNote } from '../note/note.js'
import { encodeBundle } from '../tree/bundle.js'
import { HASH_BYTES } from '../tree/hash.js'
import { TILE_WIDTH, tilePath, tileWidth } from '../tree/tile.js'
import { directorySource } from './directory-source.js'
import { ExportDirectory, leavesOf, UNFINISHED } from './export-directory.js'
import { readAhead } from './read-ahead.js'
import type { LogSource } from './source.js'
import { CHECKPOINT_FILE, VKEY_FILE } from './static-source.js'
import { TileStream } from './tile-stream.js'

export interface ExportedLog {
  readonly directory: string
  readonly origin: string
  /** Entries that the directory holds now. */
  readonly size: number
  /** Entries that were fetched; the others were there. */
  readonly fetched: number
  /** Files that were written. */
  readonly files: number
}

/**
 * Writes a log into a directory in the layout of C2SP tlog-tiles, the checkpoint last. Full bundles that are there and
 * whole are kept, so that an export goes on where an older one ended. Tiles are computed from the entries, not copied.
 * Until the entries have led to the root of the older export and to that of the checkpoint, nothing in place changes.
 *
 * Throws CONFLICT when the directory holds another log, LOG_DIVERGED when it holds entries that the source has lost or
 * changed, and DATA_CORRUPT when the entries of the source, with those that were kept, do not give its root.
 */
export async function exportLog(source: LogSource, directory: string): Promise<ExportedLog> {
  const note = await source.checkpoint()
  const head = readHead(note, source)
  const known = await readKnown(directory)
  if (known !== undefined) refuseOther(directory, known, head, source)
  const target = new ExportDirectory(directory)
  const fetched = await gatherOrDiscard({ source, directory, target, head, known })
  await target.publish()
  const vkey = await source.vkey()
  if (vkey !== undefined) await target.put(VKEY_FILE, `${vkey}\n`)
  await target.put(CHECKPOINT_FILE, note)
  return { directory, origin: head.origin, size: head.size, fetched, files: target.files }
}

function refuseOther(directory: string, known: Checkpoint, head: Checkpoint, source: LogSource): void {
  const { origin, size, root } = head
  if (known.origin !== origin) {
    const message = `${directory} holds the log ${known.origin}, not ${origin}. Export into another directory.`
    throw new FabricError('CONFLICT', message, { directory, origin: known.origin, size: known.size })
  }
  if (known.size < size || (known.size === size && known.root.equals(root))) return
  throw diverged(
    directory,
    known,
    known.size > size ? `${source.describe} has only ${size}` : `${source.describe} has others`,
  )
}

function diverged(directory: string, known: Checkpoint, what: string): FabricError {
  const message = `${directory} holds ${known.size} entries, but ${what}. Find out why with \`ifab witness verify\` on both; nothing was changed.`
  return new FabricError('LOG_DIVERGED', message, { directory, origin: known.origin, size: known.size })
}

/** The checkpoint of an older export; undefined when there is none, as long as nothing else is there. */
async function readKnown(directory: string): Promise<Checkpoint | undefined> {
  const names = await readdir(directory).catch((error): string[] => {
    if (error.code === 'ENOENT') return []
    if (error.code !== 'ENOTDIR') throw storageFailed('Reading', directory, error)
    throw new FabricError('INVALID_ARGUMENT', `${directory} is a file. Name a directory.`, { directory })
  })
  if (names.includes(CHECKPOINT_FILE)) {
    const known = directorySource(directory)
    return readHead(await known.checkpoint(), known)
  }
  // An export that was interrupted has tiles and no checkpoint.
  if (names.length === 0 || names.includes('tile') || names.includes(UNFINISHED)) return undefined
  const message = `${directory} is not empty and holds no log. Export into a new directory.`
  throw new FabricError('CONFLICT', message, { directory })
}

function readHead(note: Uint8Array, { describe }: LogSource): Checkpoint {
  try {
    return parseCheckpoint(parseNote(note).text)
  } catch (cause) {
    const message = `The checkpoint of ${describe} is not a signed checkpoint. Run \`ifab witness verify\` on it.`
    throw new FabricError('DATA_CORRUPT', message, { source: describe }, { cause })
  }
}

interface Gathering {
  readonly source: LogSource
  readonly directory: string
  readonly target: ExportDirectory
  readonly head: Checkpoint
  /** What the directory holds already. */
  readonly known: Checkpoint | undefined
}

/** Returns how many entries were fetched. What does not belong together is not kept for the next time. */
async function gatherOrDiscard(gathering: Gathering): Promise<number> {
  const { target } = gathering
  try {
    return await gather(gathering)
  } catch (error) {
    if (!isFabricError(error, 'LOG_DIVERGED') && !isFabricError(error, 'DATA_CORRUPT')) throw error
    const { resumed } = target
    await target.discard()
    // What an interrupted export left may be what is wrong.
    if (resumed) return gatherOrDiscard(gathering)
    throw error
  }
}

async function gather(gathering: Gathering): Promise<number> {
  const { source, directory, target, head, known } = gathering
  const stream = new TileStream()
  let fetched = 0
  const parts = readAhead(Math.ceil(head.size / TILE_WIDTH), partReader(gathering))
  for await (const { leaves, path, entries } of parts) {
    if (!appendLeaves(stream, leaves, known)) throw diverged(directory, known ?? head, `${source.describe} has others`)
    if (entries !== undefined) {
      await target.gather(path, encodeBundle(entries))
      fetched += entries.length
    }
    await target.gatherTiles(stream.takeCompleted())
  }
  await target.gatherTiles(stream.partial())
  if (stream.root().equals(head.root)) return fetched
  const message = `The entries of ${source.describe}, with those that ${directory} had, do not hash to the root of its checkpoint, so nothing was changed. Run \`ifab witness verify\` on both.`
  throw new FabricError('DATA_CORRUPT', message, { source: source.describe, size: head.size })
}

/** A bundle of the log by the hashes of its entries, and the entries themselves when they had to be fetched. */
interface Part {
  readonly path: string
  readonly leaves: Buffer
  readonly entries?: readonly Uint8Array[]
}

/** Looks at one bundle after the other, so that the source is asked in order for those that are not there. */
function partReader({ source, target, head: { size } }: Gathering): (index: number) => Promise<Part> {
  let turn: Promise<unknown> = Promise.resolve()
  return (index) => {
    const width = tileWidth(size, 'entries', index)
    const path = tilePath('entries', index, width)
    const there = turn.then(() => (width === TILE_WIDTH ? target.there(index) : undefined))
    turn = there
    return there.then(async (leaves) => {
      if (leaves !== undefined) return { path, leaves }
      const entries = await fetchBundle(source, index, width)
      return { path, leaves: leavesOf(entries), entries }
    })
  }
}

/** False when the first entries are not those that are known. */
function appendLeaves(stream: TileStream, leaves: Buffer, known: Checkpoint | undefined): boolean {
  const end = ((known?.size ?? 0) - stream.size) * HASH_BYTES
  const holdsEnd = end > 0 && end <= leaves.length
  stream.appendLeaves(holdsEnd ? leaves.subarray(0, end) : leaves)
  if (!holdsEnd) return true
  if (known?.root.equals(stream.root()) !== true) return false
  stream.appendLeaves(leaves.subarray(end))
  return true
}

async function fetchBundle(source: LogSource, index: number, width: number): Promise<readonly Uint8Array[]> {
  const entries = await source.bundle(index, width)
  if (entries !== undefined) return entries
  const path = tilePath('entries', index, width)
  const message = `${source.describe} lacks ${path}, which its checkpoint covers. Run \`ifab witness verify\` on it.`
  throw new FabricError('DATA_CORRUPT', message, { path })
}
