import type { CommandOf, CommandType, Replies } from '../coordinator/commands.js'
import type { Policy } from '../coordinator/policy.js'
import type { FabricState } from '../coordinator/state.js'
import type { Head, Journal } from '../journal/journal.js'
import { FABRIC_ACTOR } from '../model/entry.js'
import { asFabricError, FabricError } from '../model/errors.js'
import type { IdSource } from '../model/ids.js'
import { LIMITS } from '../model/limits.js'
import { SECOND_MS } from '../model/time.js'
import { Alarm } from './alarm.js'
import { CommandBatch, type EngineNote, type Pending } from './command-batch.js'
import { CommandQueue } from './command-queue.js'
import { decodeEntry, type EncodedEntry } from './entry-codec.js'
import type { Origin } from './fabric.js'
import type { Fold } from './fold.js'
import { LogClock } from './log-clock.js'
import { Meter } from './meter.js'
import { DEFAULT_POLICY_DIGEST } from './policy-digest.js'
import { Publisher } from './publisher.js'
import { type Loaded, loadFold, readReceipt } from './recovery.js'
import { type CountedRefusals, isRecorded, type Refusal, Refusals, refusalDraft } from './refusals.js'
import { Snapshotter } from './snapshotter.js'
import type { Timing } from './timing.js'
import { openWitnessing, type Witnessing, type WitnessSettings } from './witnessing.js'

export interface EngineOptions {
  readonly journal: Journal
  readonly policy: Policy
  readonly timing: Timing
  readonly ids: IdSource
  /** Name of a fabric that does not exist yet. */
  readonly name: string
  /** Version of the program, for the log. */
  readonly version: string
  /** Entries between two snapshots. */
  readonly snapshotEvery: number
  /** Told about faults that no caller is waiting for. */
  readonly report: (error: unknown) => void
  /** Opens the storage of the witness once the journal is owned; without it there is no witness. */
  readonly witness?: WitnessSettings
}

/** How long a flooding caller waits for its next refusal. */
const FLOOD_ANSWER_MS = 100

export type EngineState = 'running' | 'recovering' | 'failed' | 'closed'

/** `rebuilt` says that the state was made anew from the journal: what changed since the last call is not known. */
export type ChangeListener = (state: FabricState, rebuilt: boolean) => void

type Read = { readonly run: () => void; readonly reject: (error: unknown) => void }

/**
 * The one writer. Commands queue up; all that are there are decided in order against the state as it evolves and become
 * durable in one append; only then do replies, reads and pushes show them. One batch is under way at a time.
 *
 * When an append fails the evolved state is thrown away and rebuilt from the journal: nothing that did not become
 * durable survives anywhere.
 */
export class Engine {
  readonly publisher: Publisher
  readonly meter = new Meter()
  /** Resolves when the engine has stopped for good and needs a new start; a close is not that. */
  readonly failed: Promise<FabricError>
  readonly #options: EngineOptions
  readonly #snapshotter: Snapshotter
  #witnessing: Witnessing | undefined
  readonly #listeners = new Set<ChangeListener>()
  readonly #writerId: string
  #fold: Fold
  readonly #queue = new CommandQueue()
  readonly #refusals = new Refusals()
  readonly #clock: LogClock
  readonly #alarm: Alarm
  #reads: Read[] = []
  #state: EngineState = 'running'
  #pumping = false
  #pumped: Promise<void> = Promise.resolve()
  #failure: FabricError | undefined
  #closed: Promise<void> | undefined
  #announceFailure: (failure: FabricError) => void = () => {}

  private constructor(options: EngineOptions, { fold, snapshotSize }: Loaded) {
    this.#options = options
    this.#fold = fold
    this.#writerId = options.ids.next()
    this.failed = new Promise((resolve) => {
      this.#announceFailure = resolve
    })
    this.publisher = new Publisher(options.journal, fold.head.size)
    this.#snapshotter = new Snapshotter(options.journal, options.snapshotEvery, snapshotSize, options.report)
    this.#clock = new LogClock(options.timing)
    this.#alarm = new Alarm(options.timing, () => this.#tick(false), options.report)
  }

  /** Opens the journal, folds it and writes that this process took over. Closes the journal again when that fails. */
  static async open(options: EngineOptions): Promise<Engine> {
    const { journal, policy } = options
    await journal.open()
    let engine: Engine | undefined
    try {
      engine = new Engine(options, await loadFold(journal, policy))
      await engine.#begin()
      return engine
    } catch (error) {
      await engine?.witnessing?.release().catch(options.report)
      await journal.close()
      throw error
    }
  }

  async #begin(): Promise<void> {
    const { name, version } = this.#options
    this.#witnessing = await openWitnessing(this.#options, this.#fold.head, {
      halt: (error) => this.#fail(error),
      note: (drafts) => this.note(() => drafts, { actor: FABRIC_ACTOR }),
    })
    const isNew = this.#fold.head.size === 0
    const batch = this.#newBatch()
    if (isNew) batch.write([{ type: 'fabric_created', subject: name, data: { name } }], FABRIC_ACTOR)
    batch.write([{ type: 'fabric_started', subject: this.name, data: { version } }], FABRIC_ACTOR)
    batch.write(this.#witnessing?.introduction(this.#fold.head.witnessKey) ?? [], FABRIC_ACTOR)
    this.#fold.state.startedAt = this.#now()
    await this.#append(batch)
    this.#settle(batch)
  }

  get witnessing(): Witnessing | undefined {
    return this.#witnessing
  }

  get state(): EngineState {
    return this.#state
  }

  get name(): string {
    return this.#fold.head.name
  }

  /** Commands that wait for their batch. */
  get queued(): number {
    return this.#queue.length
  }

  /** Resolves with the reply when everything the command led to is durable. Throws a coded `FabricError`. */
  submit<Type extends CommandType>(command: CommandOf<Type>, origin: Origin): Promise<Replies[Type]> {
    try {
      const clean = this.#witnessing?.cleanse(command, origin) ?? { command, origin }
      return this.#enqueue(clean.command, clean.origin) as Promise<Replies[Type]>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Writes entries of the engine's own in their turn; resolves with the index of the first when they are durable. */
  async note(decide: EngineNote['decide'], { actor, traceparent }: Origin): Promise<number> {
    const origin = traceparent === undefined ? { actor } : { actor, traceparent }
    return this.#enqueue({ type: 'note', decide }, origin) as Promise<number>
  }

  /**
   * Writes down a refusal that happened before it came to a command; further ones of its kind are counted. Resolves when
   * that is done, also when it could not be: then it is counted. Under a flood it takes its time, so that whoever waits
   * for the answer before asking again leaves the processor to others.
   */
  async noteRefusal(refusal: Refusal): Promise<void> {
    if (this.#state !== 'running' || !isRecorded(refusal.code)) return
    const now = this.#now()
    const counted = this.#refusals.note(refusal, now)
    if (counted !== undefined) await this.#writeRefusal(counted)
    else if (this.#refusals.isFlooding(refusal.actor, now)) {
      await new Promise<void>((resolve) => this.#options.timing.after(FLOOD_ANSWER_MS, resolve))
    }
  }

  async #writeRefusal(counted: CountedRefusals): Promise<void> {
    const { actor, data } = counted
    await this.note(() => [refusalDraft(data)], { actor }).catch((error) => {
      this.#refusals.giveBack(counted, this.#now())
      this.#options.report(error)
    })
  }

  #enqueue(work: Pending['work'], origin: Origin): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal()
      if (refusal !== undefined) {
        this.meter.refused(work.type, refusal.code)
        reject(refusal)
        return
      }
      const refuse = (error: FabricError) => {
        this.meter.refused(work.type, error.code)
        reject(error)
      }
      this.#queue.push({ work, origin, resolve, reject: refuse }, this.#refusals.isFlooding(origin.actor, this.#now()))
      this.#schedule()
    })
  }

  /**
   * Reads the state as it is now, also what is not durable yet. Only for what needs no more than that: nobody knows a token
   * before its entry is durable, and to refuse one whose revocation is being written is right at any rate.
   */
  peek<Result>(query: (state: FabricState, now: number) => Result): Result {
    return query(this.#fold.state, this.#now())
  }

  /** Runs a query between batches, so that it sees only what is durable. */
  read<Result>(query: (state: FabricState, now: number) => Result): Promise<Result> {
    return this.readFold((fold) => query(fold.state, this.#now()))
  }

  readFold<Result>(query: (fold: Fold) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      const run = () => {
        try {
          resolve(query(this.#fold))
        } catch (error) {
          reject(error)
        }
      }
      if (this.#state === 'failed' || this.#state === 'closed') reject(this.#refusal())
      else if (this.#pumping) this.#reads.push({ run, reject })
      else run()
    })
  }

  /**
   * Calls `listener` after every commit and after every rebuild, with a state in which everything is durable. Returns what
   * ends it.
   */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async snapshot(): Promise<number> {
    return this.#snapshotter.take(await this.readFold((fold) => fold))
  }

  /** Lets what is queued finish, writes down what was gathered, takes a snapshot and closes the journal. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    if (this.#state === 'running') {
      await this.#tick(true).catch(this.#options.report)
    }
    const healthy = this.#state === 'running'
    this.#state = 'closed'
    this.#alarm.cancel()
    this.#rejectAll(new FabricError('UNAVAILABLE', 'The fabric is closing. Connect again when it is back.'))
    await this.#pumped
    if (healthy) await this.#snapshotter.take(this.#fold).catch(this.#options.report)
    await this.#snapshotter.idle()
    this.publisher.close()
    await this.#witnessing?.close().catch(this.#options.report)
    await this.#options.journal.close()
  }

  #now(): number {
    return this.#clock.now(this.#fold.head.lastAt)
  }

  /** Does what is due; `flush` also writes down what is still gathered. */
  async #tick(flush: boolean): Promise<void> {
    const counted = this.#refusals.takeDue(this.#now(), flush)
    await Promise.all([
      this.submit({ type: 'tick', flush }, { actor: FABRIC_ACTOR }),
      ...counted.map((one) => this.#writeRefusal(one)),
    ])
  }

  #refusal(): FabricError | undefined {
    if (this.#state === 'closed')
      return new FabricError('UNAVAILABLE', 'The fabric is closed. Start it with `ifab up`.')
    if (this.#state === 'failed') return this.#failure
    if (this.#queue.length < LIMITS.queuedCommands) return undefined
    return new FabricError('RATE_LIMITED', `${LIMITS.queuedCommands} commands are waiting. Send fewer at once.`)
  }

  #schedule(): void {
    if (this.#pumping) return
    this.#pumping = true
    this.#pumped = new Promise(setImmediate).then(() => this.#pump())
  }

  /** One batch a turn of the event loop: callers that were just answered get their next command into the next one. */
  async #pump(): Promise<void> {
    while (this.#queue.length > 0 || this.#reads.length > 0) {
      await this.#commitNext()
      await new Promise(setImmediate)
    }
    this.#pumping = false
  }

  async #commitNext(): Promise<void> {
    const batch = this.#newBatch()
    const begun = this.#options.timing.elapsed()
    try {
      this.#decide(batch)
      if (batch.entries.length > 0) await this.#append(batch)
    } catch (error) {
      await this.#recover(batch, error)
      return
    }
    try {
      this.#settle(batch)
      this.meter.commitSeconds.observe((this.#options.timing.elapsed() - begun) / SECOND_MS)
    } catch (fault) {
      batch.reject(asFabricError(fault))
      this.#fail(fault)
    }
  }

  /** A command on which the program itself fails is refused alone; those decided before it go into the next batch. */
  #decide(batch: CommandBatch): void {
    try {
      const decided = batch.decide(this.#queue.next(LIMITS.batchCommands))
      this.#queue.drop(decided)
      if (decided > 0) this.meter.decided(decided)
    } catch (fault) {
      this.#queue.remove(batch.withdraw())?.reject(asFabricError(fault))
      throw fault
    }
  }

  #newBatch(): CommandBatch {
    const { policy, ids, name } = this.#options
    return new CommandBatch({
      fold: this.#fold,
      policy,
      now: this.#now(),
      fabric: this.#fold.head.size === 0 ? name : this.name,
      writerId: this.#writerId,
      batchId: ids.next(),
      refusals: this.#refusals,
      defaultDigest: DEFAULT_POLICY_DIGEST,
    })
  }

  async #append({ size, writerId, batchId, entries }: CommandBatch): Promise<void> {
    const { journal, timing } = this.#options
    const begun = timing.elapsed()
    await journal.append(size, { writerId, batchId, entries: entries.map(({ bytes }) => bytes) })
    this.meter.appendSeconds.observe((timing.elapsed() - begun) / SECOND_MS)
  }

  /** Everything in the batch is durable now: apply what is volatile, show it, answer. */
  #settle(batch: CommandBatch): void {
    this.#publish(batch.entries)
    batch.answer((index) => readReceipt(this.#options.journal, index))
    this.#afterChange(false)
    this.#snapshotter.consider(this.#fold)
  }

  #afterChange(rebuilt: boolean): void {
    const { state } = this.#fold
    for (const read of this.#reads.splice(0)) read.run()
    for (const listener of this.#listeners) listener(state, rebuilt)
    state.forgetNews()
    this.#armTimer()
  }

  /**
   * Throws the evolved state away and rebuilds it from what is really in the journal; the head that is read back tells
   * whether the batch is in it after all. A failed flush is final: what the disk holds is unknown, and trying again may
   * report a success that is none.
   */
  async #recover(batch: CommandBatch, error: unknown): Promise<void> {
    const cause = asFabricError(error)
    try {
      if (cause.details.stage === 'flush') throw cause
      if (this.#state === 'running') this.#state = 'recovering'
      const { lastBatch } = await this.#rebuild(cause.code === 'STORAGE_FAILED')
      if (this.#state === 'recovering') this.#state = 'running'
      this.meter.recoveries += 1
      if (lastBatch?.batchId === batch.batchId) batch.answer((index) => readReceipt(this.#options.journal, index))
      else batch.reject(cause)
      this.#afterChange(true)
    } catch (fatal) {
      batch.reject(asFabricError(fatal))
      this.#fail(fatal)
    }
  }

  /** Stops for good: nothing is decided any more, and everybody who waits hears why. */
  #fail(fatal: unknown): void {
    const failure = asFabricError(fatal)
    this.#failure = failure
    if (this.#state !== 'closed') this.#state = 'failed'
    this.#alarm.cancel()
    this.#options.report(fatal)
    this.#rejectAll(failure)
    this.#afterChange(true)
    this.publisher.close(failure)
    this.#announceFailure(failure)
  }

  /** Folds the journal anew, and publishes entries that turn out to be durable although their append failed. */
  async #rebuild(reopen: boolean): Promise<Head> {
    const { journal, policy } = this.#options
    await this.#snapshotter.idle()
    const head = reopen ? await journal.open() : await journal.head()
    if (head.size < this.publisher.size) throw shorter(head.size, this.publisher.size)
    this.#fold = (await loadFold(journal, policy)).fold
    this.#fold.state.startedAt = this.#now()
    for await (const chunk of journal.read(this.publisher.size)) {
      this.#publish(chunk.map(({ index, bytes }) => ({ ...decodeEntry(index, bytes), bytes: bytes.slice() })))
    }
    return head
  }

  #publish(entries: readonly EncodedEntry[]): void {
    this.#witnessing?.append(entries)
    this.publisher.publish(entries)
    this.meter.written(entries)
  }

  #rejectAll(error: FabricError): void {
    for (const pending of this.#queue.takeAll()) pending.reject(error)
    for (const read of this.#reads.splice(0)) read.reject(error)
  }

  #armTimer(): void {
    if (this.#state !== 'running') return
    const deadline = this.#fold.state.deadlines.first()?.at ?? Number.POSITIVE_INFINITY
    this.#alarm.set(Math.min(deadline, this.#refusals.nextDue()), this.#now())
  }
}

function shorter(size: number, seen: number): FabricError {
  const message = `The journal has ${size} entries, but ${seen} were acknowledged. Entries were lost: restore the data directory.`
  return new FabricError('LOG_DIVERGED', message, { size, seen })
}
