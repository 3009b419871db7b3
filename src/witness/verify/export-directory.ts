import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { storageFailed } from '../../journal/file/disk.js'
import { HASH_BYTES, writeLeafHash } from '../tree/hash.js'
import { TILE_WIDTH, tilePath } from '../tree/tile.js'
import { directorySource } from './directory-source.js'
import type { StaticSource } from './static-source.js'
import type { ComputedTile } from './tile-stream.js'

/** Below the directory of an export: files that wait until all of them are known to belong together. */
export const UNFINISHED = '.unfinished'

/** The directory of an export. Nothing in it changes before `publish`. */
export class ExportDirectory {
  /** Files that were put into place. */
  files = 0
  readonly #path: string
  readonly #unfinished: string
  readonly #made = new Set<string>()
  #gathered: string[] = []
  #resumed = false

  constructor(path: string) {
    this.#path = path
    this.#unfinished = join(path, UNFINISHED)
  }

  /** Whether something is among the files that an interrupted export left. */
  get resumed(): boolean {
    return this.#resumed
  }

  /**
   * Hashes of the entries of a full bundle that is in place and whole, or that an interrupted export left: then it is
   * one of the files that wait.
   */
  async there(index: number): Promise<Buffer | undefined> {
    const kept = await wholeBundle(directorySource(this.#path), index)
    if (kept !== undefined) return kept
    const left = await wholeBundle(directorySource(this.#unfinished), index)
    if (left === undefined) return undefined
    this.#resumed = true
    this.#gathered.push(tilePath('entries', index, TILE_WIDTH))
    return left
  }

  async gather(path: string, content: Uint8Array): Promise<void> {
    await this.#write(join(this.#unfinished, path), content)
    this.#gathered.push(path)
  }

  /** Tiles that are in place as they should be stay there. */
  async gatherTiles(tiles: readonly ComputedTile[]): Promise<void> {
    for (const { level, index, hashes } of tiles) {
      const path = tilePath(level, index, hashes.length / HASH_BYTES)
      const found = await readFile(join(this.#path, path)).catch(() => undefined)
      if (found?.equals(hashes) !== true) await this.gather(path, hashes)
    }
  }

  /** Puts everything that waits into its place. A full tile takes the place of the partial ones before it. */
  async publish(): Promise<void> {
    for (const path of this.#gathered) {
      const place = join(this.#path, path)
      try {
        await this.#make(dirname(place))
        await rename(join(this.#unfinished, path), place)
        await rm(`${place}.p`, { recursive: true, force: true })
      } catch (error) {
        throw storageFailed('Writing', place, error)
      }
      this.files += 1
    }
    await this.discard()
  }

  /** Removes everything that waits. */
  async discard(): Promise<void> {
    this.#gathered = []
    this.#resumed = false
    this.#made.clear()
    await rm(this.#unfinished, { recursive: true, force: true }).catch((error) => {
      throw storageFailed('Removing', this.#unfinished, error)
    })
  }

  /** Puts a file into its place at once. */
  async put(path: string, content: string | Uint8Array): Promise<void> {
    await this.#write(join(this.#path, path), content)
    this.files += 1
  }

  /** Readers see a whole file or none. */
  async #write(place: string, content: string | Uint8Array): Promise<void> {
    const temporary = `${place}.${process.pid}.tmp`
    try {
      await this.#make(dirname(place))
      await writeFile(temporary, content)
      await rename(temporary, place)
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

/** Hashes of the entries of a full bundle; undefined when it is not there, or not what its tile says. */
async function wholeBundle(source: StaticSource, index: number): Promise<Buffer | undefined> {
  try {
    const tile = await source.tile(0, index, TILE_WIDTH)
    const entries = await source.bundle(index, TILE_WIDTH)
    if (tile === undefined || entries === undefined) return undefined
    const leaves = leavesOf(entries)
    return leaves.equals(tile) ? leaves : undefined
  } catch {
    // Whatever keeps it from being read, it is fetched again.
    return undefined
  }
}

/** Hashes of entries as they lie in a tile at level 0. */
export function leavesOf(entries: readonly Uint8Array[]): Buffer {
  const leaves = Buffer.allocUnsafe(entries.length * HASH_BYTES)
  for (const [at, entry] of entries.entries()) writeLeafHash(entry, leaves, at * HASH_BYTES)
  return leaves
}
