import { assertInvariant } from '../../model/errors.js'

/** Hashes of a full tile, entries of a full bundle (C2SP tlog-tiles). */
export const TILE_WIDTH = 256

/** Height of the subtree that a full tile spans: 256 = 2^8. */
export const TILE_HEIGHT = 8

/** Height of the row in the middle of a tile, which is kept so that a proof checks 16 hashes of a tile and not all. */
export const GROUP_HEIGHT = 4
export const GROUP_WIDTH = 16

/** Levels of the largest tree whose size is a safe integer: a hash of level 7 would stand for 2^56 entries. */
export const TREE_LEVELS = 7

/** Levels that a path can name; those of `TREE_LEVELS` and above have no tiles here. */
const PATH_LEVELS = 64

/** Level of a tile of hashes, or the bundles of entries below them. */
export type TileLevel = number | 'entries'

export interface TilePlace {
  readonly level: TileLevel
  /** Index of the tile within its level. */
  readonly index: number
  /** 1 to 256 hashes (entries); below 256 the tile is partial. */
  readonly width: number
}

/** Path of a tile or bundle below the log's prefix: `tile/0/x001/x234/067.p/12` is 12 wide at index 1234067. */
export function tilePath(level: TileLevel, index: number, width: number): string {
  assertInvariant(isPlace(level, index, width), `there is no tile of width ${width} at ${level}/${index}`)
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? []
  const path = `tile/${level}/${groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/')}`
  return width === TILE_WIDTH ? path : `${path}.p/${width}`
}

const PATH = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/

/** The tile that a path names, or undefined unless the path is exactly the one that `tilePath` gives it. */
export function parseTilePath(path: string): TilePlace | undefined {
  const [, named, groups, partial] = PATH.exec(path) ?? []
  if (named === undefined || groups === undefined) return undefined
  const level = named === 'entries' ? named : Number(named)
  const index = Number(groups.replaceAll(/[x/]/g, ''))
  const width = partial === undefined ? TILE_WIDTH : Number(partial)
  if (!isPlace(level, index, width) || tilePath(level, index, width) !== path) return undefined
  return { level, index, width }
}

/** Number of hashes (entries) of a tile in a tree of `size` entries, 0 to 256; 0 means that there is no such tile. */
export function tileWidth(size: number, level: TileLevel, index: number): number {
  const hashes = level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level)
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH))
}

function isPlace(level: TileLevel, index: number, width: number): boolean {
  const known = level === 'entries' || (Number.isInteger(level) && level >= 0 && level < PATH_LEVELS)
  const indexed = Number.isSafeInteger(index) && index >= 0
  return known && indexed && Number.isInteger(width) && width >= 1 && width <= TILE_WIDTH
}
