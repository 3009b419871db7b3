import { describe, expect, test } from 'vitest'
import { MemoryJournal } from '../../src/journal/memory/memory-journal.js'
import { ADMIN_ACTOR } from '../../src/model/entry.js'
import { FabricError } from '../../src/model/errors.js'
import { LIMITS } from '../../src/model/limits.js'
import { MINUTE_MS } from '../../src/model/time.js'
import { makeTask } from '../../src/testing/factories.js'
import { openTestFabric } from '../../src/testing/test-fabric.js'
import { codeOf, logOf, openFixture, settle } from './fixture.js'

describe('group commit', () => {
  test('commands that arrive during an append are decided in order and written by the next one', async () => {
    await using fixture = await openFixture()
    await fixture.register('s1', 's2')
    const { size: before } = await fixture.journal.head()
    const gate = fixture.journal.holdNextAppend()
    const first = fixture.create('t0')
    await gate.reached
    const others = fixture.create(...Array.from({ length: 500 }, (_, n) => `t${n + 1}`))
    const claims = [fixture.claim('t0', 's1'), fixture.claim('t0', 's2')] as const
    // The next append after the held one fails: were there more than one, some would get through.
    fixture.journal.failNextAppend()
    gate.release()
    await first
    await expect(others).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await Promise.all(claims.map(codeOf))).toEqual(['STORAGE_FAILED', 'STORAGE_FAILED'])
    expect(await logOf(fixture, before)).toEqual(['task_created t0'])
  })

  test('of commands in one batch each sees what the ones before it did', async () => {
    await using fixture = await openFixture()
    const answers = await Promise.allSettled([
      fixture.register('s1', 's2'),
      fixture.create('t1'),
      fixture.claim('t1', 's1'),
      fixture.claim('t1', 's2'),
      fixture.claim('t1', 's1'),
    ])
    expect(answers.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(answers[3]).toMatchObject({ reason: { code: 'ALREADY_CLAIMED', details: { holder: 's1' } } })
    expect(answers[4]).toMatchObject({ value: { reclaimed: true } })
  })
})

describe('before it is durable', () => {
  test('no reply, no refusal, no read and no push shows a change', async () => {
    await using fixture = await openFixture()
    const { fabric, journal } = fixture
    await fixture.register('s1', 's2', 'waiting')
    await fixture.create('t1')
    const heard: string[] = []
    const hear = (what: string) => () => void heard.push(what)
    const ending = new AbortController()
    const following = (async () => {
      for await (const batch of fabric.follow(ending.signal)) heard.push(...batch.map(({ type }) => `push ${type}`))
    })()
    const mail = fabric.inbox('s1', -1, 10, MINUTE_MS).then(hear('mail'))
    await settle()

    const gate = journal.holdNextAppend()
    const grant = fixture.claim('t1', 's1').then(hear('reply'))
    const refusal = fixture.claim('t1', 's2').catch(hear('refusal'))
    const message = fixture.send({ type: 'send_message', to: 's1', text: 'hello' })
    await gate.reached
    const read = fabric.read((state) => heard.push(`read ${state.tasks.get('t1')?.state}`))
    const status = fabric.status().then(({ tasks }) => heard.push(`status ${tasks.claimed}`))
    await settle()
    expect(heard).toEqual([])

    gate.release()
    await Promise.all([grant, refusal, message, read, status, mail])
    await settle()
    ending.abort()
    await following
    expect(heard.sort()).toEqual([
      'mail',
      'push message_sent',
      'push task_claimed',
      'read claimed',
      'refusal',
      'reply',
      'status 1',
    ])
  })

  test('a refusal that rests on a claim of the same batch is not a refusal when the batch fails', async () => {
    await using fixture = await openFixture()
    await fixture.register('s1', 's2')
    await fixture.create('t1')
    fixture.journal.failNextAppend()
    const codes = await Promise.all([fixture.claim('t1', 's1'), fixture.claim('t1', 's2')].map(codeOf))
    expect(codes).toEqual(['STORAGE_FAILED', 'STORAGE_FAILED'])
    expect(await fixture.claim('t1', 's2')).toMatchObject({ swarm: 's2', reclaimed: false })
  })
})

test('a command on which the program itself fails is refused alone; the others of its batch are done', async () => {
  await using fixture = await openFixture()
  const broken = makeTask('broken')
  Object.assign(broken, { dependencies: { includes: () => false, filter: 'not a function' } })
  const answers = [
    fixture.create('before'),
    fixture.send({ type: 'create_task', task: broken }),
    fixture.create('after'),
  ]
  expect(await Promise.all(answers.map(codeOf))).toEqual(['accepted', 'INTERNAL', 'accepted'])
  expect((await logOf(fixture)).slice(2)).toEqual(['task_created before', 'task_created after'])
  expect((await fixture.fabric.status()).state).toBe('running')
})

test('a command whose receipt does not fit is refused alone and undone', async () => {
  await using fixture = await openFixture()
  const create = { type: 'create_task', task: makeTask('huge') } as const
  const answers = [
    fixture.create('before'),
    fixture.send(create, 'k'.repeat(LIMITS.entryBytes)),
    fixture.create('after'),
  ]
  expect(await Promise.all(answers.map(codeOf))).toEqual(['accepted', 'INVALID_ARGUMENT', 'accepted'])
  expect(await fixture.fabric.read((state) => [...state.tasks.keys()])).toEqual(['before', 'after'])
  expect((await logOf(fixture)).slice(2)).toEqual(['task_created before', 'task_created after'])
})

test('a command that does not fit into an entry is refused and leaves nothing behind', async () => {
  await using fixture = await openFixture()
  await fixture.register('s1')
  const text = 'x'.repeat(LIMITS.entryBytes)
  expect(await codeOf(fixture.send({ type: 'send_message', to: 's1', text }))).toBe('INVALID_ARGUMENT')
  expect(await fixture.fabric.inbox('s1', -1, 10, 0)).toMatchObject({ messages: [], unread: 0 })
})

test('a full queue refuses more, and takes commands again when it is empty', async () => {
  await using fixture = await openFixture()
  const { fabric } = fixture
  const gate = fixture.journal.holdNextAppend()
  const first = fixture.create('t0')
  await gate.reached
  const beat = { type: 'heartbeat', task: 't0', epoch: 0 } as const
  const queued = Array.from({ length: LIMITS.queuedCommands }, () =>
    codeOf(fabric.submit(beat, { actor: ADMIN_ACTOR })),
  )
  await expect(fixture.create('t1')).rejects.toMatchObject({ code: 'RATE_LIMITED', retryable: true })
  gate.release()
  await first
  expect(new Set(await Promise.all(queued))).toEqual(new Set(['STALE_CLAIM']))
  await fixture.create('t1')
})

describe('closing', () => {
  test('settles what is queued, refuses what comes later, and can be done twice', async () => {
    const fixture = await openFixture()
    const gate = fixture.journal.holdNextAppend()
    const first = fixture.create('t1')
    await gate.reached
    const second = fixture.create('t2')
    let closed = 0
    const closing = [fixture.fabric.close(), fixture.fabric.close()].map((close) => close.then(() => (closed += 1)))
    await settle()
    expect([closed, fixture.journal.health().state]).toEqual([0, 'open'])
    gate.release()
    await Promise.all([first, second])
    const late = fixture.fabric.close().then(() => fixture.journal.health().state)
    expect(await late).toBe('closed')
    await Promise.all(closing)
    expect(await codeOf(fixture.create('t3'))).toBe('UNAVAILABLE')
    expect(await codeOf(fixture.fabric.read(() => 0))).toBe('UNAVAILABLE')
    await fixture.journal.open()
    expect((await logOf(fixture)).slice(2)).toEqual(['task_created t1', 'task_created t2'])
  })

  test('writes down how far inboxes were read', async () => {
    const fixture = await openFixture()
    await fixture.register('s1')
    const { index } = await fixture.send({ type: 'send_message', to: 's1', text: 'hello' })
    await fixture.send({ type: 'acknowledge_inbox', swarm: 's1', upTo: index })
    await fixture.fabric.close()
    await using again = await openFixture({ journal: fixture.journal })
    expect(await again.fabric.inbox('s1', -1, 10, 0)).toMatchObject({ messages: [], acknowledged: index })
  })
})

test('a second fabric on the same open journal is refused and leaves the first one alone', async () => {
  await using fixture = await openFixture()
  class BusyJournal extends MemoryJournal {
    override async open(): Promise<never> {
      throw new FabricError('UNAVAILABLE', 'The journal is open already.')
    }
    override close(): Promise<void> {
      return fixture.journal.close()
    }
  }
  await expect(openTestFabric({ journal: new BusyJournal() })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await fixture.create('t1')
})

test('a command that would write more than fits is refused alone', async () => {
  await using fixture = await openFixture()
  await fixture.create('root')
  for (let part = 0; part < 3; part += 1) {
    const ids = Array.from({ length: 1_000 }, (_, index) => `t${part}-${index}`)
    const tasks = ids.map((id) => ({ spec: makeTask(id, { dependencies: ['root'] }) }))
    await fixture.send({ type: 'import_board', board: `b${part}`, tasks, dryRun: false })
  }
  const reason = '\u0001'.repeat(2_000)
  const cascade = fixture.send({ type: 'cancel_task', task: 'root', cascade: true, reason })
  const other = fixture.create('other')
  await expect(cascade).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await other
  expect((await fixture.fabric.status()).tasks.cancelled).toBe(0)
})
