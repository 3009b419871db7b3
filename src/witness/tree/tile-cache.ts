import type { TileNodes } from './tile-nodes.js'

/** The tiles used last, and those that are being loaded, so that two callers load one tile once. */
export class TileCache {
  readonly #tiles = new Map<string, Promise<TileNodes>>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get(level: number, index: number, load: () => Promise<TileNodes>): Promise<TileNodes> {
    const key = `${level}/${index}`
    const kept = this.#tiles.get(key)
    const tile = kept ?? load()
    // A map keeps the order of insertion: what was used last goes to its end, what is at its start goes first.
    this.#tiles.delete(key)
    this.#tiles.set(key, tile)
    if (kept === undefined) tile.catch(() => this.#forget(key, tile))
    for (const oldest of this.#tiles.keys()) {
      if (this.#tiles.size <= this.#limit) break
      this.#tiles.delete(oldest)
    }
    return tile
  }

  /** A tile that could not be loaded is tried again by the next caller. */
  #forget(key: string, tile: Promise<TileNodes>): void {
    if (this.#tiles.get(key) === tile) this.#tiles.delete(key)
  }
}
