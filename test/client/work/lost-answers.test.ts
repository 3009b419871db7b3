import { beforeEach, describe, expect, test } from 'vitest'
import type { FabricClient } from '../../../src/client/client.js'
import { fetchTransport, type TransportRequest } from '../../../src/client/transport.js'
import { type ServedFabric, serveFabric, until } from '../../support/served-fabric.js'
import { untilAborted, watch, watched } from './support.js'

let served: ServedFabric
let admin: FabricClient
let token = ''

beforeEach(async () => {
  served = await serveFabric()
  admin = served.client
  const { issued } = await admin.swarm.register({ swarm: 's1', capacity: 2, token: true })
  token = issued?.token ?? ''
  for (const id of ['T1', 'T2']) await admin.task.create({ id, title: id })
  return () => served[Symbol.asyncDispose]()
})

const ends = (path: string) => (request: TransportRequest) => request.url.endsWith(path)

/** A client for which the answers to the first few requests of a kind get lost, after the fabric has acted on them. */
function deafTo(isDeaf: (request: TransportRequest) => boolean, times: number, retries = 0) {
  const keys: (string | undefined)[] = []
  const transport = watched(fetchTransport(fetch), async (request, exchange) => {
    const reply = await exchange()
    if (!isDeaf(request)) return reply
    keys.push(request.headers['idempotency-key'])
    if (keys.length <= times) throw new Error('the answer got lost')
    return reply
  })
  return { client: served.connect({ token, transport, retries }), keys }
}

async function count(type: string): Promise<number> {
  const { entries } = await admin.log.read({ limit: 1_000 })
  return entries.filter((entry) => String(entry.type).includes(`.${type}.`)).length
}

describe('an answer that got lost', () => {
  test('to the question for work leads to no second claim', async () => {
    const { client, keys } = deafTo(ends('/v1/next'), 2)
    const claimed: number[] = []
    const first = watch(client, async ({ epoch }) => void claimed.push(epoch))
    await until(() => first.idle() === 1)
    await first.worker.stop()
    expect(await count('task_claimed')).toBe(2)
    expect(claimed).toHaveLength(2)
    expect(new Set(keys.slice(0, 3)).size).toBe(1)
    expect(first.problems).toMatchObject([{ during: 'next' }, { during: 'next' }])
  })

  test.each([
    ['complete', 'task_completed'],
    ['fail', 'task_attempt_failed'],
  ])('to %s makes it happen once', async (word, entry) => {
    const { client, keys } = deafTo(ends(`/${word}`), 2)
    const { worker, ends: outcomes } = watch(client, async () => {
      if (word === 'fail') throw new Error('on purpose')
    })
    await until(() => outcomes.length === 2)
    await worker.stop()
    expect(keys).toHaveLength(4)
    expect(new Set(keys).size).toBe(2)
    expect(await count(entry)).toBe(2)
  })

  test('to a release makes it happen once', async () => {
    const { client, keys } = deafTo(ends('/release'), 2, 2)
    const ending = new AbortController()
    const handler = ({ signal }: { signal: AbortSignal }) => {
      ending.abort()
      return untilAborted(signal)
    }
    const { worker, ends: outcomes } = watch(client, handler, { signal: ending.signal })
    await worker.done
    expect(keys).toHaveLength(3)
    expect(new Set(keys).size).toBe(1)
    expect(await count('task_released')).toBe(1)
    expect(outcomes).toMatchObject([{ outcome: 'released' }])
  })

  test('to a milestone makes it one entry', async () => {
    const { client } = deafTo(ends('/milestones'), 1)
    const { worker, ends: outcomes } = watch(client, async ({ milestone }) => void (await milestone(50)))
    await until(() => outcomes.length === 2)
    await worker.stop()
    expect(await count('milestone_reported')).toBe(2)
  })

  test('to a question that the stop of the worker cut short gives the claim back', async () => {
    const ending = new AbortController()
    const transport = watched(fetchTransport(fetch), async (request, exchange) => {
      const reply = await exchange()
      if (!request.url.endsWith('/v1/next') || ending.signal.aborted) return reply
      // The fabric has claimed a task, and just then the worker is told to stop.
      ending.abort()
      throw new Error('cut short')
    })
    const client = served.connect({ token, transport, retries: 0 })
    const { worker, ends: outcomes } = watch(client, async () => {}, { signal: ending.signal })
    await worker.done
    expect(await count('task_claimed')).toBe(1)
    expect(outcomes).toMatchObject([{ outcome: 'released', reason: 'the worker stops' }])
    expect((await admin.task.list({ state: 'available' })).items).toHaveLength(2)
  })

  test('to a question that claimed nothing leaves the tasks alone when the worker stops', async () => {
    const ending = new AbortController()
    const transport = watched(fetchTransport(fetch), async (request, exchange) => {
      if (!request.url.endsWith('/v1/next') || ending.signal.aborted) return exchange()
      ending.abort()
      throw new Error('never arrived')
    })
    const client = served.connect({ token, transport, retries: 0 })
    await watch(client, async () => {}, { signal: ending.signal }).worker.done
    expect(await count('task_claimed')).toBe(0)
  })
})
