import type { StreamInfo } from '@nats-io/jetstream'
import { assertInvariant, type FabricError, isFabricError } from '../../model/errors.js'
import { followGrowth, type Growth } from '../growth.js'
import type { Batch, Chunk } from '../journal.js'
import { encodeMessages, isSame, type LogMessage, viewMessage } from '../message.js'
import { closed, fenced } from '../refusal.js'
import { askMonitors, type Durability, judgeDurability, requireDurable } from './durability.js'
import { diverged, interrupted } from './failure.js'
import { Link } from './link.js'
import { News } from './news.js'
import { DEFAULT_TIMEOUT_MS, type NatsJournalOptions } from './options.js'
import { type Fetch, LogReader } from './reader.js'
import type { Patience } from './requests.js'
import { LogStream } from './stream.js'
import { EMPTY, findTail, type Tail, tailAt } from './tail.js'
import { writeMessages } from './writer.js'

/**
 * How often a writer that tells of an earlier end makes this process look: most likely it only does not know better.
 */
const DOUBT_MS = 1_000

export interface LogEvents {
  /** There are new entries. */
  grown(): void
  /** The log on the server is not the one that was read and written before. */
  failed(error: FabricError): void
}

interface Session {
  readonly link: Link
  readonly stream: LogStream
  readonly news: News
}

/** A log that several processes write and follow: what this one knows of its end, and what it does to learn more. */
export class SharedLog {
  readonly #options: NatsJournalOptions
  readonly #events: LogEvents
  readonly #closing = new AbortController()
  readonly #reader = new LogReader()
  #session: Session | undefined
  #tail: Tail = EMPTY
  #bytes = 0
  #durability: Durability = { durability: 'process', description: '' }
  /** Whether the last message is this process's own: then it tells others where the log ends. */
  #last = false
  #followers = 0
  #repairing = false
  #lookedAt = 0
  /** The last message that anybody told of. */
  #heardEnd = 0

  constructor(options: NatsJournalOptions, events: LogEvents) {
    this.#options = options
    this.#events = events
  }

  get tail(): Tail {
    return this.#tail
  }

  get bytes(): number {
    return this.#bytes
  }

  get durability(): Durability {
    return this.#durability
  }

  /** Connects, again too, and finds the end of the log. One that was seen before is never made anew when it is gone. */
  async connect(): Promise<void> {
    const link = await Link.open(this.#options, () => void this.#repair())
    const former = this.#session
    try {
      this.#session = await this.#begin(link)
      // What was told between looking and listening was missed.
      await this.look()
    } catch (error) {
      if (this.#session !== former) this.#session?.news.close()
      this.#session = former
      await link.close()
      throw error
    }
    await end(former)
  }

  async #begin(link: Link): Promise<Session> {
    const { name, replicas, monitors = [] } = this.#options
    const stream = await LogStream.over(link, this.#options)
    const patience = this.#patience()
    if (this.#tail.sequence === 0) await stream.ensure(replicas, patience)
    const info = await this.#look(stream, patience)
    this.#durability = judgeDurability(info, await askMonitors(monitors))
    if (this.#options.requireDurable === true) requireDurable(this.#durability)
    const last = () => (this.#last ? this.#tail.sequence : undefined)
    const news = new News(link, `ifab.${name}.news`, last, {
      heard: (sequence, message) => this.#heard(sequence, message),
      silent: () => void (this.#followers > 0 && this.#repair()),
    })
    return { link, stream, news }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const session = this.#session
    this.#session = undefined
    await end(session)
  }

  /** Tells others no more where the log ends: this process does not know. They look for themselves then. */
  fallSilent(): void {
    this.#last = false
  }

  /** Asks the leader of the stream where the log ends. Throws LOG_DIVERGED when it has not what was there before. */
  async look(): Promise<Tail> {
    await this.#look(this.#opened.stream, this.#patience())
    return this.#tail
  }

  async append(expectedSize: number, batch: Batch): Promise<void> {
    const { stream } = this.#opened
    const patience = this.#patience()
    if (expectedSize > this.#tail.size) await this.#look(stream, patience)
    for (;;) {
      const { sequence, size } = this.#tail
      if (size !== expectedSize) throw fenced(expectedSize, size)
      const messages = encodeMessages(size, batch, stream.messageBytes)
      const outcome = await writeMessages(stream, messages, sequence, patience)
      if (outcome === 'stored') return this.#wrote(sequence, messages)
      await this.#look(stream, patience)
      if (outcome === 'interrupted' && this.#tail.size === size) throw interrupted(size)
      // Only parts of a batch that is not whole are in the way: this one goes behind them.
      if (this.#tail.size === size) await stream.pause(patience)
    }
  }

  /** Entries from `from` to the end as it is known at the time of the call. */
  chunks(from: number, signal?: AbortSignal): AsyncIterable<Chunk> {
    return this.#reader.read(from, this.#tail, this.#fetch(signal))
  }

  /** Waits through whatever keeps the servers from answering. */
  async *follow(from: number, growth: Growth, signal: AbortSignal): AsyncGenerator<Chunk, void> {
    const either = AbortSignal.any([signal, this.#closing.signal])
    const journal = { read: (at: number) => this.chunks(at, either) }
    let next = from
    this.#followers += 1
    try {
      while (!signal.aborted) {
        try {
          for await (const chunk of followGrowth(journal, growth, () => this.#tail.size, next, signal)) {
            next += chunk.length
            yield chunk
          }
        } catch (error) {
          const outage = isFabricError(error, 'UNAVAILABLE') && this.#session !== undefined
          if (!outage) throw error
        }
      }
    } finally {
      this.#followers -= 1
    }
  }

  /** Id of the batch that holds an entry; undefined when the log does not reach it. */
  batchOf(index: number): Promise<string | undefined> {
    return this.#reader.batchOf(index, this.#tail, this.#fetch())
  }

  #fetch(signal?: AbortSignal): Fetch {
    const { stream } = this.#opened
    return (sequence) => stream.fetch(sequence, this.#patience(signal))
  }

  async #look(stream: LogStream, patience: Patience): Promise<StreamInfo> {
    const { sequence, last } = this.#tail
    this.#lookedAt = performance.now()
    const info = await stream.info(sequence, patience)
    const get = (at: number) => stream.get(at, patience)
    if (last !== undefined) {
      const found = await get(sequence)
      if (found === undefined || !isSame(found, last)) throw diverged(stream.name, `has another message ${sequence}`)
    }
    if (info.state.last_seq > sequence) this.#advance(await findTail(info.state.last_seq, get), false)
    this.#bytes = info.state.bytes
    return info
  }

  #heard(sequence: number, message: LogMessage | undefined): void {
    const { tail } = this
    this.#heardEnd = Math.max(this.#heardEnd, sequence)
    if (sequence > tail.sequence) {
      const next = sequence === tail.sequence + 1 && message?.firstIndex === tail.size && message.parts === 1
      if (next) this.#accept(sequence, { ...message, content: Buffer.from(message.content) }, false)
      else void this.#repair()
    } else if (sequence < tail.sequence && performance.now() - this.#lookedAt > DOUBT_MS) {
      void this.#repair()
    }
  }

  #wrote(last: number, messages: readonly Buffer[]): void {
    const { news } = this.#opened
    const [first] = messages
    const final = viewMessage(messages.at(-1) ?? Buffer.alloc(0))
    assertInvariant(first !== undefined && final !== undefined, 'a batch has messages')
    const sequence = last + messages.length
    this.#accept(sequence, final, true)
    news.tell(sequence, messages.length === 1 ? first : undefined)
  }

  /** Takes in a message that makes a batch whole, and is stored behind what was known. */
  #accept(sequence: number, message: LogMessage, own: boolean): void {
    this.#reader.add(sequence, message)
    this.#bytes += message.content.length
    this.#advance(tailAt(sequence, message), own)
  }

  /** Moves the known end on, never back: what was learned in another order may come late. */
  #advance(tail: Tail, own: boolean): void {
    if (tail.sequence <= this.#tail.sequence) return
    const grown = tail.size > this.#tail.size
    this.#tail = tail
    this.#last = own
    if (grown) this.#events.grown()
  }

  /** Looks until what was heard is known; when that fails for now, the next news or the next silence asks again. */
  async #repair(): Promise<void> {
    if (this.#repairing || this.#session === undefined) return
    this.#repairing = true
    try {
      let before: number
      do {
        before = this.#tail.sequence
        await this.look()
      } while (this.#tail.sequence < this.#heardEnd && this.#tail.sequence > before)
    } catch (error) {
      if (isFabricError(error, 'LOG_DIVERGED')) this.#events.failed(error)
    } finally {
      this.#repairing = false
    }
  }

  #patience(signal: AbortSignal = this.#closing.signal): Patience {
    return { until: performance.now() + (this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS), signal }
  }

  get #opened(): Session {
    if (this.#session === undefined) throw closed()
    return this.#session
  }
}

async function end(session: Session | undefined): Promise<void> {
  session?.news.close()
  await session?.link.close()
}
