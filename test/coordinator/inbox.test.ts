import { beforeEach, describe, expect, test } from 'vitest'
import { FABRIC_ACTOR } from '../../src/model/entry.js'
import { LIMITS } from '../../src/model/limits.js'
import { ORCHESTRATOR } from '../../src/model/swarm.js'
import { SECOND_MS } from '../../src/model/time.js'
import { World } from './world.js'

let world: World

beforeEach(() => {
  world = new World()
  world.register('s1')
  world.register('s2')
})

const send = (to: string, text: string, actor = 'swarm:s2') => world.send({ type: 'send_message', to, text }, actor)
const acknowledge = (swarm: string, upTo: number) => world.send({ type: 'acknowledge_inbox', swarm, upTo })
const texts = (reader: string) => world.mail(reader).map(({ text }) => text)

describe('an inbox', () => {
  test('keeps messages in order with their sender, until they are acknowledged', () => {
    const first = send('s1', 'review, please')
    expect(first).toEqual({ index: 2, kind: 'direct', from: 'swarm:s2', at: world.now, text: 'review, please' })
    world.send({ type: 'send_message', to: 's1', text: 'and this', task: 'x' }, 'admin')
    expect(world.mail('s1')).toMatchObject([first, { text: 'and this', from: 'admin', task: 'x' }])
    expect(acknowledge('s1', first.index)).toEqual({ swarm: 's1', acknowledged: first.index, unread: 1 })
    expect(texts('s1')).toEqual(['and this'])
  })

  test('never has what its reader did itself', () => {
    world.create('t1')
    const epoch = world.claim('t1', 's1')
    world.send({ type: 'cancel_task', task: 't1', cascade: false }, 'swarm:s1')
    expect([epoch > 0, texts('s1')]).toEqual([true, []])
    expect(world.refused({ type: 'send_message', to: 's1', text: 'me' }, 'swarm:s1').code).toBe('INVALID_ARGUMENT')
  })

  test('of the orchestrator is there from the start; of an unknown swarm there is none', () => {
    send(ORCHESTRATOR, 'stuck')
    expect(texts(ORCHESTRATOR)).toEqual(['stuck'])
    expect(world.refused({ type: 'send_message', to: 'nobody', text: 'x' }).code).toBe('NOT_FOUND')
    expect(world.refused({ type: 'acknowledge_inbox', swarm: 'nobody', upTo: 0 }).code).toBe('NOT_FOUND')
  })

  test('refuses a direct message when it is full, and drops its oldest for news of the fabric', () => {
    const limit = LIMITS.inboxMessages
    for (let sent = 0; sent < limit; sent += 1) send('s1', String(sent))
    expect(world.refused({ type: 'send_message', to: 's1', text: 'x' }).code).toBe('RATE_LIMITED')
    world.create('t1')
    world.claim('t1', 's1')
    world.send({ type: 'release_task', task: 't1' })
    expect(world.mail('s1')).toHaveLength(limit)
    expect(world.mail('s1').at(0)).toMatchObject({ text: '1' })
    expect(world.mail('s1').at(-1)).toMatchObject({ kind: 'claim_lost' })
    expect(world.state.inbox('s1').dropped).toBe(1)
  })
})

describe('a read cursor', () => {
  test('counts at once, is written down with others after a while, and never goes back', () => {
    const [a, b] = [send('s1', 'a'), send('s1', 'b')]
    const c = send('s2', 'c', 'swarm:s1')
    expect(world.written(() => acknowledge('s1', a.index))).toEqual([])
    acknowledge('s1', b.index)
    acknowledge('s1', a.index)
    acknowledge('s2', c.index)
    expect([texts('s1'), texts('s2')]).toEqual([[], []])
    expect(world.written(() => world.pass(4 * SECOND_MS))).toEqual([])
    expect(world.written(() => world.pass(SECOND_MS))).toEqual(['inboxes_acknowledged inboxes'])
    expect(world.log.at(-1)?.data).toEqual({ cursors: { s1: b.index, s2: c.index } })
    expect(world.state.inboxes.get('s1')).toMatchObject({ messages: [], acknowledged: b.index })
    expect(world.written(() => world.pass(60 * SECOND_MS))).toEqual([])
  })

  test('that was not written down yet is lost with a restart: the messages come again', () => {
    const [a, b] = [send('s1', 'a'), send('s1', 'b')]
    acknowledge('s1', a.index)
    world.pass(5 * SECOND_MS)
    acknowledge('s1', b.index)
    expect(texts('s1')).toEqual([])
    world.restart()
    expect(texts('s1')).toEqual(['b'])
  })

  test('cannot point behind the end of the log', () => {
    expect(world.refused({ type: 'acknowledge_inbox', swarm: 's1', upTo: world.log.length }).code).toBe(
      'INVALID_ARGUMENT',
    )
  })

  test('fits into entries however many readers there are', () => {
    const readers = Array.from({ length: 3_000 }, (_, position) => `${'s'.repeat(100)}${position}`)
    for (const reader of readers) {
      world.register(reader)
      acknowledge(reader, world.log.length - 1)
    }
    world.send({ type: 'tick', flush: true }, FABRIC_ACTOR)
    const written = world.log.filter(({ type }) => type === 'inboxes_acknowledged')
    for (const entry of written) expect(JSON.stringify(entry).length).toBeLessThan(LIMITS.entryBytes)
    world.restart()
    expect(readers.filter((reader) => world.state.inbox(reader).acknowledged < 0)).toEqual([])
  })
})
