import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTilePath, tilePath, tileWidth } from '../../../src/witness/tree/tile.js'

const PATHS = [
  ['tile/0/000', { level: 0, index: 0, width: 256 }],
  ['tile/0/x001/x234/067', { level: 0, index: 1_234_067, width: 256 }],
  ['tile/0/x001/x234/067.p/12', { level: 0, index: 1_234_067, width: 12 }],
  ['tile/1/999.p/1', { level: 1, index: 999, width: 1 }],
  ['tile/2/x001/000.p/255', { level: 2, index: 1_000, width: 255 }],
  ['tile/63/007', { level: 63, index: 7, width: 256 }],
  ['tile/entries/x123/456.p/78', { level: 'entries', index: 123_456, width: 78 }],
  ['tile/entries/x009/x007/x199/x254/x740/991', { level: 'entries', index: Number.MAX_SAFE_INTEGER, width: 256 }],
] as const

describe('the path of a tile', () => {
  test.each(PATHS)('%s is written and read', (path, place) => {
    expect(tilePath(place.level, place.index, place.width)).toBe(path)
    expect(parseTilePath(path)).toEqual(place)
  })

  test('leads back to every tile', () => {
    const level = fc.oneof(fc.constant('entries' as const), fc.integer({ min: 0, max: 63 }))
    const place = fc.record({ level, index: fc.maxSafeNat(), width: fc.integer({ min: 1, max: 256 }) })
    fc.assert(
      fc.property(place, (wanted) => {
        expect(parseTilePath(tilePath(wanted.level, wanted.index, wanted.width))).toEqual(wanted)
      }),
    )
  })

  test.each([
    '',
    'tile',
    'tile/0',
    'tile/0/',
    '/tile/0/000',
    'tile/0/000/',
    'tile/00/000',
    'tile/01/000',
    'tile/64/000',
    'tile/100/000',
    'tile/-1/000',
    'tile/0/0',
    'tile/0/1234067',
    'tile/0/0067',
    'tile/0/x000/067',
    'tile/0/x000/x001/067',
    'tile/0/001/234/067',
    'tile/0/x001/234/067',
    'tile/0/x001/x234/x067',
    'tile/0/X001/067',
    'tile/0/x009/x007/x199/x254/x740/992',
    'tile/0/x001/x009/x007/x199/x254/x740/991',
    'tile/0/000.p/0',
    'tile/0/000.p/00',
    'tile/0/000.p/012',
    'tile/0/000.p/256',
    'tile/0/000.p/300',
    'tile/0/000.p/-1',
    'tile/0/000.p/1.5',
    'tile/0/000.p/',
    'tile/0/000.P/12',
    'tile/0/000.p12',
    'tile/0/000.p/12/',
    'tile/0/000.p/12\n',
    'tile/0/../000',
    'tile/../0/000',
    'tile/0/x0../067',
    'tile/0/000%2Ep/12',
    'tile/0/٠٠٠',
    'tile/Entries/000',
    'tile/ENTRIES/000',
    'Tile/0/000',
    'tile/0/000 ',
    'tile/0x1/000',
  ])('is refused when it is %j', (path) => {
    expect(parseTilePath(path)).toBeUndefined()
  })

  test.each([
    [0, 0, 0],
    [0, 0, 257],
    [0, -1, 256],
    [0, 2 ** 53, 256],
    [64, 0, 256],
    [0.5, 0, 256],
  ])('is not made up for level %d, index %d, width %d', (level, index, width) => {
    expect(() => tilePath(level, index, width)).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
  })
})

describe('the width of a tile', () => {
  test('follows from the size of the tree', () => {
    // The example of the specification: 273 full tiles and 112 hashes, one full and 17, 1.
    expect(tileWidth(70_000, 0, 272)).toBe(256)
    expect(tileWidth(70_000, 0, 273)).toBe(112)
    expect(tileWidth(70_000, 'entries', 273)).toBe(112)
    expect(tileWidth(70_000, 0, 274)).toBe(0)
    expect(tileWidth(70_000, 1, 0)).toBe(256)
    expect(tileWidth(70_000, 1, 1)).toBe(17)
    expect(tileWidth(70_000, 2, 0)).toBe(1)
    expect(tileWidth(70_000, 3, 0)).toBe(0)
    expect(tileWidth(70_000, 63, 0)).toBe(0)
  })

  test.each([
    [0, 0, 0],
    [1, 1, 0],
    [255, 255, 0],
    [256, 256, 1],
    [257, 256, 1],
    [65_535, 256, 255],
    [65_536, 256, 256],
    [65_537, 256, 256],
  ])('in a tree of %i is %i at the bottom and %i above', (size, bottom, above) => {
    expect([tileWidth(size, 0, 0), tileWidth(size, 1, 0)]).toEqual([bottom, above])
  })
})
