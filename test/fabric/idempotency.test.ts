import { describe, expect, test } from 'vitest'
import { Receipts } from '../../src/fabric/receipts.js'
import { swarmActor } from '../../src/model/entry.js'
import { makeTask } from '../../src/testing/factories.js'
import { codeOf, logOf, openFixture } from './fixture.js'

const create = (id: string, title = 'a task') => ({ type: 'create_task', task: makeTask(id, { title }) }) as const
const message = { type: 'send_message', to: 'orchestrator', text: 'hello' } as const

describe('an idempotency key', () => {
  test('gives the same command the same answer, once done, also in one batch', async () => {
    await using fixture = await openFixture()
    const [first, twin] = await Promise.all([fixture.send(message, 'k'), fixture.send(message, 'k')])
    expect(twin).toEqual(first)
    expect(await fixture.send(message, 'k')).toEqual(first)
    expect((await logOf(fixture)).filter((entry) => entry.startsWith('message_sent'))).toHaveLength(1)
    expect(await fixture.send(message, 'other')).not.toEqual(first)
  })

  test('of a command that changes nothing leaves nothing: an idle poll must not write', async () => {
    await using fixture = await openFixture()
    await fixture.register('s1')
    const before = (await logOf(fixture)).length
    expect(await fixture.send({ type: 'offer_next', swarm: 's1', claim: true }, 'k')).toEqual({ kind: 'none' })
    expect(await logOf(fixture)).toHaveLength(before)
    await fixture.create('t1')
    const taken = await fixture.send({ type: 'offer_next', swarm: 's1', claim: true }, 'k')
    expect(await fixture.send({ type: 'offer_next', swarm: 's1', claim: true }, 'k')).toEqual(taken)
  })

  test('is remembered through a restart, with and without a snapshot', async () => {
    const fixture = await openFixture()
    const first = await fixture.send(message, 'k')
    await fixture.journal.close()
    const crashed = await openFixture({ journal: fixture.journal })
    expect(await crashed.send(message, 'k')).toEqual(first)
    await crashed.fabric.close()
    await using closed = await openFixture({ journal: fixture.journal })
    expect(await closed.send(message, 'k')).toEqual(first)
  })

  test('used for another command is a CONFLICT, also in one batch', async () => {
    await using fixture = await openFixture()
    const answers = [fixture.send(create('t1'), 'k'), fixture.send(create('t1', 'other'), 'k')]
    expect(await Promise.all(answers.map(codeOf))).toEqual(['accepted', 'CONFLICT'])
    expect(await codeOf(fixture.send(create('t2'), 'k'))).toBe('CONFLICT')
  })

  test('belongs to its actor', async () => {
    await using fixture = await openFixture()
    const by = (actor: string) => fixture.fabric.submit(message, { actor, idempotencyKey: 'k' })
    const [one, two] = [await by('admin'), await by(swarmActor('s1'))]
    expect(two.index).not.toBe(one.index)
    expect(await by(swarmActor('s1'))).toEqual(two)
  })

  test('of a refused command is free again', async () => {
    await using fixture = await openFixture()
    const claim = { type: 'claim_task', task: 't1', swarm: 's1' } as const
    expect(await codeOf(fixture.send(claim, 'k'))).toBe('NOT_FOUND')
    await fixture.register('s1')
    await fixture.create('t1')
    expect(await fixture.send(claim, 'k')).toMatchObject({ task: 't1' })
  })

  test('of a batch that failed does it once when it is sent again', async () => {
    await using fixture = await openFixture()
    fixture.journal.failNextAppend()
    expect(await codeOf(fixture.send(message, 'k'))).toBe('STORAGE_FAILED')
    const done = await fixture.send(message, 'k')
    expect(await fixture.send(message, 'k')).toEqual(done)
  })

  test('of an answer too large to keep says that it was done', async () => {
    await using fixture = await openFixture()
    const tasks = Array.from({ length: 1_500 }, (_, n) => ({ spec: makeTask(`task-${n}`, { board: 'b' }) }))
    const board = { type: 'import_board', board: 'b', tasks, dryRun: false } as const
    expect((await fixture.send(board, 'k')).changes).toHaveLength(1_500)
    await expect(fixture.send(board, 'k')).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { index: expect.any(Number) },
    })
  })
})

test('the newest keys are remembered, in the order of the log', () => {
  const receipts = new Receipts(2)
  for (const [index, key] of ['a', 'b', 'a', 'c'].entries()) receipts.put({ key, digest: '', index })
  expect([...receipts.rows()].map(({ key, index }) => `${key}${index}`)).toEqual(['a2', 'c3'])
  expect(receipts.get('b')).toBeUndefined()
})
