import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Batch, Journal } from '../../../src/journal/journal.js'
import { encodeMessages } from '../../../src/journal/message.js'
import type { NatsJournal } from '../../../src/journal/nats/nats-journal.js'
import type { NatsJournalOptions } from '../../../src/journal/nats/options.js'
import { batch, fill, found, snapshot, texts } from '../../conformance/journal.js'
import { CuttingProxy } from '../../support/cutting-proxy.js'
import { describeWithNats, NatsServer } from '../../support/nats-server.js'
import { appendAll, collect } from '../sharing.js'
import { holdBehind, type NatsPlace, natsPlace } from './place.js'

const PAYLOAD_BYTES = 16_384

describeWithNats('NatsJournal, in several processes', () => {
  let server: NatsServer
  let place: NatsPlace
  const opened: Journal[] = []

  beforeAll(async () => {
    server = await NatsServer.start({ settings: `max_payload: ${PAYLOAD_BYTES}` })
  })
  beforeEach(async () => {
    place = await natsPlace([server.address])
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((journal) => journal.close()))
    await place.dispose()
  })
  afterAll(() => server.dispose())

  async function open(options: Partial<NatsJournalOptions> = {}): Promise<NatsJournal> {
    const journal = place.journal(options)
    await journal.open()
    opened.push(journal)
    return journal
  }

  /** Puts messages into the stream as a process does that dies before it can tell anybody. */
  async function store(last: number, messages: readonly Buffer[]): Promise<void> {
    const connection = await connect({ servers: server.address })
    const client = jetstream(connection)
    for (const [position, bytes] of messages.entries()) {
      await client.publish(`ifab.${place.name}.log`, bytes, { expect: { lastSequence: last + position } })
    }
    await connection.close()
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
    const seen = collect(follower, 0, 103)
    await fill(writer, 50)
    await writer.append(50, large('large', 3))
    await fill(writer, 50, 53)
    expect((await seen).map(({ length }) => length)).toEqual((await texts(writer, 0)).map(({ length }) => length))
  })

  test('a follower finds what a process wrote that died before it told anybody', async () => {
    const follower = await open()
    const seen = collect(follower, 0, 2)
    await store(0, encodeMessages(0, batch('silent', ['a', 'b']), PAYLOAD_BYTES))
    expect(await seen).toEqual(['a', 'b'])
  })

  test('the last writer tells again and again where the log ends, and only that one does', async () => {
    const [first, last] = [await open(), await open()]
    await first.append(0, batch('one', ['a']))
    await last.head()
    await last.append(1, batch('two', ['b', 'c']))
    await first.head()
    const connection = await connect({ servers: server.address })
    const ends: bigint[] = []
    connection.subscribe(`ifab.${place.name}.news`, {
      callback: (_, { data }) => void ends.push(Buffer.from(data).readBigUInt64LE()),
    })
    await expect.poll(() => ends.length, { timeout: 5_000 }).toBeGreaterThan(3)
    await connection.close()
    expect(new Set(ends)).toEqual(new Set([2n]))
  })

  test('news that are wrong do no harm', async () => {
    const [writer, follower] = [await open(), await open()]
    const seen = collect(follower, 0, 3)
    await writer.append(0, batch('one', ['a']))
    const connection = await connect({ servers: server.address })
    for (const news of ['', 'x', 'longer than a number', '\u0000'.repeat(8), '\u00ff'.repeat(8)]) {
      connection.publish(`ifab.${place.name}.news`, Buffer.from(news, 'latin1'))
    }
    await connection.close()
    await writer.append(1, batch('two', ['b', 'c']))
    expect(await seen).toEqual(['a', 'b', 'c'])
  })

  test('parts of a batch that never became whole do not count, and the next writer goes behind them', async () => {
    const before = await open()
    await before.append(0, batch('one', ['a']))
    await store(1, encodeMessages(1, large('torn', 4), PAYLOAD_BYTES - 1_000).slice(0, 3))
    await store(4, encodeMessages(1, large('torn again', 4), PAYLOAD_BYTES - 1_000).slice(0, 2))
    const journal = await open()
    expect(await journal.head()).toEqual({ size: 1, lastBatch: { writerId: 'writer', batchId: 'one' } })
    expect(await texts(journal, 0)).toEqual(['a'])
    await before.append(1, batch('two', ['b']))
    await expect(journal.append(1, batch('three', ['c']))).rejects.toMatchObject({ code: 'FENCED' })
    await journal.append(2, large('whole', 4))
    const all = await texts(await open(), 0)
    expect([all.slice(0, 2), all.length]).toEqual([['a', 'b'], 6])
    for (const from of [1, 2, 5]) expect(await texts(await open(), from)).toEqual(all.slice(from))
  })

  test('of a batch whose writer is killed between its parts nobody sees anything', async () => {
    const proxy = await CuttingProxy.start(server.port)
    const held = holdBehind(proxy, 2)
    const words = [SPLIT, `127.0.0.1:${proxy.port}`, place.name, place.directory]
    const child = spawn(process.execPath, words, { stdio: 'inherit' })
    try {
      await held
      await expect.poll(lastSequence).toBe(2)
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    } finally {
      child.kill('SIGKILL')
      await proxy.close()
    }
    const journal = await open()
    expect(await journal.head()).toEqual({ size: 0 })
    await journal.append(0, batch('after', ['a']))
    expect(await texts(await open(), 0)).toEqual(['a'])
  })

  test('a writer that is overtaken between its parts is fenced', async () => {
    const proxy = await CuttingProxy.start(server.port)
    try {
      const slow = await open({ servers: [`127.0.0.1:${proxy.port}`] })
      const fast = await open()
      const held = holdBehind(proxy, 1)
      const append = slow.append(0, large('slow', 4))
      await held
      await expect.poll(lastSequence).toBe(1)
      await fast.append(0, batch('fast', ['a']))
      proxy.heal()
      await expect(append).rejects.toMatchObject({ code: 'FENCED' })
      expect(await texts(slow, 0)).toEqual(['a'])
      await slow.append(1, large('slow', 4))
      expect(await fast.head()).toMatchObject({ size: 5 })
      expect(await texts(fast, 0)).toHaveLength(5)
    } finally {
      await proxy.close()
    }
  })

  test('a writer that a part of another batch interrupts is fenced, and neither is seen', async () => {
    const proxy = await CuttingProxy.start(server.port)
    try {
      const slow = await open({ servers: [`127.0.0.1:${proxy.port}`] })
      const held = holdBehind(proxy, 1)
      const append = slow.append(0, large('slow', 4))
      await held
      await expect.poll(lastSequence).toBe(1)
      await store(1, encodeMessages(0, large('torn', 4), PAYLOAD_BYTES - 1_000).slice(0, 1))
      proxy.heal()
      await expect(append).rejects.toMatchObject({ code: 'FENCED', details: { expected: 0, actual: 0 } })
      expect(await slow.head()).toEqual({ size: 0 })
      await slow.append(0, large('slow again', 4))
      expect(await texts(await open(), 0)).toHaveLength(4)
    } finally {
      await proxy.close()
    }
  })

  test('a snapshot counts only for the log it was taken of', async () => {
    const journal = await open()
    await fill(journal, 6)
    await journal.putSnapshot(snapshot(3, ['three']))
    await journal.putSnapshot(snapshot(6, ['six']))
    expect(await found(journal, 6)).toMatchObject({ size: 6, content: 'six' })
    const other = await open({ name: `${place.name}-other` })
    // The same first three entries in batches of other names, then different ones.
    await other.append(0, batch('other', ['a', 'b', 'c', 'd', 'e', 'f']))
    expect(await found(other, 6)).toBeUndefined()
  })

  async function lastSequence(): Promise<number> {
    const connection = await connect({ servers: server.address })
    const { state } = await (await jetstream(connection).jetstreamManager()).streams.info(`ifab-${place.name}`)
    await connection.close()
    return state.last_seq
  }
})

const SPLIT = fileURLToPath(new URL('../children/split.mjs', import.meta.url))

/** A batch of entries that need some parts each. */
function large(batchId: string, count: number): Batch {
  const entries = Array.from({ length: count }, (_, entry) => Buffer.alloc(15_000 + entry, 'x'))
  return { writerId: 'writer', batchId, entries }
}
