import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { storageFailed } from '../../journal/file/disk.js'
import { FabricError } from '../../model/errors.js'
import { type Checkpoint, parseCheckpoint } from '../note/checkpoint.js'
import { parseNote } from '../note/note.js'
import { encodeBundle } from '../tree/bundle.js'
import { HASH_BYTES } from '../tree/hash.js'
import { TILE_WIDTH, type TileLevel, tilePath, tileWidth } from '../tree/tile.js'
import { directorySource } from './directory-source.js'
import { readAhead } from './read-ahead.js'
import type { LogSource } from './source.js'
import { CHECKPOINT_FILE, VKEY_FILE } from './static-source.js'
import { type ComputedTile, TileStream } from './tile-stream.js'

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
 * Writes a log into a directory in the layout of C2SP tlog-tiles, the checkpoint last. Full tiles and bundles that are
 * there are kept, so that an export goes on where an older one ended. Tiles are computed from the entries, never copied:
 * a checkpoint is written only when they lead to its root.
 *
 * Throws CONFLICT when the directory holds another log, LOG_DIVERGED when it holds entries that the source has lost or
 * changed, and DATA_CORRUPT when the source is damaged.
 */
export async function exportLog(source: LogSource, directory: string): Promise<ExportedLog> {
  const note = await source.checkpoint()
  const checkpoint = readHead(note, source)
  await refuseOther(directory, checkpoint, source)
  const target = new LogDirectory(directory)
  const fetched = await writeEntries(source, target, checkpoint)
  const vkey = await source.vkey()
  if (vkey !== undefined) await target.write(VKEY_FILE, `${vkey}\n`)
  await target.write(CHECKPOINT_FILE, note)
  return { directory, origin: checkpoint.origin, size: checkpoint.size, fetched, files: target.files }
}

async function refuseOther(directory: string, checkpoint: Checkpoint, source: LogSource): Promise<void> {
  const known = await readKnown(directory)
  if (known === undefined) return
  const { origin, size, root } = checkpoint
  const details = { directory, origin: known.origin, size: known.size }
  if (known.origin !== origin) {
    const message = `${directory} holds the log ${known.origin}, not ${origin}. Export into another directory.`
    throw new FabricError('CONFLICT', message, details)
  }
  if (known.size < size || (known.size === size && known.root.equals(root))) return
  const what =
    known.size > size ? `${known.size} entries, but ${source.describe} only ${size}` : 'another log of that name'
  const message = `${directory} holds ${what}. Find out why with \`ifab witness verify\`; nothing was written.`
  throw new FabricError('LOG_DIVERGED', message, details)
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
  if (names.length === 0 || names.includes('tile')) return undefined
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

/** Returns how many entries were fetched. */
async function writeEntries(source: LogSource, target: LogDirectory, { size, root }: Checkpoint): Promise<number> {
  const stream = new TileStream()
  const kept = await keepTiles(target, stream, Math.floor(size / TILE_WIDTH))
  const bundles = readAhead(Math.ceil(size / TILE_WIDTH) - kept, (position) =>
    fetchBundle(source, kept + position, tileWidth(size, 'entries', kept + position)),
  )
  let index = kept
  for await (const entries of bundles) {
    await target.writeTile('entries', index, entries.length, encodeBundle(entries))
    for (const entry of entries) stream.append(entry)
    await target.writeComputed(stream.takeCompleted())
    index += 1
  }
  await target.writeComputed(stream.partial())
  if (stream.root().equals(root)) return size - kept * TILE_WIDTH
  const message = `The entries of ${source.describe} do not hash to the root of its checkpoint, so no checkpoint was written. Run \`ifab witness verify\` on it; export into an empty directory if it finds nothing.`
  throw new FabricError('DATA_CORRUPT', message, { source: source.describe, size })
}

/** An export is written from the first entry on: takes in what is there, and says how many full bundles that are. */
async function keepTiles(target: LogDirectory, stream: TileStream, bundles: number): Promise<number> {
  for (let index = 0; index < bundles; index += 1) {
    const leaves = await target.leaves(index)
    if (leaves === undefined) return index
    stream.appendLeaves(leaves)
    await target.writeComputed(stream.takeCompleted())
  }
  return bundles
}

async function fetchBundle(source: LogSource, index: number, width: number): Promise<readonly Uint8Array[]> {
  const entries = await source.bundle(index, width)
  if (entries !== undefined) return entries
  const path = tilePath('entries', index, width)
  const message = `${source.describe} lacks ${path}, which its checkpoint covers. Run \`ifab witness verify\` on it.`
  throw new FabricError('DATA_CORRUPT', message, { path })
}

class LogDirectory {
  files = 0
  readonly #path: string
  readonly #made = new Set<string>()

  constructor(path: string) {
    this.#path = path
  }

  /** Hashes of a full tile at level 0 whose entries are there too. */
  async leaves(index: number): Promise<Buffer | undefined> {
    const bundle = await stat(join(this.#path, tilePath('entries', index, TILE_WIDTH))).catch(() => undefined)
    if (bundle?.isFile() !== true || bundle.size === 0) return undefined
    return directorySource(this.#path)
      .tile(0, index, TILE_WIDTH)
      .catch(() => undefined)
  }

  async writeComputed(tiles: readonly ComputedTile[]): Promise<void> {
    for (const { level, index, hashes } of tiles) {
      const width = hashes.length / HASH_BYTES
      const found = await readFile(join(this.#path, tilePath(level, index, width))).catch(() => undefined)
      if (found?.equals(hashes) !== true) await this.writeTile(level, index, width, hashes)
    }
  }

  /** A full tile takes the place of the partial ones before it. */
  async writeTile(level: TileLevel, index: number, width: number, content: Uint8Array): Promise<void> {
    const path = tilePath(level, index, width)
    await this.write(path, content)
    if (width === TILE_WIDTH) await rm(join(this.#path, `${path}.p`), { recursive: true, force: true })
  }

  /** Readers see a whole file or none. */
  async write(path: string, content: string | Uint8Array): Promise<void> {
    const place = join(this.#path, path)
    const temporary = `${place}.${process.pid}.tmp`
    try {
      await this.#make(dirname(place))
      await writeFile(temporary, content)
      await rename(temporary, place)
      this.files += 1
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined)
      throw storageFailed('Writing', place, error)
    }
  }

  async #make(directory: string): Promise<void> {
    if (this.#made.has(directory)) return
    await mkdir(directory, { recursive: true })
    this.#made.add(directory)
  }
}
