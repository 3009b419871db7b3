import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type ConnectOptions, connect } from '../../src/client/client.js'
import type { TransportReply, TransportRequest } from '../../src/client/transport.js'
import type { ErrorCode } from '../../src/model/errors.js'

type Step = TransportReply | Error | 'silence'

/** A client whose transport plays these answers; the last one again and again. */
function clientOf(steps: readonly Step[], options: Partial<ConnectOptions> = {}) {
  const requests: TransportRequest[] = []
  const transport = (request: TransportRequest): Promise<TransportReply> => {
    const step = steps[Math.min(requests.push(request), steps.length) - 1]
    if (step instanceof Error) return Promise.reject(step)
    if (step === 'silence' || step === undefined) {
      return new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(new Error('aborted'))))
    }
    return Promise.resolve(step)
  }
  return { requests, client: connect({ url: 'http://fabric.test/base/', token: 'secret', transport, ...options }) }
}

function success(body: unknown = {}): TransportReply {
  return { status: 200, text: JSON.stringify(body) }
}

function refusal(code: ErrorCode, status: number, details = {}): TransportReply {
  return { status, text: JSON.stringify({ code, detail: `It is ${code}.`, details }) }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** What a call came to, with as much time as it needs. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  const settled = call.catch((error: unknown) => error)
  await vi.runAllTimersAsync()
  return settled
}

describe('a call', () => {
  test('puts its input into path and body', async () => {
    const { client, requests } = clientOf([success({ epoch: 7 })])
    expect(await client.task.claim({ task: 'P0:1/2', as: 's1', leaseMs: undefined })).toEqual({ epoch: 7 })
    expect(requests).toMatchObject([
      {
        method: 'POST',
        url: 'http://fabric.test/base/v1/tasks/P0%3A1%2F2/claim',
        headers: { authorization: 'Bearer secret', 'content-type': 'application/json' },
        body: '{"as":"s1"}',
      },
    ])
  })

  test('puts the input of a GET into the query', async () => {
    const { client, requests } = clientOf([success({ items: [] })])
    await client.task.list({ state: 'available', stuck: false, limit: 5, cursor: undefined })
    await client.swarm.list()
    expect(requests.map(({ url }) => url)).toEqual([
      'http://fabric.test/base/v1/tasks?state=available&stuck=false&limit=5',
      'http://fabric.test/base/v1/swarms',
    ])
    expect(requests[0]).not.toHaveProperty('body')
  })

  test('never asks for another route when a segment is empty or missing', async () => {
    const { client, requests } = clientOf([success()])
    await client.task.show({ task: '' })
    await client.task.show({} as { task: string })
    for (const { url } of requests) expect(url).toBe('http://fabric.test/base/v1/tasks/%20')
  })

  test.each(['not a url', 'ftp://host', ''])('is not made to %j', (url) => {
    expect(() => connect({ url, token: 'x' })).toThrow('not a URL')
  })
})

describe('an error', () => {
  test('comes back as the server raised it', async () => {
    const { client, requests } = clientOf([refusal('ALREADY_CLAIMED', 409, { holder: 's2' })])
    expect(await outcome(client.task.claim({ task: 'T1', as: 's1' }))).toMatchObject({
      name: 'FabricError',
      code: 'ALREADY_CLAIMED',
      message: 'It is ALREADY_CLAIMED.',
      details: { holder: 's2' },
    })
    expect(requests).toHaveLength(1)
  })

  test.each([
    [200, '<html>', 'INTERNAL'],
    [404, 'not found', 'INTERNAL'],
    [500, '{"code":"NO_SUCH_CODE","detail":"x"}', 'INTERNAL'],
    [502, '<html>bad gateway', 'UNAVAILABLE'],
  ])('that is none of a fabric (%i %s) is told apart', async (status, text, code) => {
    const { client } = clientOf([{ status, text }])
    expect(await outcome(client.fabric.status())).toMatchObject({ code, details: { status } })
  })
})

describe('a retry', () => {
  test('follows a retryable refusal and a lost connection', async () => {
    const { client, requests } = clientOf([refusal('UNAVAILABLE', 503), new TypeError('reset'), success({ ok: 1 })])
    expect(await outcome(client.fabric.status())).toEqual({ ok: 1 })
    expect(requests).toHaveLength(3)
  })

  test('waits as long as the server asks for', async () => {
    const { client, requests } = clientOf([refusal('RATE_LIMITED', 429, { retryAfterMs: 7_000 }), success()])
    const answer = client.fabric.status()
    await vi.advanceTimersByTimeAsync(6_999)
    expect(requests).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(requests).toHaveLength(2)
    await answer
  })

  test('carries one key for what must not be done twice, and none for the rest', async () => {
    const { client, requests } = clientOf([refusal('AMBIGUOUS', 503), success()])
    await outcome(client.task.complete({ task: 'T1', epoch: 1 }))
    const keys = requests.map(({ headers }) => headers['idempotency-key'])
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(keys).toEqual([keys[0], keys[0]])
    await outcome(client.task.complete({ task: 'T1', epoch: 1 }, { idempotencyKey: 'mine' }))
    expect(requests.at(-1)?.headers['idempotency-key']).toBe('mine')
    await outcome(client.task.claim({ task: 'T1', as: 's1' }))
    expect(requests.at(-1)?.headers).not.toHaveProperty('idempotency-key')
  })

  test('is made only so often', async () => {
    const { client, requests } = clientOf([new TypeError('refused')], { retries: 2 })
    expect(await outcome(client.fabric.status())).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('ifab up'),
      cause: expect.objectContaining({ message: 'refused' }),
    })
    expect(requests).toHaveLength(3)
  })
})

describe('the end of a call', () => {
  test('comes with its time, over all retries', async () => {
    const { client } = clientOf([refusal('UNAVAILABLE', 503), 'silence'], { timeoutMs: 1_000 })
    const begin = Date.now()
    expect(await outcome(client.fabric.status())).toMatchObject({ code: 'UNAVAILABLE', details: { timeoutMs: 1_000 } })
    expect(Date.now() - begin).toBe(1_000)
  })

  test('leaves a long poll its time', async () => {
    const { client } = clientOf(['silence'])
    const call = client.task.next({ as: 's1', waitMs: 50_000 }, { timeoutMs: 10_000 })
    expect(await outcome(call)).toMatchObject({ details: { timeoutMs: 60_000 } })
  })

  test('comes with its signal, whose reason it throws', async () => {
    const ending = new AbortController()
    const { client, requests } = clientOf(['silence'])
    const call = client.fabric.status({}, { signal: ending.signal })
    const settled = call.catch((error: unknown) => error)
    ending.abort(new Error('enough'))
    expect(await settled).toEqual(new Error('enough'))
    expect(vi.getTimerCount()).toBe(0)
    expect(await outcome(client.fabric.status({}, { signal: AbortSignal.abort() }))).toHaveProperty(
      'name',
      'AbortError',
    )
    expect(requests).toHaveLength(1)
  })
})

describe('with several nodes', () => {
  const url = 'http://a.test,http://b.test,http://c.test'
  const hosts = (requests: readonly TransportRequest[]) => requests.map((request) => new URL(request.url).hostname)

  test('another one is asked when one is silent, and is asked from then on', async () => {
    const { client, requests } = clientOf(['silence', success({ epoch: 7 })], { url })
    expect(await outcome(client.task.claim({ task: 't1', as: 's1' }))).toEqual({ epoch: 7 })
    await client.fabric.status()
    expect(hosts(requests)).toEqual(['a.test', 'b.test', 'b.test'])
  })

  test('one that waits as it was asked to is not given up', async () => {
    const { client, requests } = clientOf(['silence'], { url, timeoutMs: 5_000 })
    const waiting = client.task.next({ as: 's1', waitMs: 20_000 })
    waiting.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(24_000)
    expect(requests).toHaveLength(1)
    expect(await outcome(waiting)).toMatchObject({ code: 'UNAVAILABLE', details: { url: 'http://a.test' } })
  })

  test('the next call asks another one than the one at which a call ran out of time', async () => {
    const { client, requests } = clientOf(['silence', success({ epoch: 7 })], { url, timeoutMs: 1_000 })
    expect(await outcome(client.task.claim({ task: 't1', as: 's1' }))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(await outcome(client.task.claim({ task: 't1', as: 's1' }))).toEqual({ epoch: 7 })
    expect(hosts(requests)).toEqual(['a.test', 'b.test'])
  })
})
