import { afterEach, describe, expect, test, vi } from 'vitest'
import { type ServedFabric, serveFabric, until } from '../../support/served-fabric.js'
import { agentOf } from './agent.js'

const ERAS = ['2026-07-28', '2025-06-18'] as const

/** Resolves when somebody, or nobody, waits. */
function waiting({ fabric }: ServedFabric, count: number): Promise<void> {
  return until(async () => (await fabric.status()).waitingSwarms === count)
}

afterEach(() => {
  vi.useRealTimers()
})

describe.each(ERAS)('wait_for_work by %s', (revision) => {
  test('is woken by a task that is created meanwhile, and has it claimed', async () => {
    await using served = await serveFabric()
    await using agent = await agentOf(served, 'alice', { revision })
    const wait = agent.done('wait_for_work')
    await waiting(served, 1)
    await served.client.task.create({ id: 'A', title: 'Fresh' })
    const work = await wait
    expect(work).toMatchObject({ kind: 'primary', task: { id: 'A', holder: 'alice' }, messages: [], stops: [] })
    expect(work.epoch).toBe((await served.client.task.show({ task: 'A' })).task.claim?.epoch)
  })

  test('is woken by a message, which comes again until it is acknowledged', async () => {
    await using served = await serveFabric()
    await using agent = await agentOf(served, 'alice', { revision })
    const wait = agent.done('wait_for_work')
    await waiting(served, 1)
    await served.client.swarm.send({ to: 'alice', text: 'Look at the parser.' })
    const first = await wait
    expect(first).toMatchObject({
      kind: 'none',
      unread: 1,
      messages: [{ kind: 'direct', text: 'Look at the parser.' }],
    })
    expect(await agent.done('wait_for_work')).toEqual(first)
    const { acknowledge } = first
    const after = await agent.done('wait_for_work', { acknowledge, waitSeconds: 0 })
    expect(after).toMatchObject({ messages: [], unread: 0 })
    expect(after).not.toHaveProperty('acknowledge')
  })

  test('answers that there is nothing when the time is over', async () => {
    await using served = await serveFabric()
    await using agent = await agentOf(served, 'alice', { revision })
    const wait = agent.done('wait_for_work', { waitSeconds: 240 })
    await waiting(served, 1)
    served.timing.advance(240_000)
    expect(await wait).toMatchObject({ kind: 'none', messages: [], stops: [] })
  })

  test('shows progress at least every ten seconds to a client that asks for it', async () => {
    await using served = await serveFabric()
    await using agent = await agentOf(served, 'alice', { revision })
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const seen: number[] = []
    const wait = agent.done('wait_for_work', {}, { onprogress: ({ progress }) => seen.push(progress) })
    await waiting(served, 1)
    for (const count of [1, 2, 3]) {
      vi.advanceTimersByTime(10_000)
      await until(() => seen.length >= count)
    }
    await served.client.task.create({ id: 'A', title: 'Fresh' })
    expect(await wait).toMatchObject({ kind: 'primary' })
    expect(seen).toEqual([8, 16, 24])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('ends when the client takes the call back', async () => {
    await using served = await serveFabric()
    await using agent = await agentOf(served, 'alice', { revision })
    const ending = new AbortController()
    const wait = agent.call('wait_for_work', {}, { signal: ending.signal })
    await waiting(served, 1)
    ending.abort()
    await expect(wait).rejects.toThrow()
    await waiting(served, 0)
    await served.client.task.create({ id: 'A', title: 'Nobody took it' })
    expect((await served.client.task.show({ task: 'A' })).task.state).toBe('available')
  })

  test('ends when the client vanishes', async () => {
    await using served = await serveFabric()
    const agent = await agentOf(served, 'alice', { revision })
    const wait = agent.call('wait_for_work').catch(() => 'gone')
    await waiting(served, 1)
    await agent.client.close()
    await waiting(served, 0)
    expect(await wait).toBe('gone')
    await served.client.task.create({ id: 'A', title: 'Nobody took it' })
    expect((await served.client.task.show({ task: 'A' })).task.state).toBe('available')
  })

  test('says so when the server shuts down', async () => {
    await using served = await serveFabric()
    await using agent = await agentOf(served, 'alice', { revision })
    const wait = agent.refused('wait_for_work')
    await waiting(served, 1)
    await Promise.all([
      served.server.close(),
      expect(wait).resolves.toMatchObject({
        code: 'UNAVAILABLE',
        retryable: true,
        hint: expect.stringContaining('again'),
      }),
    ])
  })
})

test('a claim that is lost stops the work on it', async () => {
  await using served = await serveFabric()
  await using agent = await agentOf(served, 'alice')
  await served.client.task.create({ id: 'A', title: 'To be cancelled' })
  const { epoch } = await agent.done('next_task')
  await served.client.task.cancel({ task: 'A', reason: 'superseded' })
  const told = await agent.done('wait_for_work')
  expect(told.stops).toEqual([{ task: 'A', reason: expect.stringContaining('A') }])
  expect(await agent.refused('heartbeat', { task: 'A', epoch })).toMatchObject({
    code: 'STALE_CLAIM',
    hint: expect.stringContaining('Stop'),
  })
})

test('one task wakes one of several agents that wait', async () => {
  await using served = await serveFabric()
  await using alice = await agentOf(served, 'alice')
  await using bob = await agentOf(served, 'bob')
  const waits = [alice.done('wait_for_work'), bob.done('wait_for_work')]
  await waiting(served, 2)
  await served.client.task.create({ id: 'A', title: 'One' })
  expect(await Promise.race(waits)).toMatchObject({ kind: 'primary', task: { id: 'A' } })
  await waiting(served, 1)
  await served.client.task.create({ id: 'B', title: 'Two' })
  const taken = await Promise.all(waits)
  expect(taken.map(({ task }) => (task as { id: string }).id).sort()).toEqual(['A', 'B'])
})

test('a wait ends with the token of its caller, and takes no work for it', async () => {
  await using served = await serveFabric()
  await using agent = await agentOf(served, 'alice')
  const wait = agent.refused('wait_for_work')
  await waiting(served, 1)
  const [token] = (await served.client.token.list()).items
  await served.client.token.revoke({ id: String(token?.id) })
  expect(await wait).toMatchObject({ code: 'UNAUTHENTICATED', retryable: false })
  await waiting(served, 0)
  await served.client.task.create({ id: 'A', title: 'Nobody took it' })
  expect((await served.client.task.show({ task: 'A' })).task.state).toBe('available')
})
