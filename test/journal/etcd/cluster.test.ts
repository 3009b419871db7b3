import { afterEach, beforeEach, expect, test } from 'vitest'
import type { EtcdJournal } from '../../../src/journal/etcd/etcd-journal.js'
import { batch, fill, texts } from '../../conformance/journal.js'
import { describeWithEtcd, EtcdServer } from '../../support/etcd-server.js'
import { collect } from '../sharing.js'
import { type EtcdPlace, etcdPlace } from './place.js'

describeWithEtcd('EtcdJournal, on three members', () => {
  let servers: EtcdServer[]
  let place: EtcdPlace
  const opened: EtcdJournal[] = []

  beforeEach(async () => {
    servers = await EtcdServer.startCluster(3)
    place = await etcdPlace(
      servers.map(({ address }) => address),
      { timeoutMs: 25_000 },
    )
  })
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.dispose()))
    await Promise.all(opened.splice(0).map((journal) => journal.close()))
    await place.dispose()
  })

  async function open(timeoutMs = 25_000): Promise<EtcdJournal> {
    const journal = place.other({ timeoutMs })
    await journal.open()
    opened.push(journal)
    return journal
  }

  test('one member may die at a time, whichever it is', async () => {
    const [writer, follower] = [await open(), await open()]
    expect(writer.health().location).toContain('3 members')
    const seen = collect(follower, 0, 60)
    const expected = await fill(writer, 15)
    for (const [position, server] of servers.entries()) {
      await server.kill()
      expected.push(...(await fill(writer, 15, 15 * (position + 1))))
      await server.restart()
    }
    expect(await seen).toEqual(expected)
    expect(await texts(await open(), 0)).toEqual(expected)
  })

  test('a member that stands still is passed over', async () => {
    const journal = await open()
    await journal.append(0, batch('one', ['a']))
    await servers[0]?.freeze()
    await journal.append(1, batch('two', ['b']))
    servers[0]?.thaw()
    expect(await texts(await open(), 0)).toEqual(['a', 'b'])
  })

  test('without a majority nothing is written, nothing is lost, and it goes on when there is one again', async () => {
    const journal = await open(4_000)
    const follower = await open()
    const seen = collect(follower, 0, 12)
    const expected = await fill(journal, 10)
    await Promise.all(servers.slice(1).map((server) => server.kill()))
    await expect(journal.append(10, batch('in vain', ['x']))).rejects.toMatchObject({ code: 'AMBIGUOUS' })
    await expect(journal.head()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await Promise.all(servers.slice(1).map((server) => server.restart()))
    const { size, lastBatch } = await journal.head()
    if (lastBatch?.batchId === 'in vain') expected.push('x')
    const rest = Array.from({ length: 12 - size }, (_, entry) => `rest ${entry}`)
    await journal.append(size, batch('rest', rest))
    expected.push(...rest)
    expect(await seen).toEqual(expected)
    expect(await texts(await open(), 0)).toEqual(expected)
  })
})
