import { FabricError, isFabricError } from '../../model/errors.js'
import { checkBatch, checkIndex, checkSnapshot } from '../check.js'
import type { Batch, Chunk, Head, Journal, JournalHealth, Snapshot } from '../journal.js'
import { closed } from '../refusal.js'
import { checkAccess, type EtcdJournalOptions } from './options.js'
import { Session } from './session.js'

/**
 * A journal that etcd keeps: one key for each batch, and one for the head that every append compares. Any number of processes
 * may have it open; of those that append at the same place one wins and the others are fenced.
 */
export class EtcdJournal implements Journal {
  readonly #options: EtcdJournalOptions
  #session: Session | undefined
  #opening = false
  #failure: FabricError | undefined
  /** Appends and snapshots each wait for the one before. */
  #appends: Promise<void> = Promise.resolve()
  #puts: Promise<void> = Promise.resolve()

  constructor(options: EtcdJournalOptions) {
    checkAccess(options)
    this.#options = options
  }

  /**
   * Throws UNAVAILABLE when no member answers, UNAUTHENTICATED or FORBIDDEN when etcd refuses, LOG_DIVERGED when the directory
   * belongs to another log, LOG_TRIMMED when its copy lacks what etcd has removed. Opening it while it is open is harmless.
   */
  async open(): Promise<Head> {
    if (this.#opening) throw new FabricError('UNAVAILABLE', 'The journal is being opened. Wait for that.')
    if (this.#session !== undefined && this.#failure === undefined) return this.head()
    this.#opening = true
    try {
      await this.#appends
      // Who followed a log that was lost was told so; it is opened like one that was never seen.
      if (this.#failure?.code === 'LOG_DIVERGED') await this.#end()
      if (this.#session === undefined) this.#session = await Session.open(this.#options, (error) => this.#fail(error))
      else await this.#session.log.look()
    } finally {
      this.#opening = false
    }
    this.#failure = undefined
    return this.#session.log.head
  }

  append(expectedSize: number, batch: Batch): Promise<void> {
    const result = this.#appends.then(() => this.#append(expectedSize, batch))
    this.#appends = result.catch(() => undefined)
    return result
  }

  async head(): Promise<Head> {
    const { log } = this.#require()
    if (this.#failure !== undefined) throw this.#failure
    return this.#guard(log.look())
  }

  /** The end at the time of the call is the one this process knows, by its appends, by following, and by the last `head`. */
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
    const result = this.#puts.then(async () => {
      const session = this.#require()
      checkSnapshot(snapshot, session.log.size)
      await session.putSnapshot(snapshot)
    })
    this.#puts = result.catch(() => undefined)
    return result
  }

  async latestSnapshot(maxSize: number): Promise<Snapshot | undefined> {
    return this.#require().snapshots.latest(maxSize)
  }

  /** `bytes` is what etcd takes on the disk of a member, together with all else it holds. */
  health(): JournalHealth {
    const { servers, name } = this.#options
    const session = this.#session
    const { members, bytes } = session?.facts() ?? { members: 0, bytes: 0 }
    const warning = session?.warning
    return {
      driver: 'etcd',
      state: session === undefined ? 'closed' : this.#failure === undefined ? 'open' : 'failed',
      durability: 'power',
      entries: session?.log.size ?? 0,
      bytes,
      location: `etcd://${servers.join(',')}/${name}${members === 0 ? '' : ` (${members === 1 ? '1 member' : `${members} members`})`}`,
      ...(warning !== undefined && { warning }),
    }
  }

  async close(): Promise<void> {
    await this.#appends
    await this.#end()
  }

  async #end(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    this.#failure = undefined
    await session?.close()
  }

  async #append(expectedSize: number, batch: Batch): Promise<void> {
    const { log } = this.#require()
    if (this.#failure !== undefined) throw this.#failure
    checkIndex(expectedSize, 'expectedSize')
    checkBatch(batch)
    try {
      await this.#guard(log.append(expectedSize, batch))
    } catch (error) {
      if (!isFabricError(error, 'UNAVAILABLE')) throw error
      const message = `${error.message} Whether the last batch was written is not known: read the head.`
      throw new FabricError('AMBIGUOUS', message, error.details, { cause: error })
    }
  }

  /** Notes a failure that only opening the journal again can end. */
  async #guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (isFabricError(error, 'STORAGE_FAILED') || isFabricError(error, 'LOG_DIVERGED')) this.#fail(error)
      throw error
    }
  }

  #fail(error: FabricError): void {
    this.#failure ??= error
    // Entries that are lost were shown: whoever follows must not go on as if nothing had happened.
    if (error.code === 'LOG_DIVERGED') this.#session?.growth.end(error)
  }

  #require(): Session {
    if (this.#session === undefined) throw closed()
    return this.#session
  }
}
