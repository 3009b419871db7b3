import type { Batch, Chunk, Head, Journal, JournalHealth, Snapshot } from '../journal/journal.js'
import { closed, fenced } from '../journal/refusal.js'
import { type ErrorDetails, FabricError } from '../model/errors.js'

/** Holds one append back until the test lets it go on. */
export interface Gate {
  /** Resolves when the append has arrived at the gate; nothing is written yet. */
  readonly reached: Promise<void>
  /** Lets the append go on. */
  release(): void
}

type Fault = (expectedSize: number, batch: Batch) => Promise<void>

/**
 * A journal whose appends fail as scripted. Faults are used up in the order in which they were ordered, one per append;
 * without one an append goes through to the inner journal.
 */
export class FaultyJournal implements Journal {
  readonly #inner: Journal
  readonly #faults: Fault[] = []
  #torn = false
  #unreachable = false

  constructor(inner: Journal) {
    this.#inner = inner
  }

  /** The next append goes through; for scripts such as "the third one fails". */
  passNextAppend(): void {
    this.#faults.push((expectedSize, batch) => this.#inner.append(expectedSize, batch))
  }

  /** STORAGE_FAILED, not written; the append after it works again. */
  failNextAppend(): void {
    this.#faults.push(async () => {
      throw storageFailed()
    })
  }

  /** STORAGE_FAILED, not written, and everything fails the same until the journal is opened again. */
  tearNextAppend(): void {
    this.#faults.push(async () => {
      this.#torn = true
      throw storageFailed()
    })
  }

  /** STORAGE_FAILED from the flush, after which nobody knows what the disk holds; in this script it was written. */
  failNextFlush(): void {
    this.#faults.push(async (expectedSize, batch) => {
      await this.#inner.append(expectedSize, batch)
      this.#torn = true
      throw storageFailed({ stage: 'flush' })
    })
  }

  /** AMBIGUOUS, but written: only the acknowledgement is lost. */
  loseNextAcknowledgement(): void {
    this.#faults.push(async (expectedSize, batch) => {
      await this.#inner.append(expectedSize, batch)
      throw ambiguous()
    })
  }

  /** AMBIGUOUS and not written: the request is lost. */
  loseNextAppend(): void {
    this.#faults.push(async () => {
      throw ambiguous()
    })
  }

  /** FENCED, because another writer was faster: `foreign` is really in the log then. */
  fenceNextAppend(foreign: Batch): void {
    this.#faults.push(async (expectedSize) => {
      await this.#inner.append(expectedSize, foreign)
      throw fenced(expectedSize, expectedSize + foreign.entries.length)
    })
  }

  /** A flush that takes as long as the test wants. */
  holdNextAppend(): Gate {
    let arrive = () => {}
    let release = () => {}
    const reached = new Promise<void>((resolve) => {
      arrive = resolve
    })
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#faults.push(async (expectedSize, batch) => {
      arrive()
      await released
      await this.#inner.append(expectedSize, batch)
    })
    return { reached, release }
  }

  /** UNAVAILABLE from everything that would ask a server, until `reconnect`. Nothing is written. */
  disconnect(): void {
    this.#unreachable = true
  }

  /** AMBIGUOUS, but written, and from then on no server answers. */
  disconnectAfterNextAppend(): void {
    this.#faults.push(async (expectedSize, batch) => {
      await this.#inner.append(expectedSize, batch)
      this.disconnect()
      throw ambiguous()
    })
  }

  reconnect(): void {
    this.#unreachable = false
  }

  /** Number of scripted faults that no append has met yet. */
  get pendingFaults(): number {
    return this.#faults.length
  }

  async open(): Promise<Head> {
    this.#requireServer()
    this.#torn = false
    return this.#inner.open()
  }

  async append(expectedSize: number, batch: Batch): Promise<void> {
    if (this.#inner.health().state === 'closed') throw closed()
    this.#requireServer()
    if (this.#torn) throw storageFailed()
    const fault = this.#faults.shift()
    await (fault === undefined ? this.#inner.append(expectedSize, batch) : fault(expectedSize, batch))
  }

  async head(): Promise<Head> {
    this.#requireServer()
    if (this.#torn) throw storageFailed()
    return this.#inner.head()
  }

  read(from: number): AsyncIterable<Chunk> {
    this.#requireServer()
    return this.#inner.read(from)
  }

  follow(from: number, signal: AbortSignal): AsyncIterable<Chunk> {
    return this.#inner.follow(from, signal)
  }

  putSnapshot(snapshot: Snapshot): Promise<void> {
    return this.#inner.putSnapshot(snapshot)
  }

  latestSnapshot(maxSize: number): Promise<Snapshot | undefined> {
    return this.#inner.latestSnapshot(maxSize)
  }

  health(): JournalHealth {
    const health = this.#inner.health()
    return this.#torn ? { ...health, state: 'failed' } : health
  }

  async close(): Promise<void> {
    this.#torn = false
    await this.#inner.close()
  }

  #requireServer(): void {
    if (this.#unreachable) throw new FabricError('UNAVAILABLE', 'The scripted servers do not answer.')
  }
}

function storageFailed(details: ErrorDetails = {}): FabricError {
  return new FabricError('STORAGE_FAILED', 'The scripted disk is full. Close the journal and open it again.', details)
}

function ambiguous(): FabricError {
  return new FabricError('AMBIGUOUS', 'The scripted acknowledgement is lost. Read the head back and compare batchId.')
}
