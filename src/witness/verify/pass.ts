import { isFabricError } from '../../model/errors.js'
import { HASH_BYTES } from '../tree/hash.js'
import { TILE_WIDTH, tilePath, tileWidth } from '../tree/tile.js'
import { readAhead } from './read-ahead.js'
import type { LogSource } from './source.js'
import { type ComputedTile, TileStream } from './tile-stream.js'

export interface PassOptions {
  readonly source: LogSource
  /** Number of entries to read. */
  readonly size: number
  /** Sizes whose roots are wanted. */
  readonly rootsAt: readonly number[]
  /** Sees every entry, in order; the bytes are valid during the call only. */
  readonly see: (index: number, entry: Uint8Array) => void
}

/** What one pass over all entries of a log found. */
export interface Pass {
  /** Roots that follow from the entries, by size, as far as they could be read. */
  readonly roots: ReadonlyMap<number, Buffer>
  /** Entries that could be read. */
  readonly entries: number
  /** Tiles that were compared. */
  readonly tiles: number
  /** Derived tiles that are not there, or not whole. */
  readonly tilesNotStored: number
  /** The first thing that does not fit. */
  readonly fault: PassFault | undefined
}

export type PassFault =
  | { readonly kind: 'entries_missing' | 'entries_damaged'; readonly path: string; readonly reason: string }
  | { readonly kind: 'tile_missing' | 'tile_damaged'; readonly path: string; readonly reason: string }
  /** A hash of the tile is not the one that follows from entries `first` to `last`. */
  | { readonly kind: 'mismatch'; readonly path: string; readonly first: number; readonly last: number }

/**
 * Hashes every entry and compares each tile with what the entries below it give. It goes on behind a fault as long as
 * there are entries. Throws what stands in the way of reading the source at all.
 */
export async function passOver(options: PassOptions): Promise<Pass> {
  const reading = new Reading(options)
  const { source, size } = options
  const bundles = readAhead(Math.ceil(size / TILE_WIDTH), async (index) => {
    const width = tileWidth(size, 'entries', index)
    const [entries, tile] = await Promise.all([
      settle(source.bundle(index, width)),
      settle(source.tile(0, index, width)),
    ])
    return { path: tilePath('entries', index, width), entries, tile }
  })
  for await (const { path, entries, tile } of bundles) {
    if (!reading.take(path, entries)) return reading.result()
    await reading.compare(tile)
  }
  return reading.result()
}

/** What a read gave; a reason where the content is damaged. */
type Settled<Value> = { readonly value: Value | undefined } | { readonly damage: string }

async function settle<Value>(read: Promise<Value | undefined>): Promise<Settled<Value>> {
  try {
    return { value: await read }
  } catch (error) {
    if (isFabricError(error, 'DATA_CORRUPT')) return { damage: error.message }
    throw error
  }
}

class Reading {
  readonly #options: PassOptions
  readonly #stream = new TileStream()
  readonly #roots = new Map<number, Buffer>()
  /** Sizes still wanted, the largest first. */
  readonly #wanted: number[]
  #fault: PassFault | undefined
  #tiles = 0
  #tilesNotStored = 0

  constructor(options: PassOptions) {
    this.#options = options
    const wanted = new Set([...options.rootsAt, options.size].filter((size) => size <= options.size))
    this.#wanted = [...wanted].sort((a, b) => b - a)
    this.#noteRoot()
  }

  /** False when there is nothing more to read. */
  take(path: string, entries: Settled<readonly Uint8Array[]>): boolean {
    if ('damage' in entries) this.#report({ kind: 'entries_damaged', path, reason: entries.damage })
    else if (entries.value === undefined)
      this.#report({ kind: 'entries_missing', path, reason: `${path} is not there` })
    else {
      for (const entry of entries.value) {
        this.#options.see(this.#stream.size, entry)
        this.#stream.append(entry)
        if (this.#stream.size === this.#wanted.at(-1)) this.#noteRoot()
      }
      return true
    }
    return false
  }

  /** Compares the tiles that the last entries completed; `lowest` is the one at level 0, which was read ahead. */
  async compare(lowest: Settled<Buffer>): Promise<void> {
    const { source, size } = this.#options
    const completed = this.#stream.takeCompleted()
    const tiles = this.#stream.size === size ? [...completed, ...this.#stream.partial()] : completed
    for (const tile of tiles) {
      const { level, index, hashes } = tile
      const stored = level === 0 ? lowest : await settle(source.tile(level, index, hashes.length / HASH_BYTES))
      this.#compareTile(tile, stored)
    }
  }

  result(): Pass {
    return {
      roots: this.#roots,
      entries: this.#stream.size,
      tiles: this.#tiles,
      tilesNotStored: this.#tilesNotStored,
      fault: this.#fault,
    }
  }

  #compareTile({ level, index, hashes }: ComputedTile, stored: Settled<Buffer>): void {
    const path = tilePath(level, index, hashes.length / HASH_BYTES)
    if ('damage' in stored) {
      this.#report({ kind: 'tile_damaged', path, reason: stored.damage })
      return
    }
    const present = stored.value ?? Buffer.alloc(0)
    if (present.length < hashes.length) this.#tilesNotStored += 1
    if (present.length < hashes.length && !this.#options.source.derivedTiles) {
      this.#report({ kind: 'tile_missing', path, reason: `${path} is not there` })
      return
    }
    this.#tiles += 1
    const expected = hashes.subarray(0, present.length)
    if (present.equals(expected)) return
    const position = firstDifference(present, expected)
    const span = TILE_WIDTH ** level
    const first = (index * TILE_WIDTH + position) * span
    this.#report({ kind: 'mismatch', path, first, last: first + span - 1 })
  }

  #noteRoot(): void {
    if (this.#stream.size !== this.#wanted.at(-1)) return
    this.#wanted.pop()
    this.#roots.set(this.#stream.size, this.#stream.root())
  }

  #report(fault: PassFault): void {
    this.#fault ??= fault
  }
}

/** Position of the first hash that is not the same. */
function firstDifference(left: Buffer, right: Buffer): number {
  for (let offset = 0; offset < left.length; offset += HASH_BYTES) {
    if (left.compare(right, offset, offset + HASH_BYTES, offset, offset + HASH_BYTES) !== 0) return offset / HASH_BYTES
  }
  return left.length / HASH_BYTES
}
