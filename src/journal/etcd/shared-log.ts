import { setTimeout as sleep } from 'node:timers/promises'
import { type FabricError, isFabricError } from '../../model/errors.js'
import { followGrowth, type Growth } from '../growth.js'
import type { Batch, Chunk, Head } from '../journal.js'
import { type LogMessage, viewMessage } from '../message.js'
import type { Connection, Patience } from './connection.js'
import { diverged } from './failure.js'
import { DELETED, type WatchResponse } from './protocol.js'
import { RecentRecords } from './recent-records.js'
import type { LogEnd, RemoteLog } from './remote-log.js'
import type { RemoteReader } from './remote-reader.js'
import { watch } from './watch.js'

/** Between two watches, so that a cluster in trouble is not asked without a break. */
const PAUSE_MS = 100

export interface LogEvents {
  /** There are new entries. */
  grown(): void
  /** The log in etcd is not the one that was read and written before. */
  failed(error: FabricError): void
}

/** A copy of the log on this machine, from its beginning. */
export interface LocalCopy {
  readonly size: number
  read(from: number): AsyncIterable<Chunk>
}

/** A log that several processes write and follow: what this one knows of its end, and what it does to learn more. */
export class SharedLog {
  readonly #remote: RemoteLog
  readonly #reader: RemoteReader
  readonly #connection: Connection
  readonly #patience: (signal?: AbortSignal) => Patience
  readonly #events: LogEvents
  readonly #recent = new RecentRecords()
  #copy: LocalCopy | undefined
  #end: LogEnd
  #watchers = 0
  #watching: AbortController | undefined
  /** An append ended without a word whether it was written, and may still be under way. */
  #unsettled = false

  constructor({ remote, reader, connection, patience, end }: SharedLogParts, events: LogEvents) {
    this.#remote = remote
    this.#reader = reader
    this.#connection = connection
    this.#patience = patience
    this.#end = end
    this.#events = events
  }

  get head(): Head {
    const { size, lastBatch } = this.#end
    return lastBatch === undefined ? { size } : { size, lastBatch }
  }

  get size(): number {
    return this.#end.size
  }

  /** From now on entries are read from there as far as it reaches. */
  readFrom(copy: LocalCopy): void {
    this.#copy = copy
  }

  /** Asks etcd where the log ends; nothing that is under way from here changes that afterwards. Throws LOG_DIVERGED. */
  async look(): Promise<Head> {
    const end = await this.#remote.end(this.#unsettled)
    this.#unsettled = false
    this.#advance(end)
    const { size, lastBatch } = end
    return lastBatch === undefined ? { size } : { size, lastBatch }
  }

  async append(first: number, batch: Batch): Promise<void> {
    try {
      const message = await this.#remote.append(first, batch)
      if (this.#copy !== undefined || this.#watchers > 0) this.#remember(message)
    } catch (error) {
      this.#unsettled ||= isFabricError(error, 'UNAVAILABLE')
      throw error
    } finally {
      this.#advance(this.#remote.seen)
    }
  }

  /** Entries from `from` to the end as it is known at the time of the call. */
  chunks(from: number, signal?: AbortSignal): AsyncIterable<Chunk> {
    return this.#read(from, this.size, () => this.#patience(signal))
  }

  /** Follows without an end and through whatever keeps etcd from answering; hears of what others write. */
  async *follow(from: number, growth: Growth, signal: AbortSignal): AsyncGenerator<Chunk, void> {
    this.#watchers += 1
    this.#watch()
    try {
      yield* this.grow(from, growth, signal)
    } finally {
      this.#watchers -= 1
      if (this.#watchers === 0) this.rest()
    }
  }

  /** The same, but hears only of what this process writes or learns otherwise. */
  async *grow(from: number, growth: Growth, signal: AbortSignal): AsyncGenerator<Chunk, void> {
    const patient = () => ({ until: Number.POSITIVE_INFINITY, signal })
    const journal = { read: (at: number) => this.#read(at, this.size, patient) }
    try {
      yield* followGrowth(journal, growth, () => this.size, from, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  /** Stops watching. */
  rest(): void {
    this.#watching?.abort()
    this.#watching = undefined
  }

  async *#read(from: number, until: number, patience: () => Patience): AsyncGenerator<Chunk, void> {
    let next = from
    for (let chunk = this.#recent.chunk(next, until); chunk !== undefined; chunk = this.#recent.chunk(next, until)) {
      yield chunk
      next += chunk.length
    }
    if (this.#copy !== undefined && next < Math.min(this.#copy.size, until)) {
      for await (const chunk of this.#copy.read(next)) {
        const wanted = chunk.filter(({ index }) => index < until)
        if (wanted.length === 0) return
        yield wanted
        next += wanted.length
      }
    }
    yield* this.#reader.read(next, until, patience)
  }

  #watch(): void {
    if (this.#watching !== undefined) return
    this.#watching = new AbortController()
    void this.#keepWatching(this.#watching.signal)
  }

  /** What happened between two watches is known from the end of the log: its entries are read as all others are. */
  async #keepWatching(signal: AbortSignal): Promise<void> {
    const interval = { key: this.#remote.keys.record(0), rangeEnd: this.#remote.keys.recordsEnd }
    while (!signal.aborted) {
      try {
        const end = await this.#remote.end(false, { until: Number.POSITIVE_INFINITY, signal })
        this.#advance(end)
        const startRevision = end.revision + 1
        await watch(this.#connection, { ...interval, startRevision }, (events) => this.#heard(events), signal)
      } catch (error) {
        if (!signal.aborted) this.#suspect(error)
      }
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  #heard(events: WatchResponse['events']): void {
    for (const { type, kv } of events) {
      const message = type === DELETED ? undefined : viewMessage(kv.value)
      if (message === undefined) continue
      this.#remember(message)
      const { firstIndex, count, writerId, batchId } = message
      const { modRevision } = kv
      const size = firstIndex + count
      try {
        this.#advance({ size, lastBatch: { writerId, batchId }, fence: modRevision, revision: modRevision })
      } catch (error) {
        this.#suspect(error)
      }
    }
  }

  /** Of what goes wrong where nobody waits, only a log that is another one now concerns everybody. */
  #suspect(error: unknown): void {
    if (isFabricError(error, 'LOG_DIVERGED')) this.#events.failed(error)
  }

  #remember(message: LogMessage | undefined): void {
    if (message?.parts === 1) this.#recent.add(message.content)
  }

  /** Moves the known end on: what was learned in another order may come late, but then etcd was asked earlier. */
  #advance(end: LogEnd): void {
    if (end.size < this.#end.size && end.revision > this.#end.revision) {
      throw diverged(this.#remote.name, `has ${end.size} entries, but ${this.#end.size} were there before`)
    }
    if (end.revision <= this.#end.revision) return
    const grown = end.size > this.#end.size
    this.#end = end
    if (grown) this.#events.grown()
  }
}

export interface SharedLogParts {
  readonly remote: RemoteLog
  readonly reader: RemoteReader
  readonly connection: Connection
  readonly patience: (signal?: AbortSignal) => Patience
  readonly end: LogEnd
}
