import { describe, expect, test } from 'vitest'
import type { FabricClient } from '../../src/client/client.js'
import type { LogEntry } from '../../src/client/events.js'
import { FabricError } from '../../src/model/errors.js'
import { type ServedFabric, serveFabric, until } from '../support/served-fabric.js'

async function take(entries: AsyncIterable<LogEntry>, count: number): Promise<LogEntry[]> {
  const taken: LogEntry[] = []
  for await (const entry of entries) if (taken.push(entry) === count) break
  return taken
}

function createTask(client: FabricClient, id: string) {
  return client.task.create({ id, title: `Task ${id}` })
}

function subscribers({ fabric }: ServedFabric, count: number): Promise<void> {
  return until(async () => (await fabric.status()).subscribers === count)
}

async function readUntil(answer: Response, text: string): Promise<string> {
  const decoder = new TextDecoder()
  let seen = ''
  for await (const chunk of answer.body ?? []) {
    seen += decoder.decode(chunk, { stream: true })
    if (seen.includes(text)) return seen
  }
  return seen
}

describe('the event stream', () => {
  test('gives each entry its index as id and its stored bytes as data', async () => {
    await using served = await serveFabric()
    await createTask(served.client, 'T1')
    const { entries, size } = await served.client.log.read()
    const answer = await served.request('/v1/events?from=0')
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    const text = await readUntil(answer, `id: ${size - 1}\ndata: `)
    const data = text.split('\n').filter((line) => line.startsWith('data: '))
    expect(data.map((line) => JSON.parse(line.slice(6)))).toEqual(entries)
    const stored: string[] = []
    const reading = new AbortController()
    for await (const batch of served.fabric.follow(reading.signal, 0)) {
      for (const { bytes } of batch) stored.push(new TextDecoder().decode(bytes))
      if (stored.length === size) reading.abort()
    }
    expect(data).toEqual(stored.map((entry) => `data: ${entry}`))
  })

  test('starts now, at an index, or after the last id', async () => {
    await using served = await serveFabric()
    const { entries: size } = await served.client.fabric.status()
    const now = take(served.client.events(), 1)
    await subscribers(served, 1)
    await createTask(served.client, 'T1')
    await createTask(served.client, 'T2')
    expect((await now).map(({ index }) => index)).toEqual([size])
    expect((await take(served.client.events({ from: 0 }), 2)).map(({ index }) => index)).toEqual([0, 1])
    const answer = await served.request('/v1/events?from=0', { headers: { 'last-event-id': String(size) } })
    expect(await readUntil(answer, 'data: ')).toContain(`id: ${size + 1}\ndata: `)
  })

  test.each(['?from=999', '?from=-2', '?from=x', '?colour=red'])('refuses %s', async (query) => {
    await using served = await serveFabric()
    const answer = await served.request(`/v1/events${query}`)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('lets go of a reader that leaves', async () => {
    await using served = await serveFabric()
    const leaving = new AbortController()
    const reading = take(served.client.events({ signal: leaving.signal }), 1)
    await subscribers(served, 1)
    leaving.abort()
    expect(await reading).toEqual([])
    await subscribers(served, 0)
    expect(served.faults).toEqual([])
  })

  test('ends when the server closes', async () => {
    await using served = await serveFabric()
    const answer = await served.request('/v1/events')
    const rest = readUntil(answer, 'never')
    await subscribers(served, 1)
    await served.server.close()
    expect(await rest).toContain('retry: ')
  })

  test('that breaks says why', async () => {
    await using served = await serveFabric()
    const broken = async function* () {
      yield* []
      throw new FabricError('STORAGE_FAILED', 'The disk is gone.')
    }
    served.fabric.follow = () => Object.assign(broken(), { position: 0 })
    const text = await readUntil(await served.request('/v1/events'), 'never')
    expect(text).toContain('event: dropped\ndata: {"type":"urn:infrafabric:error:storage-failed"')
  })
})
