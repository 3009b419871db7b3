import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { parseVkey } from '../note/verifier.js'
import { decodeBundle } from '../tree/bundle.js'
import { HASH_BYTES } from '../tree/hash.js'
import { TILE_WIDTH, type TileLevel, tilePath } from '../tree/tile.js'
import type { LogSource } from './source.js'

export const CHECKPOINT_FILE = 'checkpoint'
/** Beside the files that C2SP names: the verifier key, for whoever exported the log and wants to pass it on. */
export const VKEY_FILE = 'vkey.txt'

/** Files below the prefix of a log, wherever they are. */
export interface LogFiles {
  readonly describe: string
  /**
   * Content of a file, or undefined when there is none. Throws DATA_CORRUPT when it has more than `maxBytes`, and what
   * stands in the way of reading otherwise.
   */
  read(path: string, maxBytes: number): Promise<Buffer | undefined>
  /** Gives up what is still being read. */
  close?(): void
}

const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + LIMITS.entryBytes)

/** A log in the layout of C2SP tlog-tiles. */
export class StaticSource implements LogSource {
  readonly derivedTiles = false
  readonly #files: LogFiles

  constructor(files: LogFiles) {
    this.#files = files
  }

  get describe(): string {
    return this.#files.describe
  }

  async checkpoint(): Promise<Uint8Array> {
    const content = await this.#files.read(CHECKPOINT_FILE, LIMITS.noteBytes)
    if (content !== undefined) return content
    const message = `There is no log at ${this.describe}: it has no checkpoint. Check the place; an export writes the checkpoint last.`
    throw new FabricError('NOT_FOUND', message, { source: this.describe })
  }

  async vkey(): Promise<string | undefined> {
    try {
      const content = await this.#files.read(VKEY_FILE, LIMITS.noteBytes)
      return content && parseVkey(content.toString().trim()).vkey
    } catch {
      // It is a convenience of this program's own exports: others may refuse the path, or give something else there.
      return undefined
    }
  }

  async tile(level: number, index: number, width: number): Promise<Buffer | undefined> {
    const maxBytes = TILE_WIDTH * HASH_BYTES
    const found = await this.#read(level, index, width, maxBytes)
    if (found === undefined) return undefined
    const bytes = found.width * HASH_BYTES
    if (found.content.length !== bytes) {
      throw damaged(found.path, `it has ${found.content.length} bytes instead of ${bytes}`)
    }
    return found.content.subarray(0, width * HASH_BYTES)
  }

  async bundle(index: number, width: number): Promise<readonly Uint8Array[] | undefined> {
    const found = await this.#read('entries', index, width, MAX_BUNDLE_BYTES)
    if (found === undefined) return undefined
    try {
      return decodeBundle(found.content, found.width).slice(0, width)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw damaged(found.path, reason, error)
    }
  }

  async close(): Promise<void> {
    this.#files.close?.()
  }

  /** A partial tile may go as soon as the full one is there. */
  async #read(
    level: TileLevel,
    index: number,
    width: number,
    maxBytes: number,
  ): Promise<{ path: string; width: number; content: Buffer } | undefined> {
    for (const wanted of new Set([width, TILE_WIDTH])) {
      const path = tilePath(level, index, wanted)
      const content = await this.#files.read(path, maxBytes)
      if (content !== undefined) return { path, width: wanted, content }
    }
    return undefined
  }
}

function damaged(path: string, why: string, cause?: unknown): FabricError {
  return new FabricError('DATA_CORRUPT', `${path} is damaged: ${why}`, { path }, { cause })
}
