import { describe, expect, test } from 'vitest'
import type { PublishedEntry } from '../../src/fabric/fabric.js'
import { type EntryInterest, isInterested } from '../../src/fabric/interest.js'
import { LIMITS } from '../../src/model/limits.js'
import { type Fixture, openFixture, settle } from './fixture.js'

/** Follows with an interest and keeps what comes, until the fabric closes. */
function listen({ fabric }: Fixture, interest: EntryInterest, from?: number) {
  const seen: PublishedEntry[] = []
  const following = fabric.follow(new AbortController().signal, from, interest)
  const ended = (async () => {
    for await (const batch of following) seen.push(...batch)
  })()
  return { following, ended, names: () => seen.map(({ type, subject }) => `${type} ${subject}`), seen }
}

const interests: Readonly<Record<string, EntryInterest>> = {
  everything: {},
  'one swarm': { swarms: new Set(['w1']) },
  'two swarms': { swarms: new Set(['w1', 'w2']) },
  'a task': { tasks: new Set(['t2']) },
  'a type': { types: new Set(['task_created']) },
  'a swarm and a type': { swarms: new Set(['w1']), types: new Set(['task_claimed']) },
  'a swarm and a task': { swarms: new Set(['w1']), tasks: new Set(['t1']) },
  nobody: { swarms: new Set(['nobody']) },
}

async function work(fixture: Fixture): Promise<void> {
  await fixture.create('t1', 't2')
  await fixture.register('w1', 'w2', 'w3')
  const { epoch } = await fixture.claim('t1', 'w1')
  await fixture.claim('t2', 'w2')
  await fixture.send({ type: 'complete_task', task: 't1', swarm: 'w1', epoch, evidence: [] })
}

describe('following with an interest', () => {
  test.each(Object.entries(interests))(
    'in %s gives the same live, from memory and from the journal',
    async (_, interest) => {
      await using fixture = await openFixture()
      const live = listen(fixture, interest)
      await settle()
      const before = (await fixture.fabric.status()).entries
      await work(fixture)
      await settle()
      const all: PublishedEntry[] = []
      const size = (await fixture.fabric.status()).entries
      const reading = new AbortController()
      for await (const batch of fixture.fabric.follow(reading.signal, before)) {
        all.push(...batch)
        if (all.at(-1)?.index === size - 1) reading.abort()
      }
      const expected = all.filter((entry) => isInterested(interest, entry)).map(({ index }) => index)
      expect(live.seen.map(({ index }) => index)).toEqual(expected)
      const later = listen(fixture, interest, before)
      await settle()
      expect(later.seen.map(({ index }) => index)).toEqual(expected)
    },
  )

  test('finds what concerns a swarm as its subject, its actor, or in the data', async () => {
    await using fixture = await openFixture()
    const live = listen(fixture, { swarms: new Set(['w1']) })
    await settle()
    await work(fixture)
    await settle()
    expect(live.names()).toEqual(['swarm_registered w1', 'task_claimed t1', 'task_completed t1'])
  })

  test('moves the position over what is of no interest', async () => {
    await using fixture = await openFixture()
    const quiet = listen(fixture, { swarms: new Set(['nobody']) }, 0)
    const one = listen(fixture, { tasks: new Set(['t1']) }, 0)
    await settle()
    for (let count = 0; count < 3; count += 1) await fixture.create(`x${count}`)
    await settle()
    const { entries } = await fixture.fabric.status()
    expect([quiet.following.position, one.following.position]).toEqual([entries, entries])
    await fixture.create('t1')
    await settle()
    expect(one.names()).toEqual(['task_created t1'])
    expect(one.following.position).toBe(entries + 1)
    expect(one.seen[0]?.index).toBe(entries)
  })

  test('has the position at what it was given last until it asks for more', async () => {
    await using fixture = await openFixture()
    await fixture.create('t1')
    const following = fixture.fabric.follow(new AbortController().signal, 0)
    const reading = following[Symbol.asyncIterator]()
    await reading.next()
    expect(following.position).toBe(0)
    await fixture.create('t2')
    const { value } = await reading.next()
    expect(following.position).toBe((value as PublishedEntry[])[0]?.index)
  })

  test('a slow one misses nothing of interest', async () => {
    await using fixture = await openFixture()
    const interest = { types: new Set(['task_created']), tasks: new Set(['t1', 't5000']) }
    const reading = fixture.fabric.follow(new AbortController().signal, 0, interest)[Symbol.asyncIterator]()
    await fixture.create('t1')
    expect(((await reading.next()).value ?? []).map(({ subject }: PublishedEntry) => subject)).toEqual(['t1'])
    for (let created = 2; created < 2 * LIMITS.recentEntries; created += 512) {
      await fixture.create(...Array.from({ length: 512 }, (_, number) => `t${created + number}`))
    }
    expect(((await reading.next()).value ?? []).map(({ subject }: PublishedEntry) => subject)).toEqual(['t5000'])
  })

  test('ends with the fabric, and is forgotten when it ends itself', async () => {
    const fixture = await openFixture()
    const ending = new AbortController()
    const following = (async () => {
      for await (const _ of fixture.fabric.follow(ending.signal, undefined, { swarms: new Set(['w1', 'w2']) }));
    })()
    const other = listen(fixture, { swarms: new Set(['w1', 'w2']) })
    await settle()
    ending.abort()
    await following
    expect((await fixture.fabric.status()).subscribers).toBe(1)
    await fixture.register('w2')
    await settle()
    expect(other.names()).toEqual(['swarm_registered w2'])
    await fixture.fabric.close()
    await other.ended
  })
})

test('many that come back look at what concerns them, not at everything', async () => {
  await using fixture = await openFixture()
  await fixture.register('w1', 'w2')
  await fixture.create(...Array.from({ length: 600 }, (_, number) => `t${number}`))
  await fixture.claim('t5', 'w1')
  const from = (await fixture.fabric.status()).entries
  await fixture.create(...Array.from({ length: 2 * LIMITS.recentEntries }, (_, number) => `u${number}`))
  await fixture.claim('t6', 'w2')
  for (const swarms of [['w1'], ['w2'], ['w2', 'w1'], ['nobody']]) {
    const interest = { swarms: new Set(swarms) }
    for (const start of [0, from, from + 2 * LIMITS.recentEntries - 10]) {
      const heard = listen(fixture, interest, start)
      const { entries } = await fixture.fabric.status()
      await settle(200)
      const all = { w1: ['swarm_registered w1', 'task_claimed t5'], w2: ['swarm_registered w2', 'task_claimed t6'] }
      const expected = swarms.flatMap((swarm) => (swarm in all ? all[swarm as 'w1' | 'w2'] : []))
      const late = expected.filter((name) => name === 'task_claimed t6')
      expect(heard.names().sort()).toEqual((start === 0 ? expected : late).sort())
      expect(heard.following.position).toBe(entries)
    }
  }
})
