import { beforeEach, describe, expect, test } from 'vitest'
import type { Offer } from '../../src/coordinator/replies.js'
import { ADMIN_ACTOR, FABRIC_ACTOR } from '../../src/model/entry.js'
import { isFabricError } from '../../src/model/errors.js'
import { MINUTE_MS } from '../../src/model/time.js'
import { makeRegistration, makeTask } from '../../src/testing/factories.js'
import { makeRun } from '../coordinator/make-run.js'
import { type Fixture, openFixture, settle } from './fixture.js'

let fixture: Fixture
/** Offers in the order in which they came. */
let offers: string[]

beforeEach(async () => {
  fixture = await openFixture()
  offers = []
  await fixture.register('s1', 's2', 's3')
  return () => fixture.fabric.close()
})

/** Waits for work as that swarm; what comes of it is put into `offers`. */
function wait(swarm: string, signal?: AbortSignal, claim = true): Promise<unknown> {
  const describe = ({ kind, task }: Offer) => (task === undefined ? kind : `${kind} ${task.id}`)
  return fixture.fabric
    .next({ type: 'offer_next', swarm, claim }, { actor: `swarm:${swarm}` }, MINUTE_MS, signal)
    .then(describe, (error) => (isFabricError(error) ? error.code : String(error)))
    .then((outcome) => offers.push(`${swarm}: ${outcome}`))
}

describe('waiting for work', () => {
  test('ends at once when there is some, and goes to the one who waits when it comes', async () => {
    await fixture.create('t1')
    await wait('s1')
    void wait('s2')
    await settle()
    expect(offers).toEqual(['s1: primary t1'])
    await fixture.create('t2')
    await settle()
    expect(offers).toEqual(['s1: primary t1', 's2: primary t2'])
  })

  test('one task ends one wait, first come first served; the others go on waiting', async () => {
    for (const swarm of ['s1', 's2', 's3']) {
      void wait(swarm)
      await settle()
    }
    await fixture.create('t1')
    await settle()
    expect(offers).toEqual(['s1: primary t1'])
    expect((await fixture.fabric.status()).waitingSwarms).toBe(2)
    await fixture.create('t2', 't3')
    await settle()
    expect(offers.slice(1).sort()).toEqual(['s2: primary t2', 's3: primary t3'])
  })

  test('one task goes to the swarm that suits it best, whoever has waited longer', async () => {
    const able = { capabilities: ['code:ts', 'test:unit', 'doc:md', 'ops:ci'] }
    const partly = { capabilities: able.capabilities.slice(1) }
    await fixture.send(makeRegistration('dear', { ...able, costPerHourNanos: 9_000_000_000 }))
    await fixture.send(makeRegistration('doubted', { ...able, reputation: 0.5 }))
    await fixture.send(makeRegistration('partly', partly))
    await fixture.send(makeRegistration('best', able))
    for (const swarm of ['dear', 'doubted', 'partly', 'best']) {
      void wait(swarm)
      await settle()
    }
    for (const id of ['t1', 't2', 't3', 't4']) {
      await fixture.send({ type: 'create_task', task: makeTask(id, { requires: able.capabilities }) })
      await settle()
    }
    expect(offers).toEqual(['best: primary t1', 'partly: primary t2', 'doubted: primary t3', 'dear: primary t4'])
  })

  test('one whose module fails is not the best any more, also while it waits', async () => {
    for (const swarm of ['s1', 's2']) {
      void wait(swarm)
      await settle()
    }
    for (let run = 0; run < 10; run += 1) {
      await fixture.fabric.submit(makeRun('s1', { end: 'trap' }), { actor: FABRIC_ACTOR })
    }
    await settle()
    for (const id of ['t1', 't2']) {
      await fixture.create(id)
      await settle()
    }
    expect(offers).toEqual(['s2: primary t1', 's1: primary t2'])
  })

  test('one task makes one of many ask again', async () => {
    const asking: string[] = []
    for (const swarm of ['s1', 's2', 's3']) {
      const origin = {
        get actor() {
          asking.push(swarm)
          return ADMIN_ACTOR
        },
      }
      void fixture.fabric.next({ type: 'offer_next', swarm, claim: true }, origin, MINUTE_MS).catch(() => undefined)
      await settle()
    }
    asking.splice(0)
    await fixture.create('t1')
    await settle()
    expect(new Set(asking)).toEqual(new Set(['s1']))
  })

  test('wakes only who qualifies', async () => {
    await fixture.send(makeRegistration('ts', { capabilities: ['code:ts'] }))
    void wait('s1')
    void wait('ts')
    await settle()
    await fixture.send({ type: 'create_task', task: makeTask('t1', { requires: ['code:ts'] }) })
    await settle()
    expect(offers).toEqual(['ts: primary t1'])
  })

  test('a task that its first waiter leaves is offered to the next', async () => {
    const gone = new AbortController()
    void wait('s1', gone.signal)
    await settle()
    void wait('s2')
    await settle()
    // It leaves when the commit has chosen it already, before it has asked.
    await fixture.send({ type: 'create_task', task: makeTask('t1') }).then(() => gone.abort())
    await settle()
    expect(offers).toEqual(['s1: UNAVAILABLE', 's2: primary t1'])
  })

  test('hears of tasks that become claimable: unblocked, released, after a backoff', async () => {
    await fixture.create('t1')
    await fixture.send({ type: 'create_task', task: makeTask('t2', { dependencies: ['t1'] }) })
    const { epoch } = await fixture.claim('t1', 's1')
    void wait('s2')
    await settle()
    await fixture.send({ type: 'complete_task', task: 't1', epoch, evidence: [] })
    await settle()
    expect(offers).toEqual(['s2: primary t2'])
    void wait('s3')
    await settle()
    await fixture.send({ type: 'release_task', task: 't2' })
    await settle()
    expect(offers.at(-1)).toBe('s3: primary t2')
    void wait('s1')
    const { claim } = (await fixture.fabric.read((state) => state.tasks.get('t2'))) ?? {}
    await fixture.send({ type: 'fail_task', task: 't2', epoch: claim?.epoch ?? -1, reason: 'x', retry: true })
    await settle()
    expect(offers).toHaveLength(2)
    fixture.timing.advance(10_000)
    await settle()
    expect(offers.at(-1)).toBe('s1: primary t2')
  })

  test('hears of a request for help, and of a primary task that is free again', async () => {
    await fixture.create('t1')
    const { epoch } = await fixture.claim('t1', 's1')
    const raise = { type: 'raise_blocker', task: 't1', epoch, kind: 'help', needs: 'x', requires: [] } as const
    const { id: blocker } = await fixture.send(raise)
    void wait('s1')
    void wait('s2')
    await settle()
    await fixture.send({ type: 'assign_helpers', blocker, swarms: ['s2'] })
    await settle()
    expect(offers).toEqual(['s2: help t1'])
    await fixture.send({ type: 'resolve_blocker', blocker })
    await settle()
    expect(offers).toEqual(['s2: help t1', 's1: resume t1'])
  })

  test('hears of it when its swarm comes to qualify', async () => {
    await fixture.send({ type: 'create_task', task: makeTask('t1', { requires: ['code:ts'] }) })
    void wait('s1')
    await settle()
    await fixture.send(makeRegistration('s1', { capabilities: ['code:ts'] }))
    await settle()
    expect(offers).toEqual(['s1: primary t1'])
  })

  test('ends with nothing when the time is over, and leaves no timer', async () => {
    const before = fixture.timing.pending
    void wait('s1')
    await settle()
    fixture.timing.advance(MINUTE_MS - 1)
    await settle()
    expect([offers, fixture.timing.pending]).toEqual([[], before + 1])
    fixture.timing.advance(1)
    await settle()
    expect([offers, fixture.timing.pending]).toEqual([['s1: none'], before])
    expect((await fixture.fabric.status()).waitingSwarms).toBe(0)
  })

  test('ends with an error when the caller is gone, the swarm unknown, or the fabric closes', async () => {
    const gone = new AbortController()
    void wait('s1', gone.signal)
    void wait('s2')
    void wait('nobody')
    await settle()
    gone.abort()
    await settle()
    expect(offers).toEqual(['nobody: NOT_FOUND', 's1: UNAVAILABLE'])
    await fixture.fabric.close()
    await settle()
    expect(offers.at(-1)).toBe('s2: UNAVAILABLE')
    expect(fixture.timing.pending).toBe(0)
  })

  test('goes on after a recovery', async () => {
    void wait('s1')
    await settle()
    fixture.journal.failNextAppend()
    await fixture.create('t1').catch(() => undefined)
    await settle()
    expect(offers).toEqual([])
    fixture.journal.loseNextAcknowledgement()
    await fixture.create('t2')
    await settle()
    expect(offers).toEqual(['s1: primary t2'])
  })
})

describe('waiting for mail', () => {
  const inbox = (swarm: string, after = -1) => fixture.fabric.inbox(swarm, after, 10, MINUTE_MS)

  test('ends when a message comes, at once when one is there, and not for what was seen', async () => {
    const waiting = inbox('s1')
    await settle()
    const { index } = await fixture.send({ type: 'send_message', to: 's1', text: 'one' })
    expect((await waiting).messages.map(({ text }) => text)).toEqual(['one'])
    expect((await inbox('s1')).messages).toHaveLength(1)
    const next = inbox('s1', index)
    await fixture.send({ type: 'send_message', to: 's2', text: 'not for s1' })
    await fixture.send({ type: 'send_message', to: 's1', text: 'two' })
    expect(await next).toMatchObject({ messages: [{ text: 'two' }], unread: 2 })
  })

  test('ends empty when the time is over', async () => {
    const waiting = inbox('s1')
    await settle()
    fixture.timing.advance(MINUTE_MS)
    expect((await waiting).messages).toEqual([])
  })

  test('is refused at once for an unknown swarm', async () => {
    await expect(inbox('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('shows at most as many as asked for', async () => {
    for (const text of ['a', 'b', 'c']) await fixture.send({ type: 'send_message', to: 's1', text })
    const page = await fixture.fabric.inbox('s1', -1, 2, 0)
    expect([page.messages.map(({ text }) => text), page.unread]).toEqual([['a', 'b'], 3])
  })
})

test('an aborted wait is refused before it asks for anything', async () => {
  await fixture.create('t1')
  const { fabric } = fixture
  const asked = fabric.next(
    { type: 'offer_next', swarm: 's1', claim: true },
    { actor: ADMIN_ACTOR },
    MINUTE_MS,
    AbortSignal.abort(),
  )
  await expect(asked).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await fabric.read((state) => state.counts.claimed)).toBe(0)
})
