import { jetstreamManager, type StreamAPI } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Journal } from '../../../src/journal/journal.js'
import type { NatsJournal } from '../../../src/journal/nats/nats-journal.js'
import { batch, fill, texts } from '../../conformance/journal.js'
import { CuttingProxy } from '../../support/cutting-proxy.js'
import { describeWithNats, NatsServer } from '../../support/nats-server.js'
import { collect } from '../sharing.js'
import { loseReply, type NatsPlace, natsPlace } from './place.js'

describeWithNats('NatsJournal, when something breaks', () => {
  let server: NatsServer
  let proxy: CuttingProxy
  let place: NatsPlace
  const opened: Journal[] = []

  beforeEach(async () => {
    server = await NatsServer.start()
    proxy = await CuttingProxy.start(server.port)
    place = await natsPlace([server.address])
  })

  afterEach(async () => {
    await proxy.close()
    await Promise.all(opened.splice(0).map((journal) => journal.close()))
    await server.dispose()
    await place.dispose()
  })

  /** A journal as another process has it, over the proxy or not. */
  async function open(options: { servers?: string[]; timeoutMs?: number } = {}): Promise<NatsJournal> {
    const journal = place.journal(options)
    await journal.open()
    opened.push(journal)
    return journal
  }

  const overProxy = (timeoutMs = 8_000) => open({ servers: [`127.0.0.1:${proxy.port}`], timeoutMs })

  test('a lost acknowledgement is settled by reading back: the batch is there once', async () => {
    const journal = await overProxy()
    await journal.append(0, batch('one', ['a']))
    const cut = loseReply(proxy, '"seq":', 'disconnect')
    await journal.append(1, batch('two', ['b', 'c']))
    await cut
    expect(journal.health().entries).toBe(3)
    await journal.append(3, batch('three', ['d']))
    expect(await texts(await open(), 0)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('an append that never arrives is made again', async () => {
    const journal = await overProxy()
    let cuts = 0
    proxy.onRequest((bytes) => {
      if (cuts > 0 || !bytes.includes('HPUB ifab.')) return
      cuts += 1
      proxy.disconnect()
    })
    await journal.append(0, batch('one', ['a']))
    expect(cuts).toBe(1)
    expect(await texts(await open(), 0)).toEqual(['a'])
  })

  test('an append is ambiguous when nobody can tell, and the head tells later', async () => {
    const journal = await overProxy(500)
    const cut = loseReply(proxy, '"seq":', 'cut')
    await expect(journal.append(0, batch('one', ['a']))).rejects.toMatchObject({ code: 'AMBIGUOUS' })
    await cut
    await expect(journal.head()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    proxy.heal()
    await expect
      .poll(() => journal.head().catch(() => undefined), POLL)
      .toMatchObject({ lastBatch: { batchId: 'one' } })
    await journal.append(1, batch('two', ['b']))
    expect(await texts(journal, 0)).toEqual(['a', 'b'])
  })

  test('an append without a connection is refused as not written', async () => {
    const journal = await overProxy(300)
    proxy.cut()
    await expect.poll(() => journal.append(0, batch('one', ['a'])).catch(({ code }) => code), POLL).toBe('UNAVAILABLE')
    expect(await (await open()).head()).toEqual({ size: 0 })
  })

  test('a lost acknowledgement after which another process wrote is still settled', async () => {
    const journal = await overProxy()
    const other = await open()
    const cut = loseReply(proxy, '"seq":', 'cut')
    const append = journal.append(0, batch('one', ['a']))
    await cut
    await other.head()
    await other.append(1, batch('two', ['b']))
    proxy.heal()
    await append
    await expect(journal.append(1, batch('three', ['c']))).rejects.toMatchObject({ code: 'FENCED' })
    expect(await texts(journal, 0)).toEqual(['a', 'b'])
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

  test('a killed server comes back with everything, and journals and followers go on', async () => {
    const writer = await open()
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
    const impatient = await open({ timeoutMs: 4_000 })
    server.freeze()
    const append = journal.append(1, batch('two', ['b']))
    // By then the request was given up, and the connection was found dead.
    await expect(impatient.head()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    server.thaw()
    await append
    expect(await texts(await open(), 0)).toEqual(['a', 'b'])
  })

  test('a stream that is deleted is noticed, by writers and followers, and is not made anew', async () => {
    const writer = await open()
    const follower = await open()
    await fill(writer, 5)
    const following = expect(collect(follower, 0, 6)).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    await follower.head()
    await deleteStream()
    await expect(writer.append(5, batch('late', ['x']))).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    expect(writer.health().state).toBe('failed')
    await expect(writer.open()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    await following
    await expect(writer.append(5, batch('late', ['x']))).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
    await expect(withStreams((streams) => streams.info(`ifab-${place.name}`))).rejects.toThrow('stream not found')
  })

  test('a log that was replaced while the connection was away is noticed when that returns', async () => {
    const journal = await overProxy()
    await fill(journal, 5)
    proxy.cut()
    await deleteStream()
    await fillOther(20)
    proxy.heal()
    await expect.poll(() => journal.health().state, POLL).toBe('failed')
  })

  test.each([3, 8])('a log of %i other entries in its place is noticed', async (count) => {
    const writer = await open()
    await fill(writer, 5)
    await deleteStream()
    await fillOther(count)
    await expect(writer.head()).rejects.toMatchObject({ code: 'LOG_DIVERGED' })
  })

  async function fillOther(count: number): Promise<void> {
    const other = await open()
    for (let size = 0; size < count; size += 1) await other.append(size, batch(`other ${size}`, ['x']))
    // It has nothing to tell then, so that others must find out by themselves.
    await other.close()
  }

  function deleteStream(): Promise<unknown> {
    return withStreams((streams) => streams.delete(`ifab-${place.name}`))
  }

  async function withStreams<T>(work: (streams: StreamAPI) => Promise<T>): Promise<T> {
    const connection = await connect({ servers: server.address })
    try {
      return await work((await jetstreamManager(connection)).streams)
    } finally {
      await connection.close()
    }
  }
})

const POLL = { timeout: 10_000 }
