import { describe, expect, test } from 'vitest'
import { POSITION_HEADER } from '../../src/client/addresses.js'
import type { FabricClient } from '../../src/client/client.js'
import { codeOf } from '../fabric/fixture.js'
import { serveFabric, until } from '../support/served-fabric.js'
import { ServedNodes } from '../support/served-nodes.js'

const NOBODY = { authorization: '' }

describe('the position of an answer', () => {
  test('is waited for on a node that is not there yet', async () => {
    await using served = await ServedNodes.open()
    served.all.node('n2').partition('journal')
    await served.connect(['n1']).task.create({ id: 't1', title: 'x' })
    const written = await served.request('n1', '/v1/tasks/t1')
    const position = written.headers.get(POSITION_HEADER) ?? ''
    expect(Number(position)).toBe(served.all.node('n1').fabric.nodes?.position)
    expect((await served.request('n2', '/v1/tasks/t1')).status).toBe(404)
    const waiting = served.request('n2', '/v1/tasks/t1', { [POSITION_HEADER]: position })
    served.all.node('n2').heal()
    expect((await waiting).status).toBe(200)
  })

  test('is no position when it is malformed, and none is told where there is one process', async () => {
    await using served = await ServedNodes.open({ count: 1 })
    const refused = await served.request('n1', '/v1/status', { [POSITION_HEADER]: '-1' })
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'Ifab-Position' } })
    await using alone = await serveFabric()
    expect((await alone.request('/v1/status')).headers.get(POSITION_HEADER)).toBeNull()
  })

  test('is kept by the client, so that it reads on any node what it wrote on another', async () => {
    await using served = await ServedNodes.open()
    const client = served.connect(['n1', 'n2'])
    await client.task.create({ id: 't1', title: 'x' })
    served.all.node('n2').partition('journal')
    await client.task.create({ id: 't2', title: 'x' })
    await served.servers.get('n1')?.close()
    const shown = client.task.show({ task: 't2' })
    await until(() => client.url === served.url('n2'))
    served.all.node('n2').heal()
    expect(await shown).toMatchObject({ task: { id: 't2' } })
  })
})

describe('any node', () => {
  test('knows a token that was issued on another a moment ago', async () => {
    await using served = await ServedNodes.open()
    for (const [by, at] of [
      ['n1', 'n2'],
      ['n2', 'n3'],
    ] as const) {
      const { token } = await served.connect([by]).token.issue({ name: 'ci', role: 'viewer' })
      expect(await served.connect([at], { token }).token.whoami()).toMatchObject({ actor: 'viewer:ci' })
    }
  })

  test('tells which nodes there are and which one leads', async () => {
    await using served = await ServedNodes.open()
    await served.all.advance(1_000)
    const { nodes } = await served.connect(['n3']).fabric.status()
    expect(nodes).toMatchObject({ self: 'n3', leader: 'n1', term: 1 })
    expect(nodes?.members.map(({ id, leads, lag }) => ({ id, leads, lag }))).toEqual([
      { id: 'n1', leads: true, lag: 0 },
      { id: 'n2', leads: false, lag: 0 },
      { id: 'n3', leads: false, lag: 0 },
    ])
  })
})

describe('a node that has lost touch with the journal', () => {
  test('is not ready, lets nobody in, and ends what waits there', async () => {
    await using served = await ServedNodes.open()
    const client = served.connect(['n2'], { retries: 0 })
    await client.swarm.register({ swarm: 's1' })
    const { token } = await served.connect(['n1']).token.issue({ name: 's1' })
    const waiting = client.task.next({ as: 's1', waitMs: 50_000 }).catch((error) => error)
    const streaming = codeOf(events(client))
    await until(() => served.all.node('n2').fabric.health().waiting === 1)
    served.all.node('n2').partition('journal')
    await served.all.advance(6_000)
    expect(await waiting).toMatchObject({ code: 'UNAVAILABLE', details: { reason: 'stale' } })
    expect(await streaming).toBe('UNAVAILABLE')
    const readiness = await served.request('n2', '/readyz', NOBODY)
    expect({ status: readiness.status, body: await readiness.json() }).toMatchObject({
      ...{ status: 503, body: { details: { reason: 'stale' } } },
    })
    await expect(served.connect(['n2'], { token, retries: 0 }).token.whoami()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    served.all.node('n2').heal()
    await served.all.advance(1_000)
    expect((await served.request('n2', '/readyz', NOBODY)).status).toBe(200)
  })
})

describe('a client of several nodes', () => {
  test('goes on with another when one is gone, also with its stream of entries', async () => {
    await using served = await ServedNodes.open()
    const client = served.connect(['n2', 'n3'])
    const ending = new AbortController()
    const seen: number[] = []
    const following = (async () => {
      for await (const { index } of client.events({ from: 0, signal: ending.signal })) seen.push(index)
    })()
    await client.task.create({ id: 't1', title: 'x' })
    await until(() => seen.length > 3)
    await served.servers.get('n2')?.close()
    await client.task.create({ id: 't2', title: 'x' })
    expect(client.url).toBe(served.url('n3'))
    const size = (await served.all.log.entries()).length
    await until(() => seen.length >= size)
    ending.abort()
    await following
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => index))
  })
})

/** Follows until that ends. */
async function events(client: FabricClient): Promise<void> {
  for await (const _ of client.events({ reconnect: false }));
}
