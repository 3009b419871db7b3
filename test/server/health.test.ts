import { describe, expect, test } from 'vitest'
import { MemoryJournal } from '../../src/journal/memory/memory-journal.js'
import { FaultyJournal } from '../../src/testing/faulty-journal.js'
import { type ServedFabric, serveFabric } from '../support/served-fabric.js'

const NOBODY = { headers: { authorization: '' } }

async function readiness(served: ServedFabric) {
  const answer = await served.request('/readyz', NOBODY)
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    body: (await answer.json()) as { code: string; details: object },
  }
}

describe('whether it lives and is ready', () => {
  test('is told to anybody, and kept by no cache', async () => {
    await using served = await serveFabric()
    for (const [path, status] of [
      ['/healthz', 'ok'],
      ['/readyz', 'ready'],
    ]) {
      const answer = await served.request(path ?? '', NOBODY)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(await answer.json()).toEqual({ status })
    }
  })

  test('is refused to a page of another name all the same', async () => {
    await using served = await serveFabric()
    const answer = await served.request('/readyz', { headers: { origin: 'https://evil.example' } })
    expect(answer.status).toBe(403)
  })
})

describe('a fabric that is not ready', () => {
  test('says so after a failed flush, while the process still lives', async () => {
    const journal = new FaultyJournal(new MemoryJournal())
    await using served = await serveFabric({ of: { journal } })
    journal.failNextFlush()
    await expect(served.client.task.create({ id: 'T1', title: 'x' })).rejects.toThrow()
    const { status, type, body } = await readiness(served)
    expect({ status, type }).toEqual({ status: 503, type: 'application/problem+json' })
    expect(body).toMatchObject({ code: 'UNAVAILABLE', retryable: true, details: { reason: 'failed' } })
    expect((await served.request('/healthz', NOBODY)).status).toBe(200)
  })

  test.each([
    ['recovering', 'open', 'recovering'],
    ['closed', 'closed', 'closed'],
    ['running', 'failed', 'storage'],
  ] as const)('that is %s with its journal %s names the reason and no path', async (state, journal, reason) => {
    await using served = await serveFabric()
    const healthy = served.fabric.health()
    const location = '/srv/private'
    served.fabric.health = () => ({ ...healthy, state, journal: { ...healthy.journal, state: journal, location } })
    const { status, body } = await readiness(served)
    expect(status).toBe(503)
    expect(body.details).toEqual({ reason })
    expect(JSON.stringify(body)).not.toContain(location)
  })
})
