import type { CommandOf, CommandType, Replies } from '../coordinator/commands.js'
import type { FabricState } from '../coordinator/state.js'
import type { Head } from '../journal/journal.js'
import { FABRIC_ACTOR } from '../model/entry.js'
import { asFabricError, FabricError } from '../model/errors.js'
import type { IdSource } from '../model/ids.js'
import { LIMITS } from '../model/limits.js'
import { SECOND_MS } from '../model/time.js'
import { Alarm } from './alarm.js'
import { CommandBatch, type EngineNote, type Pending } from './command-batch.js'
import { CommandQueue } from './command-queue.js'
import type { FabricStarted } from './entries.js'
import type { Origin } from './fabric.js'
import type { EngineState, FabricEngine } from './fabric-engine.js'
import type { Fold } from './fold.js'
import type { Meter } from './meter.js'
import { notLeading } from './nodes/link.js'
import { outlast } from './outage.js'
import { DEFAULT_POLICY_DIGEST } from './policy-digest.js'
import type { Publisher } from './publisher.js'
import { readReceipt } from './recovery.js'
import { RefusalRecorder } from './refusal-recorder.js'
import { type CountedRefusals, type Refusal, type Refusals, refusalDraft } from './refusals.js'
import { type ChangeListener, Replica, type ReplicaOptions } from './replica.js'
import { openWitnessing, type Witnessing, type WitnessSettings } from './witnessing.js'

export interface EngineOptions extends ReplicaOptions {
  readonly ids: IdSource
  /** Name of a fabric that does not exist yet. */
  readonly name: string
  /** Version of the program, for the log. */
  readonly version: string
  /** Opens the storage of the witness once the journal is owned; without it there is no witness. */
  readonly witness?: WitnessSettings
}

/** With which node and in which term an engine leads a log that others may lead after it. */
export interface LeadOptions extends EngineOptions {
  readonly node: string
  readonly term: number
  /** Told, once, that an append failed: another engine may write now, and the state must be rebuilt. */
  readonly onDeposed: (deposed: Deposed) => void
}

/** What an engine that was deposed leaves behind. */
export interface Deposed {
  readonly cause: FabricError
  /** Answers those whose commands were in the batch that failed, by the head that was read back; without one they hear why. */
  settle(head?: Head): void
}

/**
 * The one writer. Commands queue up; all that are there are decided in order against the state as it evolves and become
 * durable in one append; only then do replies, reads and pushes show them. One batch is under way at a time.
 *
 * When an append fails the evolved state is thrown away and rebuilt from the journal: nothing that did not become
 * durable survives anywhere.
 */
export class Engine implements FabricEngine {
  /** Resolves when the engine has stopped for good and needs a new start; a close is not that. */
  readonly failed: Promise<FabricError>
  readonly #options: EngineOptions
  readonly #replica: Replica
  readonly #writerId: string
  readonly #queue = new CommandQueue()
  readonly #recorder: RefusalRecorder
  readonly #refusals: Refusals
  readonly #alarm: Alarm
  #state: EngineState = 'running'
  #pumping = false
  #pumped: Promise<void> = Promise.resolve()
  #isDeposed = false
  #tellDeposed: () => void = () => {}
  readonly #deposing = new Promise<void>((resolve) => {
    this.#tellDeposed = resolve
  })
  #failure: FabricError | undefined
  /** Why nothing can be done now, while the servers of the journal do not answer. */
  #outage: FabricError | undefined
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined
  #announceFailure: (failure: FabricError) => void = () => {}
  readonly #onDeposed: LeadOptions['onDeposed'] | undefined

  private constructor(options: EngineOptions & Partial<LeadOptions>, replica: Replica) {
    this.#options = options
    this.#onDeposed = options.onDeposed
    this.#replica = replica
    this.#recorder = new RefusalRecorder(options.timing, (counted) => this.#writeRefusal(counted))
    this.#refusals = this.#recorder.refusals
    this.#writerId = options.ids.next()
    this.failed = new Promise((resolve) => {
      this.#announceFailure = resolve
    })
    this.#alarm = new Alarm(options.timing, () => this.#tick(false), options.report)
  }

  /** Opens the journal, folds it and writes that this process took over. Closes the journal again when that fails. */
  static async open(options: EngineOptions): Promise<Engine> {
    const { journal } = options
    await journal.open()
    let engine: Engine | undefined
    try {
      engine = new Engine(options, await Replica.load(options))
      await engine.#openWitness()
      await engine.#begin({ version: options.version })
      return engine
    } catch (error) {
      await engine?.witnessing?.release().catch(options.report)
      await journal.close()
      throw error
    }
  }

  /**
   * Takes the lead of a log that the replica has whole. It must be held, and rebuilt when this throws. The engine ends with
   * the first append that fails, or when it is told to retire; the replica stays open.
   */
  static async lead(options: LeadOptions, replica: Replica): Promise<Engine> {
    const engine = new Engine(options, replica)
    const { version, node, term } = options
    await engine.#begin({ version, node, term })
    replica.held = engine.#pumping
    return engine
  }

  async #openWitness(): Promise<void> {
    const replica = this.#replica
    const witnessing = await openWitnessing(this.#options, replica.fold.head, {
      halt: (error) => this.#fail(error),
      note: (drafts) => this.note(() => drafts, { actor: FABRIC_ACTOR }),
    })
    replica.attach(witnessing)
  }

  async #begin(started: FabricStarted): Promise<void> {
    const { name } = this.#options
    const { head, state } = this.#replica.fold
    const batch = this.#newBatch()
    if (head.size === 0) batch.write([{ type: 'fabric_created', subject: name, data: { name } }], FABRIC_ACTOR)
    batch.write([{ type: 'fabric_started', subject: this.name, data: started }], FABRIC_ACTOR)
    batch.write(this.witnessing?.introduction(head.witnessKey) ?? [], FABRIC_ACTOR)
    state.startedAt = this.#now()
    await this.#append(batch)
    this.#settle(batch)
  }

  get publisher(): Publisher {
    return this.#replica.publisher
  }

  get meter(): Meter {
    return this.#replica.meter
  }

  get witnessing(): Witnessing | undefined {
    return this.#replica.witnessing
  }

  get state(): EngineState {
    return this.#state
  }

  get name(): string {
    return this.#replica.name
  }

  /** Commands that wait for their batch. */
  get queued(): number {
    return this.#queue.length
  }

  /** Resolves with the reply when everything the command led to is durable. Throws a coded `FabricError`. */
  submit<Type extends CommandType>(command: CommandOf<Type>, origin: Origin): Promise<Replies[Type]> {
    try {
      const clean = this.witnessing?.cleanse(command, origin) ?? { command, origin }
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

  /** Writes down a refusal that happened before it came to a command, or counts it. Never rejects. */
  async noteRefusal(refusal: Refusal): Promise<void> {
    if (this.#state === 'running') await this.#recorder.note(refusal, this.#now())
  }

  /** Writes down refusals that were counted, here or elsewhere. Never rejects. */
  async writeRefusals(counted: readonly CountedRefusals[]): Promise<void> {
    await Promise.all(counted.map((one) => this.#recorder.write(one, this.#now())))
  }

  async #writeRefusal({ actor, data }: CountedRefusals): Promise<void> {
    try {
      await this.note(() => [refusalDraft(data)], { actor })
    } catch (error) {
      this.#options.report(error)
      throw error
    }
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

  /** The only writer has nobody to fall behind. */
  requireFresh(): void {}

  peek<Result>(query: (state: FabricState, now: number) => Result): Result {
    return this.#replica.peek(query)
  }

  /** Runs a query between batches, so that it sees only what is durable. */
  read<Result>(query: (state: FabricState, now: number) => Result): Promise<Result> {
    return this.readFold((fold) => query(fold.state, this.#now()))
  }

  readFold<Result>(query: (fold: Fold) => Result): Promise<Result> {
    return this.#replica.readFold(query)
  }

  /**
   * Calls `listener` after every commit and after every rebuild, with a state in which everything is durable. Returns what
   * ends it.
   */
  onChange(listener: ChangeListener): () => void {
    return this.#replica.onChange(listener)
  }

  snapshot(): Promise<number> {
    return this.#replica.snapshot()
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
    this.#closing.abort()
    this.#replica.ended = this.#refusal()
    this.#alarm.cancel()
    this.#rejectAll(new FabricError('UNAVAILABLE', 'The fabric is closing. Connect again when it is back.'))
    await this.#pumped
    await this.#replica.close(healthy)
  }

  /**
   * Decides nothing any more; what is queued is refused as not done. Resolves when the batch under way has its outcome;
   * `flush` first writes down what was gathered.
   */
  async retire(flush: boolean): Promise<void> {
    if (flush && this.#state === 'running') {
      // One that is deposed by that waits for its outcome, which is told only when the state is rebuilt.
      await Promise.race([this.#tick(true).catch(this.#options.report), this.#deposing])
    }
    this.#state = 'closed'
    this.#alarm.cancel()
    this.#rejectQueue(notLeading())
    await this.#pumped
  }

  /** Who writes this engine's batches. */
  get writerId(): string {
    return this.#writerId
  }

  /** Ends as after an append that failed, because somebody else has written. */
  depose(): void {
    this.#depose(this.#newBatch(), notLeading())
  }

  #depose(batch: CommandBatch, cause: FabricError): void {
    if (this.#state !== 'running') {
      batch.reject(cause)
      return
    }
    this.#isDeposed = true
    this.#tellDeposed()
    this.#state = 'closed'
    this.#alarm.cancel()
    this.#rejectQueue(notLeading())
    const settle = (head?: Head) => {
      if (head?.lastBatch?.batchId === batch.batchId) batch.answer((index) => readReceipt(this.#options.journal, index))
      else batch.reject(cause)
    }
    this.#onDeposed?.({ cause, settle })
  }

  #now(): number {
    return this.#replica.now()
  }

  /** Does what is due; `flush` also writes down what is still gathered. */
  async #tick(flush: boolean): Promise<void> {
    const counted = this.#refusals.takeDue(this.#now(), flush)
    await Promise.all([this.submit({ type: 'tick', flush }, { actor: FABRIC_ACTOR }), this.writeRefusals(counted)])
  }

  #refusal(): FabricError | undefined {
    if (this.#state === 'closed' && this.#onDeposed !== undefined) return notLeading()
    if (this.#state === 'closed')
      return new FabricError('UNAVAILABLE', 'The fabric is closed. Start it with `ifab up`.')
    if (this.#state === 'failed') return this.#failure
    if (this.#outage !== undefined) return this.#outage
    if (this.#queue.length < LIMITS.queuedCommands) return undefined
    return new FabricError('RATE_LIMITED', `${LIMITS.queuedCommands} commands are waiting. Send fewer at once.`)
  }

  #schedule(): void {
    if (this.#pumping) return
    this.#pumping = true
    this.#replica.held = true
    this.#pumped = new Promise(setImmediate).then(() => this.#pump())
  }

  /** One batch a turn of the event loop: callers that were just answered get their next command into the next one. */
  async #pump(): Promise<void> {
    while (!this.#isDeposed && (this.#queue.length > 0 || this.#replica.waitingReads > 0)) {
      await this.#commitNext()
      await new Promise(setImmediate)
    }
    this.#pumping = false
    // One that does not lead any more may leave a state behind that is ahead of the journal.
    if (this.#onDeposed === undefined || this.#state === 'running') this.#replica.held = false
  }

  async #commitNext(): Promise<void> {
    const batch = this.#newBatch()
    const begun = this.#options.timing.elapsed()
    try {
      this.#decide(batch)
      if (batch.entries.length > 0) await this.#append(batch)
    } catch (error) {
      if (this.#onDeposed === undefined) await this.#recover(batch, error)
      else this.#depose(batch, asFabricError(error))
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
    const { fold } = this.#replica
    return new CommandBatch({
      fold,
      policy,
      now: this.#now(),
      fabric: fold.head.size === 0 ? name : this.name,
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
    this.#replica.publish(batch.entries)
    this.meter.written(batch.entries)
    batch.answer((index) => readReceipt(this.#options.journal, index))
    this.#afterChange(false)
    this.#replica.snapshotter.consider(this.#replica.fold)
  }

  #afterChange(rebuilt: boolean): void {
    this.#replica.changed(rebuilt)
    this.#armTimer()
  }

  /**
   * Throws the evolved state away and rebuilds it from what is really in the journal; the head that is read back tells
   * whether the batch is in it after all. A failed flush is final: what the disk holds is unknown, and trying again may
   * report a success that is none. Servers that do not answer are waited for, and nobody waits with it.
   */
  async #recover(batch: CommandBatch, error: unknown): Promise<void> {
    const cause = asFabricError(error)
    try {
      if (cause.details.stage === 'flush') throw cause
      if (this.#state === 'running') this.#state = 'recovering'
      const head = await this.#rebuild(cause, (fault) => {
        batch.reject(cause)
        this.#beginOutage(fault)
      })
      if (head === undefined) return
      if (this.#state === 'recovering') this.#state = 'running'
      this.meter.recoveries += 1
      const isDone = head.lastBatch?.batchId === batch.batchId
      if (this.#outage !== undefined) this.#endOutage()
      else if (isDone) batch.answer((index) => readReceipt(this.#options.journal, index))
      else batch.reject(cause)
      this.#afterChange(true)
    } catch (fatal) {
      batch.reject(asFabricError(fatal))
      this.#fail(fatal)
    }
  }

  #rebuild({ code }: FabricError, onOutage: (fault: FabricError) => void): Promise<Head | undefined> {
    const { journal, timing } = this.#options
    const attempt = () => this.#replica.rebuild(code === 'STORAGE_FAILED', (entries) => this.meter.written(entries))
    return outlast(attempt, { journal, timing, signal: this.#closing.signal, onOutage })
  }

  #beginOutage(fault: FabricError): void {
    this.#options.report(fault)
    this.#outage = fault
    this.#replica.ended = fault
    this.#alarm.cancel()
    this.#rejectAll(fault)
  }

  #endOutage(): void {
    this.#outage = undefined
    // A fabric that is closing has another reason.
    if (this.#state === 'running') this.#replica.ended = undefined
  }

  /** Stops for good: nothing is decided any more, and everybody who waits hears why. */
  #fail(fatal: unknown): void {
    const failure = asFabricError(fatal)
    this.#failure = failure
    if (this.#state !== 'closed') this.#state = 'failed'
    this.#replica.ended = this.#refusal()
    this.#alarm.cancel()
    this.#options.report(fatal)
    this.#rejectAll(failure)
    this.#afterChange(true)
    this.publisher.close(failure)
    this.#announceFailure(failure)
  }

  #rejectAll(error: FabricError): void {
    this.#rejectQueue(error)
    this.#replica.rejectReads(error)
  }

  #rejectQueue(error: FabricError): void {
    for (const pending of this.#queue.takeAll()) pending.reject(error)
  }

  #armTimer(): void {
    if (this.#state !== 'running') return
    const deadline = this.#replica.fold.state.deadlines.first()?.at ?? Number.POSITIVE_INFINITY
    this.#alarm.set(Math.min(deadline, this.#refusals.nextDue()), this.#now())
  }
}
