import { afterEach, describe, expect, test, vi } from 'vitest'
import { type ServedFabric, serveFabric, TOKEN, until } from '../support/served-fabric.js'
import { enlist, WorkerSocket } from '../support/worker-socket.js'

async function subscribed(served: ServedFabric, swarm: string, input: object = {}): Promise<WorkerSocket> {
  const worker = await WorkerSocket.open(served.server.url, await enlist(served, swarm))
  await worker.call('subscribe', input)
  return worker
}

const texts = (pushes: readonly object[]) => pushes.map((push) => (push as { message: { text: string } }).message.text)

describe('messages', () => {
  test('come as they are sent, to those they are for', async () => {
    await using served = await serveFabric()
    await using one = await subscribed(served, 'w1')
    await using two = await subscribed(served, 'w2')
    await served.client.swarm.send({ to: 'w1', text: 'for one' })
    await served.client.swarm.send({ to: 'w2', text: 'for two' })
    expect(await one.pushed('message', 1)).toMatchObject([
      { swarm: 'w1', message: { kind: 'direct', from: 'admin', text: 'for one' } },
    ])
    await two.pushed('message', 1)
    expect([texts(one.pushes), texts(two.pushes)]).toEqual([['for one'], ['for two']])
  })

  test('that nobody acknowledged come again after a reconnect, from where the reader says', async () => {
    await using served = await serveFabric()
    const token = await enlist(served, 'w1')
    const sent: number[] = []
    for (const text of ['a', 'b', 'c']) sent.push((await served.client.swarm.send({ to: 'w1', text })).index)
    await using first = await WorkerSocket.open(served.server.url, token)
    expect(await first.call('subscribe')).toMatchObject({ swarm: 'w1', acknowledged: -1, unread: 3 })
    expect(texts(await first.pushed('message', 3))).toEqual(['a', 'b', 'c'])
    await first.call('inbox.acknowledge', { upTo: sent[0] })
    await using second = await WorkerSocket.open(served.server.url, token)
    await second.call('subscribe')
    expect(texts(await second.pushed('message', 2))).toEqual(['b', 'c'])
    await using third = await WorkerSocket.open(served.server.url, token)
    await third.call('subscribe', { after: sent[1] })
    expect(texts(await third.pushed('message', 1))).toEqual(['c'])
  })

  test('of a full inbox come in order, each once, while more arrive', async () => {
    await using served = await serveFabric()
    const token = await enlist(served, 'w1')
    const send = (from: number, count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, number) => served.client.swarm.send({ to: 'w1', text: `${from + number}` })),
      )
    await send(0, 300)
    await using worker = await WorkerSocket.open(served.server.url, token)
    await worker.call('subscribe')
    await send(300, 100)
    const indexes = (await worker.pushed('message', 400)).map((push) => (push.message as { index: number }).index)
    expect(new Set(indexes).size).toBe(400)
    expect(indexes).toEqual([...indexes].sort((a, b) => a - b))
  })

  test('of others are nobody’s but for whom may speak for them', async () => {
    await using served = await serveFabric()
    await using worker = await subscribed(served, 'w1')
    await enlist(served, 'w2')
    await expect(worker.call('subscribe', { swarm: 'w2' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(worker.call('subscribe', { swarm: 'orchestrator' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await using admin = await WorkerSocket.open(served.server.url, TOKEN)
    expect(await admin.call('subscribe', { swarm: 'w2' })).toMatchObject({ swarm: 'w2' })
    await expect(admin.call('subscribe', { swarm: 'w3' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await served.client.swarm.send({ to: 'w2', text: 'hello' })
    expect(texts(await admin.pushed('message', 1))).toEqual(['hello'])
  })

  test('stop with a subscription to another inbox', async () => {
    await using served = await serveFabric()
    await enlist(served, 'w1')
    await using admin = await WorkerSocket.open(served.server.url, TOKEN)
    await admin.call('subscribe', { swarm: 'w1' })
    await admin.call('subscribe', { swarm: 'orchestrator' })
    await served.client.swarm.send({ to: 'w1', text: 'not here any more' })
    await served.client.swarm.send({ to: 'orchestrator', text: 'here' })
    expect(texts(await admin.pushed('message', 1))).toEqual(['here'])
  })
})

describe('stops', () => {
  test('come when a claim is taken away, ahead of the messages that wait', async () => {
    await using served = await serveFabric()
    await served.client.task.create({ id: 'T1', title: 'A task' })
    const token = await enlist(served, 'w1')
    for (let count = 0; count < 200; count += 1) await served.client.swarm.send({ to: 'w1', text: `${count}` })
    await using worker = await WorkerSocket.open(served.server.url, token)
    const { epoch } = (await worker.call('task.claim', { task: 'T1' })) as { epoch: number }
    await served.client.task.release({ task: 'T1' })
    await worker.call('subscribe')
    const [stop] = await worker.pushed('stop', 1)
    expect(stop).toMatchObject({ swarm: 'w1', kind: 'claim_lost', task: 'T1' })
    expect(stop?.index).toBeGreaterThan(epoch)
    expect(worker.pushes[0]).toBe(stop)
  })

  test('come when the task is cancelled, the lease ends, and the breaker opens', async () => {
    await using served = await serveFabric()
    const token = await enlist(served, 'w1', 2)
    for (const id of ['T1', 'T2']) await served.client.task.create({ id, title: id })
    await using worker = await WorkerSocket.open(served.server.url, token)
    await worker.call('subscribe')
    await worker.call('task.claim', { task: 'T1' })
    await worker.call('task.claim', { task: 'T2', leaseMs: 60_000 })
    await served.client.task.cancel({ task: 'T1' })
    await worker.pushed('stop', 1)
    await served.timing.advance(60_001)
    await worker.pushed('stop', 2)
    await served.client.breaker.trip({ swarm: 'w1', reason: 'a test' })
    const stops = await worker.pushed('stop', 3)
    expect(stops.map(({ kind, task }) => [kind, task])).toEqual([
      ['claim_lost', 'T1'],
      ['claim_lost', 'T2'],
      ['breaker_opened', undefined],
    ])
  })

  test('are not pushed to whom the claims of others are told', async () => {
    await using served = await serveFabric()
    await enlist(served, 'w1')
    await served.client.task.create({ id: 'T1', title: 'A task' })
    await using person = await WorkerSocket.open(served.server.url, TOKEN)
    await person.call('subscribe', { swarm: 'orchestrator' })
    await served.client.task.claim({ task: 'T1', as: 'w1', leaseMs: 60_000 })
    await served.timing.advance(60_001)
    await person.pushed('message', 1)
    expect(person.pushes.map(({ push }) => push)).toEqual(['message'])
  })
})

describe('hints for work', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('come at once when there is some, and again after the worker has asked', async () => {
    await using served = await serveFabric()
    await served.client.task.create({ id: 'T1', title: 'A task' })
    await using worker = await subscribed(served, 'w1', { work: true })
    expect(await worker.pushed('work', 1)).toEqual([{ push: 'work', swarm: 'w1' }])
    const offer = await worker.call('task.next', { claim: true })
    const { epoch } = offer.claim as { epoch: number }
    await worker.call('task.complete', { task: 'T1', epoch })
    expect(await worker.call('task.next')).toMatchObject({ kind: 'none' })
    await served.client.task.create({ id: 'T2', title: 'A task' })
    await worker.pushed('work', 2)
  })

  test('come to one swarm for one task, and to the next when it does not take it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await using served = await serveFabric()
    await using one = await subscribed(served, 'w1', { work: true })
    await using two = await subscribed(served, 'w2', { work: true })
    await served.client.task.create({ id: 'T1', title: 'A task' })
    const hints = () => one.pushes.length + two.pushes.length
    await until(() => hints() === 1)
    await one.call('fabric.status')
    await two.call('fabric.status')
    expect(hints()).toBe(1)
    vi.advanceTimersByTime(2_000)
    await until(() => hints() === 2)
    expect([one.pushes.length, two.pushes.length]).toEqual([1, 1])
  })

  test('come when the breaker of the swarm has closed', async () => {
    await using served = await serveFabric()
    const token = await enlist(served, 'w1')
    await served.client.task.create({ id: 'T1', title: 'A task' })
    await served.client.breaker.trip({ swarm: 'w1', reason: 'a test' })
    await using worker = await WorkerSocket.open(served.server.url, token)
    await worker.call('subscribe', { work: true })
    await worker.pushed('message', 1)
    expect(worker.pushes.filter(({ push }) => push === 'work')).toEqual([])
    await served.client.breaker.reset({ swarm: 'w1', reason: 'a test' })
    await worker.pushed('work', 1)
  })

  test('do not come to whom did not ask, or cannot do the work', async () => {
    await using served = await serveFabric()
    await using quiet = await subscribed(served, 'w1')
    await using unable = await subscribed(served, 'w2', { work: true })
    await using able = await WorkerSocket.open(served.server.url, TOKEN)
    await served.client.swarm.register({ swarm: 'w3', capabilities: ['code:typescript'], capacity: 1 })
    await able.call('subscribe', { swarm: 'w3', work: true })
    await served.client.task.create({ id: 'T1', title: 'A task', requires: ['code:typescript'] })
    await able.pushed('work', 1)
    await unable.call('fabric.status')
    expect([quiet.pushes, unable.pushes]).toEqual([[], []])
  })
})

test('a commit touches only the connections it concerns', async () => {
  await using served = await serveFabric()
  await using one = await subscribed(served, 'w1')
  await using two = await subscribed(served, 'w2')
  let asked = 0
  await served.fabric.read((state) => {
    const inbox = state.inbox.bind(state)
    state.inbox = (reader) => {
      if (reader === 'w2') asked += 1
      return inbox(reader)
    }
  })
  await served.client.swarm.send({ to: 'w1', text: 'for one' })
  await one.pushed('message', 1)
  expect([asked, two.pushes]).toEqual([0, []])
})
