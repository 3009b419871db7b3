import { FabricError, isFabricError } from '../../model/errors.js'
import { BoundSnapshots } from '../bound-snapshots.js'
import { checkBatch, checkIndex, checkSnapshot } from '../check.js'
import { Growth } from '../growth.js'
import type { Batch, Chunk, Head, Journal, JournalHealth, Snapshot } from '../journal.js'
import { closed } from '../refusal.js'
import { checkOptions, type NatsJournalOptions } from './options.js'
import { SharedLog } from './shared-log.js'
import { headOf } from './tail.js'

interface Opened {
  readonly log: SharedLog
  readonly snapshots: BoundSnapshots
  readonly growth: Growth
}

/**
 * A journal that NATS JetStream keeps: one stream, one message for each batch. Any number of processes may have it
 * open; each append is conditional, so of those that write at the same place one wins and the others are fenced.
 */
export class NatsJournal implements Journal {
  readonly #options: NatsJournalOptions
  #opened: Opened | undefined
  #opening = false
  #failure: FabricError | undefined
  /** Appends and snapshots each wait for the one before. */
  #appends: Promise<void> = Promise.resolve()
  #puts: Promise<void> = Promise.resolve()

  constructor(options: NatsJournalOptions) {
    checkOptions(options)
    this.#options = options
  }

  /**
   * Throws UNAVAILABLE when no server answers, CONFLICT when the stream is something else, POLICY_VIOLATION when it
   * must be durable and is not. Opening it after a failure checks that the log still is what it was, or throws
   * LOG_DIVERGED.
   */
  async open(): Promise<Head> {
    if (this.#opening) throw new FabricError('UNAVAILABLE', 'The journal is being opened. Wait for that.')
    if (this.#opened !== undefined && this.#failure === undefined) return this.head()
    this.#opening = true
    try {
      const opened = this.#opened ?? this.#prepare()
      await this.#appends
      await opened.snapshots.open()
      await opened.log.connect()
      // Who followed a log that was lost was told so; who follows from now on sees the one that is there again.
      this.#opened = this.#failure?.code === 'LOG_DIVERGED' ? { ...opened, growth: new Growth() } : opened
    } finally {
      this.#opening = false
    }
    this.#failure = undefined
    return headOf(this.#opened.log.tail)
  }

  append(expectedSize: number, batch: Batch): Promise<void> {
    const result = this.#appends.then(() => this.#append(expectedSize, batch))
    this.#appends = result.catch(() => undefined)
    return result
  }

  async head(): Promise<Head> {
    const { log } = this.#require()
    return headOf(await this.#guard(log.look()))
  }

  read(from: number): AsyncIterable<Chunk> {
    checkIndex(from, 'from')
    return this.#require().log.chunks(from)
  }

  follow(from: number, signal: AbortSignal): AsyncIterable<Chunk> {
    checkIndex(from, 'from')
    const { log, growth } = this.#require()
    return log.follow(from, growth, signal)
  }

  putSnapshot(snapshot: Snapshot): Promise<void> {
    const result = this.#puts.then(() => {
      const { log, snapshots } = this.#require()
      checkSnapshot(snapshot, log.tail.size)
      return snapshots.put(snapshot)
    })
    this.#puts = result.catch(() => undefined)
    return result
  }

  async latestSnapshot(maxSize: number): Promise<Snapshot | undefined> {
    return this.#require().snapshots.latest(maxSize)
  }

  health(): JournalHealth {
    const { servers, name } = this.#options
    const log = this.#opened?.log
    const { durability = 'process', description, warning } = log?.durability ?? {}
    return {
      driver: 'nats',
      state: log === undefined ? 'closed' : this.#failure === undefined ? 'open' : 'failed',
      durability,
      entries: log?.tail.size ?? 0,
      bytes: log?.bytes ?? 0,
      location: `nats://${servers.join(',')}/${name}${description === undefined ? '' : ` (${description})`}`,
      ...(warning !== undefined && { warning }),
    }
  }

  async close(): Promise<void> {
    await this.#appends
    const opened = this.#opened
    if (opened === undefined) return
    this.#opened = undefined
    this.#failure = undefined
    opened.growth.end(closed())
    await opened.log.close()
  }

  #prepare(): Opened {
    const log = new SharedLog(this.#options, {
      grown: () => this.#opened?.growth.announce(),
      failed: (error) => this.#fail(error),
    })
    const snapshots = new BoundSnapshots(this.#options.directory, (index) => log.batchOf(index))
    return { log, snapshots, growth: new Growth() }
  }

  async #append(expectedSize: number, batch: Batch): Promise<void> {
    const { log } = this.#require()
    if (this.#failure !== undefined) throw this.#failure
    checkIndex(expectedSize, 'expectedSize')
    checkBatch(batch)
    await this.#guard(log.append(expectedSize, batch))
  }

  /** Notes a failure that only opening the journal again can end. */
  async #guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      const lasting = isFabricError(error, 'STORAGE_FAILED') || isFabricError(error, 'LOG_DIVERGED')
      if (lasting) this.#fail(error)
      throw error
    }
  }

  #fail(error: FabricError): void {
    this.#failure ??= error
    this.#opened?.log.fallSilent()
    // Entries that are lost were shown: whoever follows must not go on as if nothing had happened.
    if (error.code === 'LOG_DIVERGED') this.#opened?.growth.end(error)
  }

  #require(): Opened {
    if (this.#opened === undefined) throw closed()
    return this.#opened
  }
}
