import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { EtcdJournal } from '../../../src/journal/etcd/etcd-journal.js'
import type { EtcdJournalOptions } from '../../../src/journal/etcd/options.js'
import type { Batch } from '../../../src/journal/journal.js'
import { batch, fill, found, snapshot, texts } from '../../conformance/journal.js'
import { CuttingProxy } from '../../support/cutting-proxy.js'
import { describeWithEtcd, EtcdServer } from '../../support/etcd-server.js'
import { appendAll, collect } from '../sharing.js'
import { type EtcdPlace, etcdPlace, holdParts } from './place.js'

const SPLIT = fileURLToPath(new URL('../children/split-etcd.mjs', import.meta.url))

describeWithEtcd('EtcdJournal, in several processes', () => {
  let server: EtcdServer
  let place: EtcdPlace
  const opened: EtcdJournal[] = []

  beforeAll(async () => {
    server = await EtcdServer.start()
  })
  beforeEach(async () => {
    place = await etcdPlace([server.address])
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((journal) => journal.close()))
    await place.dispose()
  })
  afterAll(() => server.dispose())

  async function open(options: Partial<EtcdJournalOptions> = {}): Promise<EtcdJournal> {
    const journal = place.other(options)
    await journal.open()
    opened.push(journal)
    return journal
  }

  /** Keys of parts that are in etcd. */
  async function parts(): Promise<number> {
    const [key, rangeEnd] = ['part/', 'part0'].map((end) => base64(`infrafabric/${place.name}/${end}`))
    const answer = await server.ask('kv/range', { key, range_end: rangeEnd, count_only: true })
    return Number(answer.count ?? 0)
  }

  test('of two writers one is fenced, reads what the other wrote, and goes on', async () => {
    const [one, two] = [await open(), await open()]
    await one.append(0, batch('one', ['a', 'b']))
    const stale = two.append(0, batch('two', ['c']))
    await expect(stale).rejects.toMatchObject({ code: 'FENCED', details: { expected: 0, actual: 2 } })
    expect(await texts(two, 0)).toEqual(['a', 'b'])
    await two.append(2, batch('two again', ['c']))
    await expect(one.append(2, batch('three', ['d']))).rejects.toMatchObject({ code: 'FENCED' })
    expect(await one.head()).toMatchObject({ size: 3, lastBatch: { batchId: 'two again' } })
  })

  test('writers that race lose nothing and write nothing twice', async () => {
    const journals = await Promise.all([open(), open(), open()])
    await Promise.all(journals.map((journal, writer) => appendAll(journal, `writer ${writer}`, 40)))
    const all = await texts(await open(), 0)
    expect(all).toHaveLength(120)
    for (const [writer, journal] of journals.entries()) {
      const own = all.filter((entry) => entry.startsWith(`writer ${writer} `))
      expect(own).toEqual(Array.from({ length: 40 }, (_, entry) => `writer ${writer} ${entry}`))
      await journal.head()
      expect(await texts(journal, 0)).toEqual(all)
    }
  })

  test('a follower in another process hears of each batch, large ones too', async () => {
    const [writer, follower] = [await open(), await open()]
    const seen = collect(follower, 0, 160)
    await fill(writer, 50)
    await writer.append(50, large('large'))
    await fill(writer, 50, 110)
    expect((await seen).map(({ length }) => length)).toEqual((await texts(writer, 0)).map(({ length }) => length))
  })

  test('a batch in parts is read whole and from every place, and etcd holds its parts once', async () => {
    const journal = await open()
    await journal.append(0, batch('small', ['a']))
    await journal.append(1, large('large'))
    await journal.append(61, batch('small again', ['b']))
    expect(await parts()).toBe(3)
    const all = await texts(await open(), 0)
    expect(all.map(({ length }) => length)).toEqual([1, ...large('large').entries.map(({ length }) => length), 1])
    for (const from of [1, 30, 60, 61]) expect(await texts(await open(), from)).toEqual(all.slice(from))
  })

  test('of a batch whose writer is killed between its parts nobody sees anything, and nothing stays', async () => {
    const proxy = await CuttingProxy.start(server.port)
    const held = holdParts(proxy, 3)
    const child = spawn(process.execPath, [SPLIT, `127.0.0.1:${proxy.port}`, place.name], { stdio: 'inherit' })
    try {
      await held
      await expect.poll(parts).toBeGreaterThanOrEqual(2)
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    } finally {
      child.kill('SIGKILL')
      await proxy.close()
    }
    const journal = await open()
    expect(await journal.head()).toEqual({ size: 0 })
    expect(await texts(journal, 0)).toEqual([])
    await journal.append(0, batch('after', ['a']))
    expect(await texts(await open(), 0)).toEqual(['a'])
    expect(await parts()).toBe(0)
  })

  test('a writer that is overtaken between its parts is fenced', async () => {
    const proxy = await CuttingProxy.start(server.port)
    try {
      const slow = await open({ servers: [`127.0.0.1:${proxy.port}`], timeoutMs: 20_000 })
      const fast = await open()
      const held = holdParts(proxy, 2)
      const append = slow.append(0, large('slow'))
      await held
      await fast.append(0, batch('fast', ['a']))
      proxy.heal()
      await expect(append).rejects.toMatchObject({ code: 'FENCED' })
      expect(await parts()).toBe(0)
      expect(await texts(slow, 0)).toEqual(['a'])
      await slow.append(1, large('slow'))
      expect(await fast.head()).toMatchObject({ size: 61 })
      expect(await texts(fast, 0)).toHaveLength(61)
    } finally {
      await proxy.close()
    }
  })

  test('logs of different names do not see each other, also when one name begins like the other', async () => {
    const one = await open({ name: place.name })
    const two = await open({ name: `${place.name}0` })
    await one.append(0, batch('one', ['a']))
    await two.append(0, batch('two', ['b', 'c']))
    expect(await texts(await open(), 0)).toEqual(['a'])
    expect(await two.head()).toMatchObject({ size: 2 })
  })

  test('a snapshot counts only for the log it was taken of', async () => {
    const directory = place.directory
    const journal = await open({ directory })
    await fill(journal, 6)
    await journal.putSnapshot(snapshot(3, ['three']))
    await journal.putSnapshot(snapshot(6, ['six']))
    expect(await found(journal, 6)).toMatchObject({ size: 6, content: 'six' })
    await journal.close()
    const other = await open({ directory, name: `${place.name}-other` })
    await other.append(0, batch('other', ['a', 'b', 'c', 'd', 'e', 'f']))
    expect(await found(other, 6)).toBeUndefined()
  })

  test('a directory belongs to one process', async () => {
    await open({ directory: place.directory })
    await expect(open({ directory: place.directory })).rejects.toMatchObject({ code: 'DATA_LOCKED' })
  })

  test('health tells the driver, what an append survives, the cluster and its size', async () => {
    const journal = await open()
    await fill(journal, 4)
    expect(journal.health()).toMatchObject({
      driver: 'etcd',
      state: 'open',
      durability: 'power',
      entries: 4,
      location: `etcd://${server.address}/${place.name} (1 member)`,
    })
    expect(journal.health().bytes).toBeGreaterThan(0)
    expect(journal.health().warning).toBeUndefined()
  })

  test('opening again is harmless, also while it is open', async () => {
    const journal = await open()
    await journal.append(0, batch('one', ['a']))
    expect(await journal.open()).toMatchObject({ size: 1 })
  })
})

/** A batch that needs four requests. */
function large(batchId: string): Batch {
  const entries = Array.from({ length: 60 }, (_, entry) => Buffer.alloc(60_000 + entry, 'x'))
  return { writerId: 'writer', batchId, entries }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
