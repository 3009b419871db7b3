import { describe, expect, test } from 'vitest'
import { GroupCache } from '../../../src/witness/tree/group-cache.js'
import { leafHash } from '../../../src/witness/tree/hash.js'

const HASHES = Buffer.concat(Array.from({ length: 16 }, (_, at) => leafHash(Buffer.from([at]))))

function fill(cache: GroupCache, height: number, position: number): void {
  const group = cache.take()
  group.addHashes(HASHES)
  cache.put({ height, position }, group)
}

function held(cache: GroupCache, roots: readonly (readonly [number, number])[]): boolean[] {
  return roots.map(([height, position]) => cache.get({ height, position }) !== undefined)
}

describe('the cache of checked groups', () => {
  test('tells heights and positions apart, also the largest', () => {
    const cache = new GroupCache(10)
    fill(cache, 4, 1)
    fill(cache, 8, 2 ** 45)
    expect(
      held(cache, [
        [4, 1],
        [8, 1],
        [4, 0],
        [8, 2 ** 45],
        [12, 2 ** 45],
        [8, 2 ** 45 - 1],
      ]),
    ).toEqual([true, false, false, true, false, false])
  })

  test('lets go of the group that was used longest ago, and fills its memory again', () => {
    const cache = new GroupCache(3)
    for (const position of [0, 1, 2]) fill(cache, 4, position)
    expect(cache.get({ height: 4, position: 0 })?.full).toBe(true)
    const oldest = cache.get({ height: 4, position: 1 })
    cache.get({ height: 4, position: 2 })
    cache.get({ height: 4, position: 0 })
    const reused = cache.take()
    expect(reused).toBe(oldest)
    expect(reused.width).toBe(0)
    expect(
      held(cache, [
        [4, 0],
        [4, 1],
        [4, 2],
      ]),
    ).toEqual([true, false, true])
  })

  test('stays within its limit', () => {
    const cache = new GroupCache(3)
    for (let position = 0; position < 50; position += 1) fill(cache, 4, position)
    const all = Array.from({ length: 50 }, (_, position) => [4, position] as const)
    expect(held(cache, all).filter(Boolean).length).toBe(3)
  })
})
