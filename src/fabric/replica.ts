import type { Policy } from '../coordinator/policy.js'
import type { FabricState } from '../coordinator/state.js'
import type { Chunk, Head, Journal } from '../journal/journal.js'
import { FabricError } from '../model/errors.js'
import { decodeEntry, type EncodedEntry } from './entry-codec.js'
import type { Fold } from './fold.js'
import { LogClock } from './log-clock.js'
import { Meter } from './meter.js'
import { Publisher } from './publisher.js'
import { type Loaded, loadFold } from './recovery.js'
import { Snapshotter } from './snapshotter.js'
import type { Timing } from './timing.js'
import type { Witnessing } from './witnessing.js'

export interface ReplicaOptions {
  readonly journal: Journal
  readonly policy: Policy
  readonly timing: Timing
  /** Entries between two snapshots. */
  readonly snapshotEvery: number
  /** Told about faults that no caller is waiting for. */
  readonly report: (error: unknown) => void
}

/** `rebuilt` says that the state was made anew from the journal: what changed since the last call is not known. */
export type ChangeListener = (state: FabricState, rebuilt: boolean) => void

type Read = { readonly run: () => void; readonly reject: (error: unknown) => void }

/**
 * What a process has of the log: the state that it folds to, its witness, and those who read and follow them. Who writes the
 * log, an engine of this process or another machine, is not its matter: it is told what is durable, and shows that.
 */
export class Replica {
  readonly publisher: Publisher
  readonly meter = new Meter()
  readonly snapshotter: Snapshotter
  /** While it is set the state may be ahead of the journal, and reads wait for the next `changed`. */
  held = false
  /** Why nothing can be read any more. */
  ended: FabricError | undefined
  #witnessing: Witnessing | undefined
  #fold: Fold
  #reads: Read[] = []
  readonly #options: ReplicaOptions
  readonly #clock: LogClock
  readonly #listeners = new Set<ChangeListener>()

  private constructor(options: ReplicaOptions, { fold, snapshotSize }: Loaded) {
    const { journal, timing, snapshotEvery, report } = options
    this.#options = options
    this.#fold = fold
    this.publisher = new Publisher(journal, fold.head.size)
    this.snapshotter = new Snapshotter(journal, snapshotEvery, snapshotSize, report)
    this.#clock = new LogClock(timing)
  }

  /** Folds a journal that is open. */
  static async load(options: ReplicaOptions): Promise<Replica> {
    return new Replica(options, await loadFold(options.journal, options.policy))
  }

  get fold(): Fold {
    return this.#fold
  }

  get name(): string {
    return this.#fold.head.name
  }

  get witnessing(): Witnessing | undefined {
    return this.#witnessing
  }

  /** From now on it is given every entry that becomes durable. */
  attach(witnessing: Witnessing | undefined): void {
    this.#witnessing = witnessing
  }

  now(): number {
    return this.#clock.now(this.#fold.head.lastAt)
  }

  /** Reads that wait. */
  get waitingReads(): number {
    return this.#reads.length
  }

  /**
   * Reads the state as it is now, also what is not durable yet. Only for what needs no more than that: nobody knows a token
   * before its entry is durable, and to refuse one whose revocation is being written is right at any rate.
   */
  peek<Result>(query: (state: FabricState, now: number) => Result): Result {
    return query(this.#fold.state, this.now())
  }

  /** Runs a query when everything that it sees is durable. */
  readFold<Result>(query: (fold: Fold) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      const run = () => {
        try {
          resolve(query(this.#fold))
        } catch (error) {
          reject(error)
        }
      }
      if (this.ended !== undefined) reject(this.ended)
      else if (this.held) this.#reads.push({ run, reject })
      else run()
    })
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Folds entries that became durable elsewhere, behind those it has, and shows them. */
  take(chunk: Chunk): readonly EncodedEntry[] {
    const { size } = this.publisher
    const fresh = chunk.filter(({ index }) => index >= size)
    const entries = fresh.map(({ index, bytes }) => ({ ...decodeEntry(index, bytes), bytes: bytes.slice() }))
    for (const entry of entries) this.#fold.apply(entry)
    this.publish(entries)
    this.changed(false)
    this.snapshotter.consider(this.#fold)
    return entries
  }

  /** Gives out entries that are durable and folded. Call `changed` in the same turn. */
  publish(entries: readonly EncodedEntry[]): void {
    this.#witnessing?.append(entries)
    this.publisher.publish(entries)
  }

  /** Everything in the state is durable: answers the reads that wait and tells those who watch. */
  changed(rebuilt: boolean): void {
    const { state } = this.#fold
    for (const read of this.#reads.splice(0)) read.run()
    for (const listener of this.#listeners) listener(state, rebuilt)
    state.forgetNews()
  }

  rejectReads(error: FabricError): void {
    for (const read of this.#reads.splice(0)) read.reject(error)
  }

  /**
   * Folds the journal anew, and publishes entries that turn out to be durable although nobody was told of them, which are
   * handed to `found`, too.
   */
  async rebuild(reopen: boolean, found: (entries: readonly EncodedEntry[]) => void = () => {}): Promise<Head> {
    const { journal, policy } = this.#options
    await this.snapshotter.idle()
    const head = reopen ? await journal.open() : await journal.head()
    if (head.size < this.publisher.size) throw shorter(head.size, this.publisher.size)
    this.#fold = (await loadFold(journal, policy)).fold
    this.#fold.state.startedAt = this.now()
    for await (const chunk of journal.read(this.publisher.size)) {
      const entries = chunk.map(({ index, bytes }) => ({ ...decodeEntry(index, bytes), bytes: bytes.slice() }))
      // Others may have written since it was folded.
      for (const entry of entries) if (entry.index >= this.#fold.head.size) this.#fold.apply(entry)
      this.publish(entries)
      found(entries)
    }
    return head
  }

  async snapshot(): Promise<number> {
    return this.snapshotter.take(await this.readFold((fold) => fold))
  }

  /** Takes a snapshot where the state is `healthy`, ends those who follow, and closes witness and journal. */
  async close(healthy: boolean): Promise<void> {
    const { journal, report } = this.#options
    if (healthy) await this.snapshotter.take(this.#fold).catch(report)
    await this.snapshotter.idle()
    this.publisher.close()
    await this.#witnessing?.close().catch(report)
    await journal.close()
  }
}

function shorter(size: number, seen: number): FabricError {
  const message = `The journal has ${size} entries, but ${seen} were acknowledged. Entries were lost: restore the data directory.`
  return new FabricError('LOG_DIVERGED', message, { size, seen })
}
