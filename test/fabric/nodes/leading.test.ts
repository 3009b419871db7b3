import { describe, expect, test } from 'vitest'
import { ADMIN_ACTOR } from '../../../src/model/entry.js'
import { MINUTE_MS } from '../../../src/model/time.js'
import { makeRegistration, makeTask } from '../../../src/testing/factories.js'
import { TestNodes } from '../../../src/testing/test-nodes.js'
import { codeOf } from '../fixture.js'

const ADMIN = { actor: ADMIN_ACTOR }
const create = (id: string) => ({ type: 'create_task', task: makeTask(id) }) as const

/** Type and actor of each entry of the log. */
async function typesOf(all: TestNodes): Promise<string[]> {
  const entries = await all.log.entries()
  return entries.map((bytes) => JSON.parse(Buffer.from(bytes).toString()).type.split('.')[2])
}

describe('one of several nodes leads', () => {
  test('and decides what comes in at any of them', async () => {
    await using all = await TestNodes.open()
    expect(all.leader.id).toBe('n1')
    await all.send('n2', create('t1'))
    expect(await all.node('n2').fabric.read((state) => state.tasks.get('t1')?.state)).toBe('available')
    await all.send('n3', makeRegistration('s1'))
    const grant = await all.send('n2', { type: 'claim_task', task: 't1', swarm: 's1' })
    expect(await all.send('n3', { type: 'claim_task', task: 't1', swarm: 's1' })).toMatchObject({ epoch: grant.epoch })
    expect(all.faults).toEqual([])
  })

  test('and its refusals come back as they were given', async () => {
    await using all = await TestNodes.open()
    await all.send('n2', create('t1'))
    await all.send('n1', makeRegistration('s1'))
    await all.send('n1', makeRegistration('s2'))
    await all.send('n1', { type: 'claim_task', task: 't1', swarm: 's1' })
    await expect(all.send('n3', { type: 'claim_task', task: 't1', swarm: 's2' })).rejects.toMatchObject({
      ...{ code: 'ALREADY_CLAIMED', details: { holder: 's1' } },
    })
  })

  test('and the log says which one, and in which term', async () => {
    await using all = await TestNodes.open({ count: 2 })
    await all.node('n1').kill()
    await all.advance(3_000)
    const started = (await all.log.entries())
      .map((bytes) => JSON.parse(Buffer.from(bytes).toString()))
      .filter(({ type }) => type.endsWith('fabric_started.v1'))
    expect(started.map(({ data }) => data)).toEqual([
      { version: 'test', node: 'n1', term: 1 },
      { version: 'test', node: 'n2', term: 2 },
    ])
  })
})

describe('when the leader dies', () => {
  test('another takes over within three seconds, and callers wait for it', async () => {
    await using all = await TestNodes.open()
    await all.node('n1').kill()
    const begun = all.timing.elapsed()
    await all.send('n2', create('t1'))
    // The node was cut off a second before, which is how long it took to be gone.
    expect(all.timing.elapsed() - begun).toBeLessThan(3_000)
    expect(['n2', 'n3']).toContain(all.leader.id)
    expect(all.node('n3').fabric.nodes?.status()).toMatchObject({ leader: all.leader.id, term: 2 })
  })

  test('what it acknowledged is there, and what it held has a full lease', async () => {
    await using all = await TestNodes.open()
    await all.send('n1', create('t1'))
    await all.send('n1', makeRegistration('s1'))
    const { epoch, leaseEndsAt } = await all.send('n1', { type: 'claim_task', task: 't1', swarm: 's1' })
    const lease = leaseEndsAt - all.timing.now()
    await all.advance(lease - 10 * MINUTE_MS)
    await all.send('n1', { type: 'heartbeat', task: 't1', epoch })
    await all.node('n1').kill()
    await all.advance(3_000)
    // The heartbeat was in the memory of the one that died.
    await all.advance(15 * MINUTE_MS)
    expect(await all.send('n2', { type: 'heartbeat', task: 't1', epoch })).toMatchObject({ task: 't1', epoch })
    expect(await typesOf(all)).not.toContain('task_lease_expired')
  }, 30_000)

  test('the others take the lead one after the other, to the last', async () => {
    await using all = await TestNodes.open()
    for (const id of ['n1', 'n2']) {
      await all.send('n3', create(`before-${id}`))
      await all.leader.kill()
    }
    await all.send('n3', create('after'))
    expect(all.leader.id).toBe(all.nodes[0]?.id)
    expect(await all.leader.fabric.read((state) => [...state.tasks.keys()])).toEqual([
      'before-n1',
      'before-n2',
      'after',
    ])
  })
})

describe('a leader that another one replaced', () => {
  test('finds that out before it decides anything, follows, and has the command done by the other', async () => {
    await using all = await TestNodes.open()
    all.node('n1').pause()
    await all.advance(3_000)
    await all.send('n2', create('t1'))
    all.node('n1').resume()
    await all.send('n1', create('t2'))
    await all.advance(1_000)
    expect(all.nodes.filter(({ fabric }) => fabric.nodes?.leads)).toHaveLength(1)
    expect(all.leader.id).not.toBe('n1')
    const tasks = await all.during(all.node('n1').fabric.read((state) => [...state.tasks.keys()]))
    expect(tasks).toEqual(['t1', 't2'])
  })

  test('loses what it had decided and not written, and its callers hear an error that they can retry, or the answer', async () => {
    await using all = await TestNodes.open()
    await all.send('n1', makeRegistration('s1'))
    await all.send('n1', makeRegistration('s2'))
    await all.send('n1', create('t1'))
    const gate = all.node('n1').journal.holdNextAppend()
    const late = all.node('n1').fabric.submit({ type: 'claim_task', task: 't1', swarm: 's1' }, ADMIN)
    const outcome = late.then(
      () => 'granted',
      (error) => error.code,
    )
    await gate.reached
    all.node('n1').pause()
    await all.advance(3_000)
    const { epoch } = await all.send('n2', { type: 'claim_task', task: 't1', swarm: 's2' })
    all.node('n1').resume()
    gate.release()
    expect(await all.during(outcome)).toBe('ALREADY_CLAIMED')
    await all.advance(1_000)
    for (const { fabric } of all.nodes) {
      expect(await fabric.read((state) => state.tasks.get('t1')?.claim)).toMatchObject({ swarm: 's2', epoch })
    }
  })

  test('answers nothing from a state that is too old, when it was asleep', async () => {
    await using all = await TestNodes.open()
    all.node('n1').pause()
    await all.advance(6_000)
    const read = codeOf(all.node('n1').fabric.read((state) => state.tasks.size))
    expect(await all.during(read)).toBe('UNAVAILABLE')
    all.node('n1').resume()
    await all.advance(1_000)
    expect(await all.node('n1').fabric.read((state) => state.tasks.size)).toBe(0)
  })
})

describe('a leader that does not answer', () => {
  test('is given up when another one leads, and what has a key is asked of that one', async () => {
    await using all = await TestNodes.open()
    all.node('n1').pause()
    const keyed = all.node('n2').fabric.submit(create('t1'), { ...ADMIN, idempotencyKey: 'key-1' })
    const plain = codeOf(all.node('n3').fabric.submit(create('t2'), ADMIN))
    const begun = all.timing.elapsed()
    expect(await all.during(keyed)).toMatchObject({ id: 't1' })
    expect(await all.during(plain)).toBe('UNAVAILABLE')
    expect(all.timing.elapsed() - begun).toBeLessThan(3_000)
  })
})

describe('an append of which nobody knows what became', () => {
  test.each(['written', 'lost'] as const)('is looked up in the journal: %s', async (fate) => {
    await using all = await TestNodes.open()
    const { journal } = all.node('n1')
    if (fate === 'written') journal.loseNextAcknowledgement()
    else journal.loseNextAppend()
    const answer = await codeOf(all.send('n1', create('t1')))
    expect(answer).toBe(fate === 'written' ? 'accepted' : 'AMBIGUOUS')
    await all.advance(3_000)
    expect(await all.send('n2', create('t2'))).toMatchObject({ id: 't2' })
    const known = await all.leader.fabric.read((state) => state.tasks.has('t1'))
    expect(known).toBe(fate === 'written')
  })

  test('is sent again to whoever leads then, where it has a key', async () => {
    await using all = await TestNodes.open()
    all.node('n1').journal.loseNextAcknowledgement()
    all.links.loseNextAnswer()
    await all.send('n2', create('t1'), 'key-1')
    const created = (await typesOf(all)).filter((type) => type === 'task_created')
    expect(created).toHaveLength(1)
  })

  test('is not sent again where it has none', async () => {
    await using all = await TestNodes.open()
    all.links.loseNextAnswer()
    await expect(all.send('n2', create('t1'))).rejects.toMatchObject({
      ...{ code: 'UNAVAILABLE', retryable: true, details: { reason: 'no_answer' } },
    })
  })
})

describe('a leader that closes', () => {
  test('hands over at once, and nobody is refused', async () => {
    await using all = await TestNodes.open()
    const sent = Array.from({ length: 20 }, (_, n) => all.node('n2').fabric.submit(create(`t${n}`), ADMIN))
    const closing = all.node('n1').fabric.close()
    const begun = all.timing.elapsed()
    await all.during(Promise.all(sent))
    await all.during(closing)
    all.nodes.shift()
    await all.send('n2', create('last'))
    expect(all.timing.elapsed() - begun).toBeLessThan(1_000)
    expect(await all.leader.fabric.read((state) => state.tasks.size)).toBe(21)
  })
})

describe('when nobody can lead', () => {
  test('commands end with an error that can be retried, and reads go on for a while', async () => {
    await using all = await TestNodes.open()
    for (const node of all.nodes) node.partition('journal')
    await all.advance(2_500)
    expect(await all.node('n2').fabric.read((state) => state.tasks.size)).toBe(0)
    await expect(all.send('n2', create('t1'))).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    for (const node of all.nodes) node.heal()
    await all.send('n2', create('t1'))
    expect(all.leader.id).toBeDefined()
  })
})
