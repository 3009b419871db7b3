import { afterEach, describe, expect, test, vi } from 'vitest'
import { LIMITS } from '../../src/model/limits.js'
import { type ServedFabric, serveFabric, until } from '../support/served-fabric.js'
import { enlist } from '../support/worker-socket.js'

/** Reads a stream as text while it lasts. */
async function open({ request }: ServedFabric, query: string, init: RequestInit = {}) {
  const leaving = new AbortController()
  const answer = await request(`/v1/events${query}`, { ...init, signal: leaving.signal })
  const stream = { text: '', ended: false, leave: () => leaving.abort() }
  const decoder = new TextDecoder()
  const read = async () => {
    for await (const chunk of answer.body ?? []) stream.text += decoder.decode(chunk, { stream: true })
  }
  read()
    .catch(() => undefined)
    .finally(() => {
      stream.ended = true
    })
  await until(() => stream.text.includes('retry: '))
  return stream
}

const entriesOf = (text: string) =>
  [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => {
    const { type, subject } = JSON.parse(data ?? '') as { type: string; subject: string }
    return `${type.split('.')[2]} ${subject}`
  })
const lastId = (text: string) => Number([...text.matchAll(/^id: (-?\d+)$/gm)].at(-1)?.[1])

async function work({ client }: ServedFabric): Promise<void> {
  for (const id of ['T1', 'T2']) await client.task.create({ id, title: id })
  for (const swarm of ['w1', 'w2']) await client.swarm.register({ swarm, capabilities: [], capacity: 2 })
  await client.task.claim({ task: 'T1', as: 'w1' })
  await client.task.claim({ task: 'T2', as: 'w2' })
  await client.swarm.send({ to: 'w1', text: 'hello' })
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a stream of some entries', () => {
  test.each([
    ['?from=0&swarm=w1', ['swarm_registered w1', 'task_claimed T1', 'message_sent w1']],
    ['?from=0&task=T2', ['task_created T2', 'task_claimed T2']],
    ['?from=0&type=task_created,message_sent', ['task_created T1', 'task_created T2', 'message_sent w1']],
    ['?from=0&swarm=w1&swarm=w2&type=task_claimed', ['task_claimed T1', 'task_claimed T2']],
    ['?from=0&swarm=w1,w2&task=T1', ['task_claimed T1']],
  ])('%s has those and no others, before and after it was opened', async (query, expected) => {
    await using served = await serveFabric()
    const live = await open(served, query)
    await work(served)
    await until(() => entriesOf(live.text).length >= expected.length)
    expect(entriesOf(live.text)).toEqual(expected)
    const later = await open(served, query)
    await until(() => entriesOf(later.text).length >= expected.length)
    expect(entriesOf(later.text)).toEqual(expected)
  })

  test.each([
    '?swarm=',
    '?swarm=a%20b',
    '?task=..',
    '?type=task_dreamt',
    '?type=infrafabric.coordinator.task_created.v1',
    `?swarm=${Array.from({ length: LIMITS.eventNames + 1 }, (_, number) => `w${number}`).join(',')}`,
    '?swarms=w1',
  ])('refuses %s', async (query) => {
    await using served = await serveFabric()
    const answer = await served.request(`/v1/events${query}`)
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, 'INVALID_ARGUMENT'])
  })

  test('tells how far the log is, so that a resume passes over what is of no interest', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await using served = await serveFabric()
    await work(served)
    const stream = await open(served, '?from=0&swarm=w1')
    await until(() => entriesOf(stream.text).length === 3)
    for (const id of ['T3', 'T4', 'T5']) await served.client.task.create({ id, title: id })
    const { entries } = await served.client.fabric.status()
    expect(lastId(stream.text)).toBeLessThan(entries - 1)
    vi.advanceTimersByTime(15_000)
    await until(() => lastId(stream.text) === entries - 1)
    expect(entriesOf(stream.text)).toHaveLength(3)
    stream.leave()
    await served.client.swarm.send({ to: 'w1', text: 'while away' })
    const again = await open(served, '?swarm=w1', { headers: { 'last-event-id': String(lastId(stream.text)) } })
    await until(() => entriesOf(again.text).length === 1)
    expect(entriesOf(again.text)).toEqual(['message_sent w1'])
  })

  test('is not woken by entries that do not concern it', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await using served = await serveFabric()
    await served.client.swarm.register({ swarm: 'w1', capabilities: [], capacity: 1 })
    const stream = await open(served, '?swarm=w1')
    await until(async () => (await served.fabric.status()).subscribers === 1)
    const before = stream.text
    for (let count = 0; count < 20; count += 1) await served.client.task.create({ id: `T${count}`, title: 'x' })
    expect(stream.text).toBe(before)
    await served.client.swarm.send({ to: 'w1', text: 'hello' })
    await until(() => stream.text !== before)
    expect(entriesOf(stream.text)).toEqual(['message_sent w1'])
  })
})

describe('a stream ends with the token of its reader', () => {
  test('when that is revoked, and says so', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await using served = await serveFabric()
    const token = await enlist(served, 'w1')
    const stream = await open(served, '', { headers: { authorization: `Bearer ${token}` } })
    const [{ id } = { id: '' }] = (await served.client.token.list()).items
    await served.client.token.revoke({ id })
    await until(() => stream.ended)
    expect(stream.text).toContain('event: dropped\ndata: {"type":"urn:infrafabric:error:unauthenticated"')
  })

  test('soon after its time is over', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await using served = await serveFabric()
    const token = await enlist(served, 'w1')
    const stream = await open(served, '', { headers: { authorization: `Bearer ${token}` } })
    await served.timing.advance(24 * 60 * 60 * 1_000)
    vi.advanceTimersByTime(15_000)
    await until(() => stream.ended)
    expect(stream.text).toContain('urn:infrafabric:error:unauthenticated')
  })
})

test('one caller may not open any number of streams', async () => {
  await using served = await serveFabric()
  const headers = { authorization: `Bearer ${await enlist(served, 'w1')}` }
  const streams = await Promise.all(
    Array.from({ length: LIMITS.pushConnectionsPerCaller }, () => open(served, '', { headers })),
  )
  expect((await served.request('/v1/events', { headers })).status).toBe(429)
  streams[0]?.leave()
  await until(async () => {
    const answer = await served.request('/v1/events', { headers })
    await answer.body?.cancel()
    return answer.status === 200
  })
})
