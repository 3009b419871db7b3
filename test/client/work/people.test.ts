import { beforeEach, describe, expect, test } from 'vitest'
import type { FabricClient } from '../../../src/client/client.js'
import { fetchTransport } from '../../../src/client/transport.js'
import type { WorkHandler } from '../../../src/client/work/held-task.js'
import type { BlockerView } from '../../../src/operations/views.js'
import { FakeTiming } from '../../../src/testing/fake-timing.js'
import { type ServedFabric, serveFabric, until } from '../../support/served-fabric.js'
import { untilAborted, watch, watched } from './support.js'

let served: ServedFabric
let admin: FabricClient
let client: FabricClient

beforeEach(async () => {
  served = await serveFabric()
  admin = served.client
  client = await join('s1')
  return () => served[Symbol.asyncDispose]()
})

async function join(swarm: string): Promise<FabricClient> {
  const { issued } = await admin.swarm.register({ swarm, token: true })
  return served.connect({ token: issued?.token ?? '' })
}

const createTask = (id: string) => admin.task.create({ id, title: id })

async function onlyBlocker(): Promise<BlockerView> {
  await until(async () => (await admin.blocker.list({})).items.length === 1)
  const { items } = await admin.blocker.list({})
  if (items[0] === undefined) throw new Error('no blocker')
  return items[0]
}

describe('a handler that is blocked', () => {
  test('waits until that is resolved, while its worker does other work', async () => {
    await createTask('T1')
    const seen: string[] = []
    const handler: WorkHandler = async ({ task, block }) => {
      seen.push(task.id)
      if (task.id !== 'T1') return
      const { resolution } = await block({ kind: 'external', needs: 'the partner to answer' })
      seen.push(resolution ?? '')
    }
    const { worker, ends } = watch(client, handler)
    const { id: blocker } = await onlyBlocker()
    await createTask('T2')
    await until(() => ends.length === 1)
    await admin.blocker.resolve({ blocker, resolution: 'they answered' })
    await until(() => ends.length === 2)
    await worker.stop()
    expect(seen).toEqual(['T1', 'T2', 'they answered'])
    expect(ends).toMatchObject([
      { task: 'T2', outcome: 'completed' },
      { task: 'T1', outcome: 'completed' },
    ])
  })

  test('is released when its worker stops', async () => {
    await createTask('T1')
    const { worker, ends } = watch(client, async ({ block }) => {
      await block({ kind: 'external', needs: 'the partner to answer' })
    })
    await onlyBlocker()
    await worker.stop()
    expect(ends).toMatchObject([{ outcome: 'released' }])
    expect((await admin.blocker.list({})).items).toEqual([])
  })
})

describe('people', () => {
  test('are asked, and answer the handler', async () => {
    await createTask('T1')
    const { worker, ends } = watch(client, async ({ ask }) => {
      const { option } = await ask({ question: 'Which dialect?', options: ['rfc3261', 'lync'] })
      return { summary: `speaks ${option}` }
    })
    await until(async () => (await admin.escalation.list({})).items.length === 1)
    const { items } = await admin.escalation.list({})
    expect(items).toMatchObject([{ question: 'Which dialect?', task: 'T1', asker: 'swarm:s1' }])
    await admin.escalation.answer({ escalation: items[0]?.id ?? '', option: 'lync' })
    await until(() => ends.length === 1)
    await worker.stop()
    expect((await admin.task.show({ task: 'T1' })).task.summary).toBe('speaks lync')
  })

  test('that nobody finds have their question expire', async () => {
    await createTask('T1')
    const { worker, ends } = watch(client, async ({ ask }) => {
      const { state } = await ask({ question: 'Anybody?', ttlMs: 60_000 })
      return { summary: state }
    })
    await until(async () => (await admin.escalation.list({})).items.length === 1)
    served.timing.advance(60_000)
    await until(() => ends.length === 1)
    await worker.stop()
    expect((await admin.task.show({ task: 'T1' })).task.summary).toBe('expired')
  })
})

describe('a request for help', () => {
  /** Another swarm that is stuck, for which s1 is asked to help. */
  async function somebodyStuck(): Promise<BlockerView> {
    const stuck = await join('stuck')
    await createTask('H1')
    const { epoch } = await stuck.task.claim({ task: 'H1' })
    return stuck.task.block({ task: 'H1', epoch, kind: 'help', needs: 'somebody who knows leases' })
  }

  test('is accepted, given and ends with the resolution', async () => {
    const { id: blocker } = await somebodyStuck()
    const seen: unknown[] = []
    const { worker, problems } = watch(client, async () => {}, {
      onHelp: async ({ blocker: { needs }, task, usage, send }) => {
        seen.push(needs, task?.id)
        await usage({ costNanos: 3 })
        await send('See my notes.')
        return 'the keep-alive was missing'
      },
    })
    await until(async () => (await admin.blocker.list({})).items.length === 0)
    await worker.stop()
    expect(seen).toEqual(['somebody who knows leases', 'H1'])
    expect(problems).toEqual([])
    const { blockers } = await admin.task.show({ task: 'H1' })
    expect(blockers).toMatchObject([{ id: blocker, resolution: 'the keep-alive was missing', resolvedBy: 's1' }])
    expect((await admin.inbox.read({ swarm: 'stuck' })).messages.map(({ text }) => text)).toContain('See my notes.')
  })

  test('is declined by a worker that gives none, which then goes on', async () => {
    await somebodyStuck()
    await createTask('T1')
    const { worker, ends } = watch(client, async () => {})
    await until(() => ends.length === 1)
    await worker.stop()
    expect((await onlyBlocker()).helpers).toMatchObject([{ swarm: 's1', state: 'declined' }])
  })

  test('is declined with what the helper threw', async () => {
    await somebodyStuck()
    const { worker, problems } = watch(client, async () => {}, {
      onHelp: async () => {
        throw new Error('not my subject')
      },
    })
    await until(() => problems.length === 1)
    await worker.stop()
    expect(problems).toMatchObject([{ during: 'help', task: 'H1', error: { message: 'not my subject' } }])
    expect((await onlyBlocker()).helpers).toMatchObject([{ state: 'declined', reason: 'not my subject' }])
  })

  test('that is withdrawn aborts the signal of the helper', async () => {
    const { id: blocker } = await somebodyStuck()
    const whys: unknown[] = []
    let helping = false
    const timing = new FakeTiming()
    const { worker } = watch(client, async () => {}, {
      timing,
      onHelp: async ({ signal }) => {
        helping = true
        await untilAborted(signal).catch((error) => {
          whys.push(error.why)
          throw error
        })
        return ''
      },
    })
    await until(() => helping)
    await admin.blocker.resolve({ blocker, resolution: 'it went away' })
    timing.advance(60_000)
    await until(() => whys.length === 1)
    await worker.stop()
    expect(whys).toEqual(['taken'])
    expect(timing.pending).toBe(0)
  })

  test('is given back also when its handler does not end with the worker', async () => {
    await somebodyStuck()
    let helping = false
    const { worker } = watch(client, async () => {}, {
      graceMs: 20,
      onHelp: () => {
        helping = true
        return new Promise(() => {})
      },
    })
    await until(() => helping)
    await worker.stop()
    expect((await onlyBlocker()).helpers).toMatchObject([{ state: 'declined' }])
  })

  test('that is gone before it is declined does not end the worker', async () => {
    await somebodyStuck()
    await createTask('T1')
    const gone = { code: 'NOT_FOUND', detail: 'There is no such blocker.' }
    let declined = 0
    const transport = watched(fetchTransport(fetch), (request, exchange) => {
      if (!request.url.endsWith('/answer') || ++declined > 1) return exchange()
      return Promise.resolve({ status: 404, text: JSON.stringify(gone) })
    })
    const { worker, ends, problems } = watch(served.connect({ transport }), async () => {}, { as: 's1' })
    await until(() => ends.length === 1)
    await worker.stop()
    expect(problems).toMatchObject([{ error: { code: 'NOT_FOUND' } }])
  })

  test('is given back when the worker stops', async () => {
    await somebodyStuck()
    let helping = false
    const { worker } = watch(client, async () => {}, {
      onHelp: async ({ signal }) => {
        helping = true
        return untilAborted(signal)
      },
    })
    await until(() => helping)
    await worker.stop()
    expect((await onlyBlocker()).helpers).toMatchObject([{ state: 'declined', reason: 'the worker stops' }])
  })
})

describe('messages', () => {
  const send = (text: string) => admin.swarm.send({ to: 's1', text })

  test('are given in order, one at a time, and acknowledged when they were dealt with', async () => {
    await send('one')
    const seen: string[] = []
    let busy = 0
    const { worker } = watch(client, async () => {}, {
      onMessage: async ({ text }) => {
        busy += 1
        await new Promise(setImmediate)
        if (busy > 1) seen.push('at once')
        busy -= 1
        seen.push(text)
      },
    })
    await until(() => seen.length === 1)
    await Promise.all([send('two'), send('three')])
    await until(() => seen.length === 3)
    await worker.stop()
    expect(seen[0]).toBe('one')
    expect(seen.toSorted()).toEqual(['one', 'three', 'two'])
    expect((await admin.inbox.read({ swarm: 's1' })).unread).toBe(0)
  })

  test('come again when they could not be dealt with', async () => {
    await send('one')
    await send('two')
    const seen: string[] = []
    const { worker, problems } = watch(client, async () => {}, {
      onMessage: async ({ text }) => {
        seen.push(text)
        if (seen.length === 1) throw new Error('not now')
      },
    })
    await until(() => seen.length === 3)
    await worker.stop()
    expect(seen).toEqual(['one', 'one', 'two'])
    expect(problems).toMatchObject([{ during: 'message', error: { message: 'not now' } }])
  })

  test('that a worker did not finish with are there for the next one', async () => {
    for (const text of ['one', 'two', 'three']) await send(text)
    const first: string[] = []
    const before = watch(client, async () => {}, {
      onMessage: async ({ text }, { signal }) => {
        if (first.push(text) === 2) await untilAborted(signal)
      },
    })
    await until(() => first.length === 2)
    await before.worker.stop()
    const second: string[] = []
    const after = watch(client, async () => {}, { onMessage: ({ text }) => void second.push(text) })
    await until(() => second.length === 2)
    await after.worker.stop()
    expect([first, second]).toEqual([
      ['one', 'two'],
      ['two', 'three'],
    ])
  })

  test('are left for other readers by a worker that wants none', async () => {
    await send('one')
    const { worker, idle } = watch(client, async () => {})
    await until(() => idle() === 1)
    await worker.stop()
    expect((await admin.inbox.read({ swarm: 's1' })).unread).toBe(1)
  })

  test('do not keep a worker from stopping, however long one takes', async () => {
    await send('one')
    let begun = false
    const { worker } = watch(client, async () => {}, {
      graceMs: 20,
      onMessage: () => {
        begun = true
        return new Promise(() => {})
      },
    })
    await until(() => begun)
    await worker.stop()
  })
})
