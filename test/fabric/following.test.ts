import { describe, expect, test } from 'vitest'
import type { PublishedEntry } from '../../src/fabric/fabric.js'
import { LIMITS } from '../../src/model/limits.js'
import { collect, logOf, openFixture, settle } from './fixture.js'

const indexes = (entries: readonly PublishedEntry[]) => entries.map(({ index }) => index)
const upTo = (count: number, from = 0) => Array.from({ length: count - from }, (_, position) => from + position)

describe('following the log', () => {
  test('goes from any entry of the past into the present without a gap, with the stored bytes', async () => {
    await using fixture = await openFixture()
    await fixture.create('t1', 't2')
    const followers = [0, 1, 3, 4].map((from) => collect(fixture.fabric, 6 - from, from))
    await fixture.create('t3')
    await fixture.create('t4')
    for (const [position, entries] of (await Promise.all(followers)).entries()) {
      expect(indexes(entries)).toEqual(upTo(6, [0, 1, 3, 4][position]))
    }
    const [entries] = await Promise.all(followers)
    const stored: string[] = []
    for await (const chunk of fixture.journal.read(0))
      stored.push(...chunk.map(({ bytes }) => Buffer.from(bytes).toString()))
    expect(entries?.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(stored)
  })

  test('starts with what comes now when it is not told where', async () => {
    await using fixture = await openFixture()
    await fixture.create('t1')
    const following = collect(fixture.fabric, 1)
    await fixture.create('t2')
    expect((await following).map(({ subject }) => subject)).toEqual(['t2'])
  })

  test('lets a slow follower read from the journal what is no longer in memory', async () => {
    await using fixture = await openFixture()
    const seen: PublishedEntry[] = []
    const ending = new AbortController()
    const slow = fixture.fabric.follow(ending.signal, 0)[Symbol.asyncIterator]()
    seen.push(...((await slow.next()).value ?? []))
    const total = 3 * LIMITS.recentEntries
    for (let created = 0; created < total; created += 512) {
      await fixture.create(...Array.from({ length: 512 }, (_, n) => `t${created + n}`))
    }
    while (seen.length < total + 2) seen.push(...((await slow.next()).value ?? []))
    expect(indexes(seen)).toEqual(upTo(total + 2))
    ending.abort()
    expect(await slow.next()).toMatchObject({ done: true })
  })

  test('ends with its signal and with the fabric, and is counted while it lasts', async () => {
    const fixture = await openFixture()
    const { fabric } = fixture
    const ending = new AbortController()
    let ended = 0
    const follow = async (signal: AbortSignal) => {
      for await (const _ of fabric.follow(signal));
      ended += 1
    }
    const following = [follow(ending.signal), follow(new AbortController().signal)]
    await settle()
    expect((await fabric.status()).subscribers).toBe(2)
    ending.abort()
    await following[0]
    expect([ended, (await fabric.status()).subscribers]).toEqual([1, 1])
    await fabric.close()
    await following[1]
    expect(ended).toBe(2)
  })

  test('one that stops reading in the middle keeps nobody else', async () => {
    await using fixture = await openFixture()
    for await (const _ of fixture.fabric.follow(new AbortController().signal, 0)) break
    expect((await fixture.fabric.status()).subscribers).toBe(0)
    await fixture.create('t1')
    expect(indexes(await collect(fixture.fabric, 3, 0))).toEqual(upTo(3))
    expect(await logOf(fixture)).toHaveLength(3)
  })
})
