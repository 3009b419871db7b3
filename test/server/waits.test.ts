import { describe, expect, test } from 'vitest'
import { type ServedFabric, serveFabric, until } from '../support/served-fabric.js'

const WAIT_MS = 60_000

async function serveSwarm(): Promise<ServedFabric> {
  const served = await serveFabric()
  await served.client.swarm.register({ swarm: 's1' })
  return served
}

function waiting({ fabric }: ServedFabric, count: number): Promise<void> {
  return until(async () => (await fabric.status()).waitingSwarms === count)
}

describe('a long poll', () => {
  test('is answered when there is work', async () => {
    await using served = await serveSwarm()
    const offer = served.client.task.next({ as: 's1', claim: true, waitMs: WAIT_MS })
    await waiting(served, 1)
    await served.client.task.create({ id: 'T1', title: 'x' })
    expect(await offer).toMatchObject({ kind: 'primary', claim: { task: 'T1', swarm: 's1' } })
    await waiting(served, 0)
  })

  test('is answered when there is a message', async () => {
    await using served = await serveSwarm()
    const page = served.client.inbox.read({ swarm: 's1', waitMs: WAIT_MS })
    await waiting(served, 1)
    await served.client.swarm.send({ to: 's1', text: 'hello' })
    expect(await page).toMatchObject({ messages: [{ kind: 'direct', from: 'admin', text: 'hello' }], unread: 1 })
  })

  test('ends with nothing when its time is over', async () => {
    await using served = await serveSwarm()
    const answers = Promise.all([
      served.client.task.next({ as: 's1', waitMs: WAIT_MS }),
      served.client.inbox.read({ swarm: 's1', waitMs: WAIT_MS }),
    ])
    await waiting(served, 2)
    served.timing.advance(WAIT_MS - 1)
    await waiting(served, 2)
    served.timing.advance(1)
    expect(await answers).toMatchObject([{ kind: 'none' }, { messages: [], unread: 0 }])
  })

  test('ends when its caller vanishes', async () => {
    await using served = await serveSwarm()
    const leaving = new AbortController()
    const options = { signal: leaving.signal }
    const calls = [
      served.client.task.next({ as: 's1', waitMs: WAIT_MS }, options),
      served.client.inbox.read({ swarm: 's1', waitMs: WAIT_MS }, options),
    ].map((call) => call.catch((error: Error) => error.name))
    await waiting(served, 2)
    leaving.abort()
    expect(await Promise.all(calls)).toEqual(['AbortError', 'AbortError'])
    await waiting(served, 0)
    expect(served.faults).toEqual([])
  })

  test('may not ask for more time than there is', async () => {
    await using served = await serveSwarm()
    const call = served.client.task.next({ as: 's1', waitMs: 240_001 })
    await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'waitMs' } })
  })
})

describe('closing the server', () => {
  test('ends waits with an error that says to try again, and leaves the fabric open', async () => {
    await using served = await serveSwarm()
    const call = served.connect({ retries: 0 }).task.next({ as: 's1', waitMs: WAIT_MS })
    const refused = expect(call).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('shutting down'),
    })
    await waiting(served, 1)
    await Promise.all([served.server.close(), served.server.close()])
    await refused
    expect((await served.fabric.status()).state).toBe('running')
  })

  test('refuses what comes later', async () => {
    await using served = await serveSwarm()
    await served.server.close()
    const call = served.connect({ retries: 0 }).fabric.status()
    await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('ifab up') })
  })
})
