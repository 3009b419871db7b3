import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { EtcdJournal } from '../../../src/journal/etcd/etcd-journal.js'
import type { EtcdJournalOptions } from '../../../src/journal/etcd/options.js'
import { readClosedLog } from '../../../src/journal/file/closed-log.js'
import { batch, fill, found, snapshot, texts } from '../../conformance/journal.js'
import { describeWithEtcd, EtcdServer } from '../../support/etcd-server.js'
import { collect } from '../sharing.js'
import { type EtcdPlace, etcdPlace } from './place.js'

const POLL = { timeout: 10_000, interval: 20 }

describeWithEtcd('EtcdJournal, with copies of the log', () => {
  let server: EtcdServer
  let place: EtcdPlace
  const opened: EtcdJournal[] = []

  beforeAll(async () => {
    server = await EtcdServer.start()
  })
  beforeEach(async () => {
    place = await etcdPlace([server.address], { archive: true })
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

  /** Records of the log that are in etcd. */
  async function records(): Promise<number> {
    return count('log/')
  }

  async function count(folder: string): Promise<number> {
    const key = base64(`infrafabric/${place.name}/${folder}`)
    const rangeEnd = base64(`infrafabric/${place.name}/${folder.slice(0, -1)}0`)
    const answer = await server.ask('kv/range', { key, range_end: rangeEnd, count_only: true })
    return Number(answer.count ?? 0)
  }

  test('a snapshot lets etcd go what lies behind it, and everything is still read', async () => {
    const journal = await open({ directory: place.directory })
    const expected = await fill(journal, 200)
    const before = await records()
    await journal.putSnapshot(snapshot(150, ['at 150']))
    expect(journal.health().warning).toBeUndefined()
    expect(await records()).toBeLessThan(before / 2)
    expected.push(...(await fill(journal, 50, 200)))
    for (const from of [0, 100, 149, 150, 151, 220]) expect(await texts(journal, from)).toEqual(expected.slice(from))
    expect(await found(journal, 250)).toMatchObject({ size: 150 })
    await journal.close()
    await journal.open()
    expect(await texts(journal, 0)).toEqual(expected)
    expect(await journal.head()).toMatchObject({ size: 250 })
  })

  test('etcd gets smaller: parts and old versions go too', async () => {
    const journal = await open()
    const entries = Array.from({ length: 60 }, () => Buffer.alloc(60_000, 'x'))
    await journal.append(0, { writerId: 'writer', batchId: 'large', entries })
    await journal.append(60, batch('small', ['a']))
    expect(await count('part/')).toBe(3)
    await journal.putSnapshot(snapshot(61, ['all']))
    expect([await count('part/'), await records()]).toEqual([0, 0])
    const first = { key: base64(`infrafabric/${place.name}/head`), revision: 2 }
    await expect(server.ask('kv/range', first)).rejects.toThrow('compacted')
    await journal.append(61, batch('after', ['b']))
    expect(await texts(journal, 60)).toEqual(['a', 'b'])
  })

  test('the copy is a log of files like any other', async () => {
    const journal = await open({ directory: place.directory })
    const expected = await fill(journal, 120)
    await journal.putSnapshot(snapshot(120, ['all']))
    await journal.close()
    const log = await readClosedLog(join(place.directory, 'log'))
    expect(log.entries).toBe(120)
    const read: string[] = []
    for await (const chunk of log.read(0)) read.push(...chunk.map(({ bytes }) => Buffer.from(bytes).toString()))
    expect(read).toEqual(expected)
  })

  test('a follower in another process copies what it hears, and reads it after etcd has let it go', async () => {
    const [writer, follower] = [await open(), await open()]
    const seen = collect(follower, 0, 100)
    const expected = await fill(writer, 100)
    expect(await seen).toEqual(expected)
    await follower.putSnapshot(snapshot(100, ['all']))
    await writer.putSnapshot(snapshot(100, ['all']))
    expect(await records()).toBe(0)
    expect(await texts(follower, 0)).toEqual(expected)
  })

  test('etcd keeps what a copy lacks that was seen lately', async () => {
    const writer = await open()
    const away = await open({ directory: place.directory })
    await fill(writer, 50)
    await away.head()
    await away.putSnapshot(snapshot(20, ['twenty']))
    await away.close()
    const expected = await texts(writer, 0)
    expected.push(...(await fill(writer, 50, 50)))
    await writer.putSnapshot(snapshot(100, ['all']))
    expect(await records()).toBeGreaterThan(0)
    await away.open()
    expect(await texts(away, 0)).toEqual(expected)
  })

  test('a process whose copy lacks what etcd has let go refuses, until it gets a copy of another', async () => {
    const away = await open({ directory: place.directory, archiveGraceSeconds: 2 })
    const writer = await open({ directory: join(place.directory, '..', 'writer') })
    await fill(writer, 50)
    await away.head()
    await away.putSnapshot(snapshot(50, ['fifty']))
    await away.close()
    await fill(writer, 50, 50)
    await expect.poll(() => count('copy/'), POLL).toBe(0)
    await writer.putSnapshot(snapshot(100, ['all']))
    expect(await records()).toBe(0)
    await expect(away.open()).rejects.toMatchObject({ code: 'LOG_TRIMMED', details: { from: 50, begin: 100 } })
    await expect(open()).rejects.toMatchObject({ code: 'LOG_TRIMMED', details: { from: 0, begin: 100 } })
    await writer.close()
    await rm(place.directory, { recursive: true })
    await cp(join(place.directory, '..', 'writer'), place.directory, { recursive: true })
    await away.open()
    expect(await texts(away, 0)).toHaveLength(100)
  })

  test('a process without a copy refuses to read what etcd has let go, and goes on from there', async () => {
    const writer = await open()
    await fill(writer, 40)
    await writer.putSnapshot(snapshot(30, ['thirty']))
    const bare = await open({ archive: false })
    await expect(texts(bare, 0)).rejects.toMatchObject({ code: 'LOG_TRIMMED' })
    expect(await texts(bare, 30)).toEqual(await texts(writer, 30))
    await bare.append(40, batch('on', ['a']))
    expect((await texts(bare, 39)).length).toBe(2)
  })

  test('a copy of another log, or of more than etcd has, is refused', async () => {
    const journal = await open({ directory: place.directory })
    await fill(journal, 30)
    await journal.putSnapshot(snapshot(30, ['all']))
    await journal.close()
    const other = place.journal({ name: `${place.name}-other` })
    await expect(other.open()).rejects.toThrow(`${place.directory} holds the copy of another log`)
    const value = base64(JSON.stringify({ size: 10, writerId: 'writer', batchId: 'restored' }))
    await server.ask('kv/put', { key: base64(`infrafabric/${place.name}/head`), value })
    await expect(journal.open()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
  })

  test('a copy that holds something else than etcd is refused', async () => {
    const journal = await open({ directory: place.directory })
    await journal.append(0, batch('one', ['a']))
    await expect.poll(async () => (await copied()).entries, POLL).toBe(1)
    await journal.close()
    const [key, rangeEnd] = ['log/', 'log0'].map((end) => base64(`infrafabric/${place.name}/${end}`))
    await server.ask('kv/deleterange', { key, range_end: rangeEnd })
    await expect(journal.open()).rejects.toMatchObject({ code: 'DATA_CORRUPT' })

    async function copied() {
      return readClosedLog(join(place.directory, 'log'))
    }
  })

  test('a copy whose disk refuses says so, while appends go on', async () => {
    const journal = await open({ directory: place.directory })
    await fill(journal, 3)
    await expect.poll(async () => (await readClosedLog(join(place.directory, 'log'))).entries, POLL).toBe(3)
    await rm(join(place.directory, 'snapshots'), { recursive: true })
    await expect(journal.putSnapshot(snapshot(3, ['x']))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await journal.append(3, batch('on', ['a']))
    expect(await journal.head()).toMatchObject({ size: 4 })
  })
})

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
