import { cp, rm } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { EtcdJournal } from '../../../src/journal/etcd/etcd-journal.js'
import type { EtcdJournalOptions } from '../../../src/journal/etcd/options.js'
import { batch, fill, texts } from '../../conformance/journal.js'
import { CuttingProxy } from '../../support/cutting-proxy.js'
import { describeWithEtcd, EtcdServer } from '../../support/etcd-server.js'
import { collect } from '../sharing.js'
import { type EtcdPlace, etcdPlace, loseReply } from './place.js'

const POLL = { timeout: 20_000, interval: 50 }

describeWithEtcd('EtcdJournal, when something breaks', () => {
  let server: EtcdServer
  let proxy: CuttingProxy
  let place: EtcdPlace
  const opened: EtcdJournal[] = []

  beforeEach(async () => {
    server = await EtcdServer.start()
    proxy = await CuttingProxy.start(server.port)
    place = await etcdPlace([server.address])
  })

  afterEach(async () => {
    await proxy.close()
    await server.dispose()
    await Promise.all(opened.splice(0).map((journal) => journal.close()))
    await place.dispose()
  })

  /** A journal as another process has it. */
  async function open(options: Partial<EtcdJournalOptions> = {}): Promise<EtcdJournal> {
    const journal = place.other(options)
    await journal.open()
    opened.push(journal)
    return journal
  }

  const overProxy = (timeoutMs = 8_000) => open({ servers: [`127.0.0.1:${proxy.port}`], timeoutMs })

  test('a lost acknowledgement is settled by asking again: the batch is there once', async () => {
    const journal = await overProxy()
    await journal.append(0, batch('one', ['a']))
    const lost = loseReply(proxy, 'batch to lose', 'disconnect')
    await journal.append(1, batch('batch to lose', ['b', 'c']))
    await lost
    await journal.append(3, batch('three', ['d']))
    expect(await texts(await open(), 0)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('a lost acknowledgement after which another process wrote is still settled', async () => {
    const journal = await overProxy()
    const other = await open()
    const lost = loseReply(proxy, 'batch to lose', 'cut')
    const append = journal.append(0, batch('batch to lose', ['a']))
    await lost
    await expect.poll(async () => (await other.head()).size, POLL).toBe(1)
    await other.append(1, batch('two', ['b']))
    proxy.heal()
    await append
    await expect(journal.append(1, batch('three', ['c']))).rejects.toMatchObject({ code: 'FENCED' })
    expect(await texts(journal, 0)).toEqual(['a', 'b'])
  })

  test('an append that never arrives is made again', async () => {
    const journal = await overProxy()
    let cuts = 0
    proxy.onRequest((bytes) => {
      if (cuts > 0 || !bytes.includes('batch to lose')) return
      cuts += 1
      proxy.disconnect()
    })
    await journal.append(0, batch('batch to lose', ['a']))
    expect(cuts).toBe(1)
    expect(await texts(await open(), 0)).toEqual(['a'])
  })

  test('an append is ambiguous when nobody can tell, and the head tells later', async () => {
    const journal = await overProxy(500)
    const lost = loseReply(proxy, 'batch to lose', 'cut')
    await expect(journal.append(0, batch('batch to lose', ['a']))).rejects.toMatchObject({ code: 'AMBIGUOUS' })
    await lost
    await expect(journal.head()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    proxy.heal()
    expect(await journal.head()).toMatchObject({ size: 1, lastBatch: { batchId: 'batch to lose' } })
    await journal.append(1, batch('two', ['b']))
    expect(await texts(journal, 0)).toEqual(['a', 'b'])
  })

  test('what the head said after an ambiguous append stays so: the append cannot arrive later', async () => {
    const journal = await overProxy(500)
    await journal.append(0, batch('one', ['a']))
    const key = base64(`infrafabric/${place.name}/head`)
    const revision = async () => {
      const { kvs } = (await server.ask('kv/range', { key })) as { kvs: { mod_revision: string }[] }
      return kvs[0]?.mod_revision
    }
    const before = await revision()
    proxy.cut()
    await expect(journal.append(1, batch('two', ['b']))).rejects.toMatchObject({ code: 'AMBIGUOUS' })
    proxy.heal()
    expect(await journal.head()).toMatchObject({ size: 1, lastBatch: { batchId: 'one' } })
    // What every append compares has another revision now, although the log has not changed.
    expect(await revision()).not.toBe(before)
    const settled = await revision()
    await journal.head()
    expect(await revision()).toBe(settled)
    await journal.append(1, batch('three', ['c']))
    expect(await texts(await open(), 0)).toEqual(['a', 'c'])
  })

  test('a follower whose connection is cut again and again misses nothing', async () => {
    const writer = await open()
    const follower = await overProxy()
    const seen = collect(follower, 0, 300)
    const expected: string[] = []
    for (let size = 0; size < 300; size += 20) {
      expected.push(...(await fill(writer, 20, size)))
      proxy.disconnect()
    }
    expect(await seen).toEqual(expected)
  })

  test('a follower whose connection says nothing any more makes another', async () => {
    const writer = await open()
    const follower = await overProxy()
    const seen = collect(follower, 0, 20)
    await fill(writer, 10)
    await expect.poll(() => follower.health().entries, POLL).toBe(10)
    proxy.treat({ replies: 'hold' })
    const renewed = new Promise<void>((resolve) => {
      proxy.onRequest((bytes) => bytes.includes('PRI * HTTP/2.0') && resolve())
    })
    await fill(writer, 10, 10)
    await renewed
    proxy.heal()
    expect(await seen).toHaveLength(20)
  })

  test('followers whose history is compacted miss nothing', async () => {
    const writer = await open()
    const follower = await overProxy()
    const seen = collect(follower, 0, 100)
    const expected = await fill(writer, 50)
    proxy.cut()
    expected.push(...(await fill(writer, 50, 50)))
    const { header } = (await server.ask('kv/range', { key: 'AA==' })) as { header: { revision: string } }
    await server.ask('kv/compaction', { revision: header.revision, physical: true })
    proxy.heal()
    expect(await seen).toEqual(expected)
    await expect(texts(await open(), 0)).resolves.toEqual(expected)
  })

  test('a killed server comes back with everything, and journals and followers go on', async () => {
    const writer = await open({ timeoutMs: 20_000 })
    const follower = await open()
    const seen = collect(follower, 0, 60)
    const expected = await fill(writer, 40)
    await server.kill()
    const append = writer.append(40, batch('while it is away', ['first']))
    await server.restart()
    await append
    expected.push('first', ...(await fill(writer, 19, 41)))
    expect(await seen).toEqual(expected)
    expect(await texts(await open(), 0)).toEqual(expected)
  })

  test('an append to a frozen server ends once that goes on, and is there once', async () => {
    const journal = await open({ timeoutMs: 20_000 })
    await journal.append(0, batch('one', ['a']))
    const impatient = await open({ timeoutMs: 3_500 })
    await server.freeze()
    const append = journal.append(1, batch('two', ['b']))
    await expect(impatient.head()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    server.thaw()
    await append
    expect(await texts(await open(), 0)).toEqual(['a', 'b'])
  })

  test('a log that is deleted is noticed, by writers and followers, and is not made anew', async () => {
    const writer = await open()
    const follower = await open()
    await fill(writer, 5)
    const following = expect(collect(follower, 0, 6)).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    await expect.poll(() => follower.health().entries, POLL).toBe(5)
    await server.ask('kv/deleterange', { key: base64('infrafabric/'), range_end: base64('infrafabric0') })
    await expect(writer.append(5, batch('late', ['x']))).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    expect(writer.health().state).toBe('failed')
    await expect(writer.head()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    await expect(follower.head()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    await following
  })

  test('a log that is deleted and begun anew is another one', async () => {
    const [writer, follower] = [await open(), await open()]
    await fill(writer, 5)
    const following = expect(collect(follower, 0, 9)).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    await expect.poll(() => follower.health().entries, POLL).toBe(5)
    await server.ask('kv/deleterange', { key: base64('infrafabric/'), range_end: base64('infrafabric0') })
    const stranger = await open()
    await stranger.append(0, batch('first', ['a']))
    await following
    await expect(writer.append(5, batch('late', ['x']))).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    expect(await texts(stranger, 0)).toEqual(['a'])
  })

  test('a server that was set back to a backup is noticed, by writers and followers', async () => {
    const writer = await open({ timeoutMs: 20_000 })
    const follower = await open()
    await fill(writer, 5)
    await server.kill()
    const backup = `${server.data}.backup`
    await cp(server.data, backup, { recursive: true })
    await server.restart()
    await fill(writer, 5, 5)
    const following = expect(collect(follower, 0, 20)).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    await expect.poll(() => follower.health().entries, POLL).toBe(10)
    await server.kill()
    await rm(server.data, { recursive: true })
    await cp(backup, server.data, { recursive: true })
    await server.restart()
    await following
    await expect(writer.append(10, batch('late', ['x']))).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    // Whoever opens it anew sees what is there: it is for the witness to tell that it is not all.
    expect(await writer.open()).toMatchObject({ size: 5 })
  })

  test('a full server refuses, and takes appends again when there is room and the journal is opened again', async () => {
    await server.dispose()
    server = await EtcdServer.start({ flags: ['--quota-backend-bytes=4194304'] })
    const journal = await open({ servers: [server.address] })
    const entries = Array.from({ length: 8 }, () => Buffer.alloc(60_000, 'x'))
    let size = 0
    const full = async () => {
      for (;;) {
        await journal.append(size, { writerId: 'writer', batchId: `at ${size}`, entries })
        size += entries.length
      }
    }
    await expect(full()).rejects.toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringContaining('compact') })
    await expect(journal.append(size, batch('late', ['x']))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(journal.health()).toMatchObject({ state: 'failed', entries: size })
    await server.kill('SIGTERM')
    await server.restart(['--quota-backend-bytes=104857600'])
    const { alarms } = (await server.ask('maintenance/alarm', { action: 'GET' })) as { alarms: object[] }
    for (const alarm of alarms) await server.ask('maintenance/alarm', { ...alarm, action: 'DEACTIVATE' })
    expect(await journal.open()).toMatchObject({ size })
    await journal.append(size, batch('again', ['x']))
    expect((await texts(journal, size)).at(-1)).toBe('x')
  })
})

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
