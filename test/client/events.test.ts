import { describe, expect, test } from 'vitest'
import type { LogEntry } from '../../src/client/events.js'
import type { Fetch } from '../../src/client/transport.js'
import { startServer } from '../../src/server/server.js'
import { serveFabric, TOKEN, until } from '../support/served-fabric.js'

describe('following the log', () => {
  test('goes on after the server was away, without a gap and without a double', async () => {
    await using served = await serveFabric()
    const { fabric, server, client } = served
    const seen: LogEntry[] = []
    const ending = new AbortController()
    const following = (async () => {
      for await (const entry of client.events({ from: 0, signal: ending.signal })) seen.push(entry)
    })()
    await client.task.create({ id: 'T1', title: 'before' })
    await until(() => seen.some(({ event }) => event.subject === 'T1'))

    await server.close()
    const origin = { actor: 'admin' }
    await fabric.submit({ type: 'register_swarm', swarm: 's1', capabilities: [], capacity: 1, metadata: {} }, origin)
    const again = await startServer({ fabric, listen: new URL(server.url).host, token: TOKEN })
    await client.task.create({ id: 'T2', title: 'after' })
    await until(() => seen.some(({ event }) => event.subject === 'T2'))

    ending.abort()
    await following
    await again.close()
    expect(seen.map(({ index }) => index)).toEqual(seen.map((_, position) => position))
    expect(seen.map(({ event }) => event.subject)).toEqual(expect.arrayContaining(['T1', 's1', 'T2']))
  })

  test('starts at the beginning of the call even when the first connection is lost before an entry came', async () => {
    await using served = await serveFabric()
    let connections = 0
    const fetch: Fetch = async (...request) => {
      const reply = await globalThis.fetch(...request)
      connections += 1
      if (connections > 1 || reply.body === null) return reply
      // The first connection breaks right after its opening words; an entry is written before the next one.
      const reader = reply.body.getReader()
      const opening = await reader.read()
      await reader.cancel()
      await served.client.task.create({ id: 'T1', title: 'in between' })
      return new Response(opening.value ?? null, { status: 200 })
    }
    for await (const { event } of served.connect({ fetch }).events()) {
      expect(event.subject).toBe('T1')
      break
    }
    expect(connections).toBe(2)
  })

  test('asks for some entries only, and resumes after others that it was told of', async () => {
    await using served = await serveFabric()
    const { client } = served
    const ending = new AbortController()
    const options = { from: 0, swarms: ['w1', 'w2'], types: ['message_sent'], signal: ending.signal }
    const seen: unknown[] = []
    const following = (async () => {
      for await (const { event } of client.events(options)) seen.push(event.subject)
    })()
    for (const swarm of ['w1', 'w2', 'w3']) {
      await client.swarm.register({ swarm, capabilities: [], capacity: 1 })
      await client.swarm.send({ to: swarm, text: 'hello' })
    }
    await client.swarm.send({ to: 'w1', text: 'hello again' })
    await until(() => seen.length === 3)
    ending.abort()
    await following
    expect(seen).toEqual(['w1', 'w2', 'w1'])
  })

  test('tries again when the stream says that it was dropped', async () => {
    const lastIds: (string | null)[] = []
    const frames = ['id: 4\ndata: {"a":1}\n\nevent: dropped\ndata: {}\n\n', 'id: 5\ndata: {"a":2}\n\n']
    const fetch: Fetch = async (_, init) => {
      lastIds.push(new Headers(init?.headers).get('last-event-id'))
      return new Response(frames[lastIds.length - 1] ?? null)
    }
    await using served = await serveFabric()
    const seen: LogEntry[] = []
    for await (const entry of served.connect({ fetch }).events({ from: 4 })) if (seen.push(entry) === 2) break
    expect(seen).toEqual([
      { index: 4, event: { a: 1 } },
      { index: 5, event: { a: 2 } },
    ])
    expect(lastIds).toEqual(['3', '4'])
  })

  test('throws what trying again does not mend', async () => {
    await using served = await serveFabric()
    const first = (client: typeof served.client, from: number) => client.events({ from })[Symbol.asyncIterator]().next()
    await expect(first(served.connect({ token: 'wrong' }), 0)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(first(served.client, 1_000)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('throws a lost connection when it is not to be mended', async () => {
    await using served = await serveFabric()
    const events = served.client.events({ from: 0, reconnect: false })[Symbol.asyncIterator]()
    await events.next()
    const lost = (async () => {
      for (;;) if ((await events.next()).done === true) return
    })()
    await Promise.all([served.server.close(), expect(lost).rejects.toMatchObject({ code: 'UNAVAILABLE' })])
  })

  test('ends with its signal also when the transport has forgotten it', async () => {
    await using served = await serveFabric()
    const fetch: Fetch = (url, init) => globalThis.fetch(url, { ...init, signal: null })
    const ending = new AbortController()
    const events = served.connect({ fetch }).events({ from: 0, signal: ending.signal })[Symbol.asyncIterator]()
    await events.next()
    const end = (async () => {
      for (;;) if ((await events.next()).done === true) return 'ended'
    })()
    ending.abort()
    expect(await end).toBe('ended')
  })

  test('does not begin when its signal is aborted already', async () => {
    await using served = await serveFabric()
    const events = served.client.events({ signal: AbortSignal.abort() })
    expect(await events[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  })
})
