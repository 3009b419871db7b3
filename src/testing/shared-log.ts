import type { Batch, Chunk, Head, Journal, JournalHealth, Snapshot } from '../journal/journal.js'
import type { Membership } from '../journal/membership.js'
import { MemoryJournal } from '../journal/memory/memory-journal.js'
import { closed } from '../journal/refusal.js'
import { FabricError } from '../model/errors.js'
import type { Timing } from '../model/time.js'
import { FaultyJournal } from './faulty-journal.js'
import { LineMembership, SharedMembers } from './shared-members.js'

/** What a node is connected with, and what can happen to it. */
export interface SharedLine {
  readonly journal: FaultyJournal
  readonly membership: Membership
  /** From now on nothing gets through: requests fail, and news stays away. */
  cut(): void
  mend(): void
  /** From now on requests wait, as those of a process that was stopped, or of one that the network holds up. */
  hold(): void
  release(): void
}

/** A journal server in memory, for any number of nodes that each have a line of their own to it. */
export class SharedLog {
  readonly #log = new MemoryJournal()
  readonly #members: SharedMembers

  constructor(timing: Timing) {
    this.#members = new SharedMembers(timing)
  }

  /** `timing` is that of the node. */
  connect(timing: Timing): SharedLine {
    const line = new Line()
    return {
      journal: new FaultyJournal(new LineJournal(this.#log, line)),
      membership: new LineMembership(this.#members, line, timing),
      cut: () => line.cut(),
      mend: () => line.mend(),
      hold: () => line.hold(),
      release: () => line.release(),
    }
  }

  /** Begins with these entries instead of with none. */
  async seed(entries: readonly Uint8Array[]): Promise<void> {
    await this.#log.open()
    await this.#log.append(0, { writerId: 'seed', batchId: 'seed', entries })
  }

  /** Every entry that is durable. */
  async entries(): Promise<Uint8Array[]> {
    await this.#log.open()
    const entries: Uint8Array[] = []
    for await (const chunk of this.#log.read(0)) entries.push(...chunk.map(({ bytes }) => bytes))
    return entries
  }
}

/** The way from one node to the server. */
export class Line {
  #isCut = false
  #held: { readonly released: Promise<void>; readonly release: () => void } | undefined
  #mended: (() => void)[] = []

  get isCut(): boolean {
    return this.#isCut
  }

  cut(): void {
    this.#isCut = true
  }

  mend(): void {
    this.#isCut = false
    for (const tell of this.#mended.splice(0)) tell()
  }

  hold(): void {
    if (this.#held !== undefined) return
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#held = { released, release }
  }

  release(): void {
    this.#held?.release()
    this.#held = undefined
  }

  /** Resolves when a request has got through. Throws UNAVAILABLE when it cannot. */
  async pass(): Promise<void> {
    while (this.#held !== undefined) await this.#held.released
    if (this.#isCut) throw new FabricError('UNAVAILABLE', 'The scripted line to the journal is cut.')
  }

  /** Resolves when news can come through again, or at once when `signal` aborts. */
  async open(signal: AbortSignal): Promise<void> {
    while ((this.#isCut || this.#held !== undefined) && !signal.aborted) {
      const mended = this.#isCut
        ? new Promise<void>((resolve) => void this.#mended.push(resolve))
        : (this.#held?.released ?? Promise.resolve())
      const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      await Promise.race([mended, aborted])
    }
  }
}

/** One node's connection to the log of all. Closing it leaves the log open to the others. */
class LineJournal implements Journal {
  readonly #log: MemoryJournal
  readonly #line: Line
  #closing: AbortController | undefined

  constructor(log: MemoryJournal, line: Line) {
    this.#log = log
    this.#line = line
  }

  async open(): Promise<Head> {
    await this.#line.pass()
    this.#closing ??= new AbortController()
    return this.#log.open()
  }

  async append(expectedSize: number, batch: Batch): Promise<void> {
    this.#requireOpen()
    await this.#line.pass()
    await this.#log.append(expectedSize, batch)
  }

  async head(): Promise<Head> {
    this.#requireOpen()
    await this.#line.pass()
    return this.#log.head()
  }

  async *read(from: number): AsyncGenerator<Chunk, void> {
    this.#requireOpen()
    await this.#line.pass()
    yield* this.#log.read(from)
  }

  async *follow(from: number, signal: AbortSignal): AsyncGenerator<Chunk, void> {
    const closing = this.#requireOpen()
    const ending = AbortSignal.any([signal, closing])
    for await (const chunk of this.#log.follow(from, ending)) {
      await this.#line.open(ending)
      if (ending.aborted) break
      yield chunk
    }
    if (closing.aborted && !signal.aborted) throw closed()
  }

  async putSnapshot(snapshot: Snapshot): Promise<void> {
    this.#requireOpen()
    await this.#line.pass()
    await this.#log.putSnapshot(snapshot)
  }

  async latestSnapshot(maxSize: number): Promise<Snapshot | undefined> {
    this.#requireOpen()
    await this.#line.pass()
    return this.#log.latestSnapshot(maxSize)
  }

  health(): JournalHealth {
    return { ...this.#log.health(), driver: 'shared', state: this.#closing === undefined ? 'closed' : 'open' }
  }

  async close(): Promise<void> {
    this.#closing?.abort()
    this.#closing = undefined
  }

  #requireOpen(): AbortSignal {
    if (this.#closing === undefined) throw closed()
    return this.#closing.signal
  }
}
