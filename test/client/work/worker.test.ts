import { beforeEach, describe, expect, test } from 'vitest'
import type { FabricClient } from '../../../src/client/client.js'
import { fetchTransport } from '../../../src/client/transport.js'
import { type ClaimEndedError, GiveUpError } from '../../../src/client/work/end.js'
import type { WorkHandler } from '../../../src/client/work/held-task.js'
import type { WorkOptions } from '../../../src/client/work/options.js'
import { isFabricError } from '../../../src/model/errors.js'
import { FakeTiming } from '../../../src/testing/fake-timing.js'
import { type ServedFabric, serveFabric, until } from '../../support/served-fabric.js'
import { untilAborted, watch, watched } from './support.js'

let served: ServedFabric
let admin: FabricClient
let client: FabricClient
let tokenId = ''

beforeEach(async () => {
  served = await serveFabric()
  admin = served.client
  const { issued } = await admin.swarm.register({ swarm: 's1', token: true })
  tokenId = issued?.id ?? ''
  client = served.connect({ token: issued?.token ?? '' })
  await admin.task.create({ id: 'T1', title: 'A task' })
  return () => served[Symbol.asyncDispose]()
})

const taskNow = async () => (await admin.task.show({ task: 'T1' })).task

/** A handler that works until its signal aborts, and why it did. */
function endless(begin: (held: Parameters<WorkHandler>[0]) => void = () => {}) {
  const seen: { why?: string } = {}
  const handler: WorkHandler = async (held) => {
    begin(held)
    await untilAborted(held.signal).catch((error: ClaimEndedError) => {
      seen.why = error.why
      throw error
    })
  }
  return { handler, seen }
}

describe('a worker', () => {
  test('works for the swarm that it is told, where its token is for any', async () => {
    const nobody = admin.work(async () => {})
    await expect(nobody.done).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'as' } })
    const { worker, ends } = watch(admin, async () => {}, { as: 's1' })
    await until(() => ends.length === 1)
    await worker.stop()
    expect((await taskNow()).completedBy).toBe('s1')
  })

  test('goes on with what its swarm holds', async () => {
    const { epoch } = await client.task.claim({ task: 'T1' })
    const seen: object[] = []
    const { worker, ends } = watch(client, async (held) => void seen.push(held))
    await until(() => ends.length === 1)
    await worker.stop()
    expect(seen).toMatchObject([{ epoch, resumed: true, swarm: 's1', task: { id: 'T1' } }])
    expect(ends).toEqual([{ task: 'T1', epoch, outcome: 'completed' }])
  })

  test('works on several tasks at a time, and on no more than it may', async () => {
    await admin.swarm.register({ swarm: 's1', capacity: 5 })
    for (const id of ['T2', 'T3', 'T4']) await admin.task.create({ id, title: id })
    let most = 0
    const open: (() => void)[] = []
    const { worker, ends } = watch(
      client,
      async () => {
        await new Promise<void>((resolve) => open.push(resolve))
        most = Math.max(most, open.length)
      },
      { concurrency: 2 },
    )
    while (ends.length < 4) {
      await until(() => open.length === Math.min(2, 4 - ends.length))
      const before = ends.length
      open.shift()?.()
      await until(() => ends.length > before)
    }
    await worker.stop()
    expect(ends.map(({ outcome }) => outcome)).toEqual(['completed', 'completed', 'completed', 'completed'])
    expect(most).toBeLessThan(2)
  })

  test('does not ask again and again for more than its swarm may hold', async () => {
    const timing = new FakeTiming()
    let asked = 0
    const transport = watched(fetchTransport(fetch), (request, exchange) => {
      if (request.url.endsWith('/v1/next')) asked += 1
      return exchange()
    })
    await admin.task.create({ id: 'T2', title: 'Another' })
    const finish: (() => void)[] = []
    const handler = () => new Promise<void>((resolve) => void finish.push(resolve))
    const { worker, ends } = watch(served.connect({ transport }), handler, { as: 's1', concurrency: 2, timing })
    // The second answer is the task that it holds already.
    await until(() => asked === 2 && timing.pending > 1)
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate)
    expect(asked).toBe(2)
    finish[0]?.()
    await until(() => finish.length === 2)
    finish[1]?.()
    await until(() => ends.length === 2)
    await worker.stop()
    expect(ends).toMatchObject([{ task: 'T1' }, { task: 'T2' }])
  })

  test('may have many handlers, of which Node does not warn', async () => {
    const warnings: unknown[] = []
    const onWarning = (warning: unknown) => warnings.push(warning)
    process.on('warning', onWarning)
    await admin.swarm.register({ swarm: 's1', capacity: 20 })
    const ids = Array.from({ length: 15 }, (_, position) => `M${position}`)
    await Promise.all(ids.map((id) => admin.task.create({ id, title: id })))
    let begun = 0
    const { handler } = endless(() => {
      begun += 1
    })
    const { worker, ends } = watch(client, handler, { concurrency: 20 })
    await until(() => begun === 16)
    await worker.stop()
    await new Promise(setImmediate)
    process.off('warning', onWarning)
    expect(ends).toHaveLength(16)
    expect(warnings).toEqual([])
  })

  test('says when there is nothing to do, and hears of what comes then', async () => {
    const { worker, ends, idle } = watch(client, async () => {})
    await until(() => idle() === 1)
    expect(ends).toHaveLength(1)
    await admin.task.create({ id: 'T2', title: 'Later' })
    await until(() => idle() === 2)
    expect(ends).toMatchObject([{ task: 'T1' }, { task: 'T2' }])
    await worker.stop()
  })

  test('says so also when it was waiting for more beside its last task', async () => {
    await admin.swarm.register({ swarm: 's1', capacity: 2 })
    let finish: (() => void) | undefined
    const handler = () => new Promise<void>((resolve) => (finish = resolve))
    const { worker, idle } = watch(client, handler, { concurrency: 2 })
    // For work and for messages.
    await until(async () => finish !== undefined && (await admin.fabric.status()).waitingSwarms === 2)
    expect(idle()).toBe(0)
    finish?.()
    await until(() => idle() === 1)
    await worker.stop()
  })

  test('is refused options out of bounds', () => {
    const start = (options: WorkOptions) => () => client.work(async () => {}, options)
    expect(start({ concurrency: 0 })).toThrow('concurrency is 0')
    expect(start({ concurrency: 1.5 })).toThrow('concurrency is 1.5')
    expect(start({ pollMs: 1_000_000 })).toThrow('pollMs')
    expect(start({ graceMs: -1 })).toThrow('graceMs')
  })

  test('waits while its breaker is open, and goes on when that closes', async () => {
    await admin.breaker.trip({ swarm: 's1', reason: 'to see what happens' })
    const { worker, ends, problems } = watch(client, async () => {})
    await until(() => problems.length > 0)
    expect(problems[0]).toMatchObject({ during: 'next', error: { code: 'BREAKER_OPEN' } })
    await admin.breaker.reset({ swarm: 's1', reason: 'seen' })
    await until(() => ends.length === 1)
    await worker.stop()
    expect(problems.every(({ error }) => isFabricError(error, 'BREAKER_OPEN'))).toBe(true)
  })

  test('ends with what cannot be mended', async () => {
    const { worker } = watch(client, async ({ milestone }) => {
      await admin.token.revoke({ id: tokenId })
      await milestone(25)
    })
    await expect(worker.done).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(worker.stop()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(admin.work(async () => {}, { as: 'nobody' }).done).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('shows its user what the user threw', async () => {
    const onEnd = () => {
      throw new Error('a bug of the user')
    }
    await expect(client.work(async () => {}, { onEnd }).done).rejects.toThrow('a bug of the user')
  })
})

describe('a claim', () => {
  const leaseMs = 30_000
  const leaseEndsAt = async () => (await admin.task.show({ task: 'T1' })).leaseEndsAt

  test('is kept by heartbeats for as long as the work takes', async () => {
    const { timing } = served
    let finish: (() => void) | undefined
    const handler = () => new Promise<void>((resolve) => (finish = resolve))
    const { worker, ends, problems } = watch(client, handler, { leaseMs, timing })
    await until(() => finish !== undefined)
    for (let beats = 0; beats < 5; beats += 1) {
      timing.advance(leaseMs / 3)
      const renewed = new Date(timing.now() + leaseMs).toISOString()
      await until(async () => (await leaseEndsAt()) === renewed)
    }
    finish?.()
    await until(() => ends.length === 1)
    await worker.stop()
    expect({ ends, problems }).toMatchObject({ ends: [{ outcome: 'completed' }], problems: [] })
  })

  test('that is taken away aborts the signal of its handler at once', async () => {
    await admin.swarm.register({ swarm: 'other' })
    const { handler, seen } = endless()
    const { worker, ends } = watch(client, handler)
    await until(async () => (await taskNow()).state === 'claimed')
    await admin.task.release({ task: 'T1' })
    await admin.task.claim({ task: 'T1', as: 'other' })
    await until(() => ends.length === 1)
    await worker.stop()
    expect(seen.why).toBe('taken')
    expect(ends).toMatchObject([{ task: 'T1', outcome: 'lost' }])
    expect(await taskNow()).toMatchObject({ state: 'claimed', claim: { swarm: 'other' } })
  })

  test('that was lost has no result, also where only the refusal of a word tells it', async () => {
    await admin.swarm.register({ swarm: 'other' })
    let wasAborted: boolean | undefined
    const handler: WorkHandler = async ({ signal, milestone }) => {
      await admin.task.release({ task: 'T1' })
      await admin.task.claim({ task: 'T1', as: 'other' })
      await milestone(100).catch(() => undefined)
      wasAborted = signal.aborted
      return { summary: 'too late' }
    }
    const transport = watched(fetchTransport(fetch), async ({ url, signal }, exchange) =>
      url.includes('/v1/inboxes/') ? untilAborted(signal) : exchange(),
    )
    const { worker, ends } = watch(served.connect({ transport }), handler, { as: 's1' })
    await until(() => ends.length === 1)
    await worker.stop()
    expect(wasAborted).toBe(true)
    expect(ends).toMatchObject([{ outcome: 'lost', reason: expect.stringContaining('other holds it') }])
    expect(await taskNow()).toMatchObject({ state: 'claimed', claim: { swarm: 'other' } })
  })

  test('is given up when no heartbeat was answered for a lease', async () => {
    const timing = new FakeTiming()
    const { fetch } = globalThis
    const deaf = served.connect({
      retries: 0,
      transport: async ({ method, url, headers, body, signal }) => {
        if (url.endsWith('/heartbeat')) throw new Error('the network is down')
        const reply = await fetch(url, { method, headers, signal, ...(body !== undefined && { body }) })
        return { status: reply.status, text: await reply.text() }
      },
    })
    let begun = false
    const { handler, seen } = endless(() => {
      begun = true
    })
    const { worker, ends, problems } = watch(deaf, handler, { as: 's1', leaseMs, timing })
    await until(() => begun)
    timing.advance(leaseMs / 3)
    await until(() => problems.length > 0)
    expect(problems[0]).toMatchObject({ during: 'heartbeat', task: 'T1', error: { code: 'UNAVAILABLE' } })
    timing.advance(leaseMs / 2)
    expect(seen.why).toBeUndefined()
    timing.advance(leaseMs / 6)
    await until(() => ends.length === 1)
    await worker.stop()
    expect(seen.why).toBe('silent')
    // The fabric still knew it, so it is given back for the next one.
    expect(ends).toMatchObject([{ outcome: 'released' }])
    expect(timing.pending).toBe(0)
  })

  test('of which a heartbeat says stop is released', async () => {
    const timing = new FakeTiming()
    let spent = false
    const { handler, seen } = endless(({ usage }) => {
      usage({ costNanos: 6_000_000_000 })
      usage({ costNanos: 5_000_000_000 })
      spent = true
    })
    const { worker, ends } = watch(client, handler, { timing })
    await until(() => spent)
    timing.advance(5_000)
    await until(() => ends.length === 1)
    await worker.stop()
    expect(seen.why).toBe('told')
    expect(ends).toMatchObject([{ outcome: 'released' }])
  })

  test('is not lost for usage that the fabric refuses, which its user hears of', async () => {
    const timing = new FakeTiming()
    let spent = false
    const { handler } = endless(({ usage }) => {
      usage({ model: 'unheard-of', inputTokens: 1 })
      spent = true
    })
    const { worker, ends, problems } = watch(client, handler, { timing })
    await until(() => spent)
    timing.advance(5_000)
    await until(() => problems.length > 0)
    expect(problems).toMatchObject([{ during: 'usage', task: 'T1', error: { code: 'POLICY_VIOLATION' } }])
    expect(ends).toEqual([])
    await worker.stop()
  })

  test('is charged for what was used last', async () => {
    const timing = new FakeTiming()
    const { worker, ends } = watch(client, async ({ usage }) => usage({ costNanos: 5 }), { timing })
    await until(() => ends.length === 1)
    await worker.stop()
    expect(timing.pending).toBe(0)
    const { rows } = await admin.cost.report({ by: 'task' })
    expect(rows).toMatchObject([{ name: 'T1', settled: { nanos: 5 } }])
  })
})

describe('a handler that throws', () => {
  test('fails the attempt, and the task is offered again', async () => {
    const { worker, ends } = watch(client, async () => {
      throw new Error('no\u0000 luck')
    })
    await until(() => ends.length === 1)
    await worker.stop()
    expect(ends).toMatchObject([{ outcome: 'failed', reason: 'no  luck' }])
    const task = await taskNow()
    expect(task).toMatchObject({ state: 'available', failures: 1, lastFailure: { swarm: 's1', reason: 'no  luck' } })
    expect(task.notBefore).toBeDefined()
  })

  test('is run again for the same task after its backoff', async () => {
    let attempts = 0
    const { worker, ends } = watch(client, async () => {
      attempts += 1
      if (attempts === 1) throw new Error('at first')
    })
    await until(() => ends.length === 1)
    await until(async () => (await admin.fabric.status()).waitingSwarms > 0)
    served.timing.advance(10_000)
    await until(() => ends.length === 2)
    await worker.stop()
    expect(ends).toMatchObject([{ outcome: 'failed' }, { outcome: 'completed' }])
  })

  test('fails the task for good when it gives up', async () => {
    const { worker, ends } = watch(client, async () => {
      throw new GiveUpError('it cannot be done')
    })
    await until(() => ends.length === 1)
    await worker.stop()
    expect(await taskNow()).toMatchObject({ state: 'failed', lastFailure: { reason: 'it cannot be done' } })
  })

  test('counts as failed also when only its result is refused', async () => {
    const { worker, ends } = watch(client, async () => ({ summary: 'x'.repeat(5_000) }))
    await until(() => ends.length === 1)
    await worker.stop()
    expect(ends).toMatchObject([{ outcome: 'failed', reason: expect.stringContaining('its result was refused') }])
  })
})

describe('a worker that is stopped', () => {
  test('releases what it has not finished', async () => {
    const ending = new AbortController()
    const { handler, seen } = endless(() => ending.abort())
    const { worker, ends } = watch(client, handler, { signal: ending.signal })
    await worker.done
    expect(seen.why).toBe('worker')
    expect(ends).toMatchObject([{ outcome: 'released', reason: 'the worker stops' }])
    expect(await taskNow()).toMatchObject({ state: 'available', failures: 0 })
  })

  test('completes what its handler finishes all the same', async () => {
    const ending = new AbortController()
    const finish = async () => {
      ending.abort()
      return { summary: 'just in time' }
    }
    await watch(client, finish, { signal: ending.signal }).worker.done
    expect(await taskNow()).toMatchObject({ state: 'completed', summary: 'just in time' })
  })

  test('does not wait for ever for a handler that does not end', async () => {
    const ending = new AbortController()
    const hang = () => {
      ending.abort()
      return new Promise<void>(() => {})
    }
    const { worker, ends } = watch(client, hang, { signal: ending.signal, graceMs: 20 })
    await worker.done
    expect(ends).toMatchObject([{ outcome: 'released' }])
    expect((await taskNow()).state).toBe('available')
  })

  test('leaves no wait behind', async () => {
    const { worker, idle } = watch(client, async () => {})
    await until(() => idle() === 1)
    await until(async () => (await admin.fabric.status()).waitingSwarms === 2)
    await worker.stop()
    await until(async () => (await admin.fabric.status()).waitingSwarms === 0)
  })

  test('does not begin when its signal is aborted already', async () => {
    await watch(client, async () => {}, { signal: AbortSignal.abort() }).worker.done
    expect(await taskNow()).toMatchObject({ state: 'available', attempts: 0 })
  })
})
