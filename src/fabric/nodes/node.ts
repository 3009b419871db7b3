import type { CommandOf, CommandType, Replies } from '../../coordinator/commands.js'
import type { FabricState } from '../../coordinator/state.js'
import type { Head } from '../../journal/journal.js'
import { LEAD_TTL_MS, type Leadership, MEMBER_TTL_MS, type Member, type Membership } from '../../journal/membership.js'
import { FABRIC_ACTOR } from '../../model/entry.js'
import { asFabricError, type FabricError, isFabricError } from '../../model/errors.js'
import type { EngineNote } from '../command-batch.js'
import { type Deposed, Engine, type EngineOptions } from '../engine.js'
import type { Origin } from '../fabric.js'
import type { EngineState, FabricEngine } from '../fabric-engine.js'
import type { Fold } from '../fold.js'
import type { Meter } from '../meter.js'
import type { Publisher } from '../publisher.js'
import type { Refusal } from '../refusals.js'
import { type ChangeListener, Replica } from '../replica.js'
import { openWitnessing, type Witnessing } from '../witnessing.js'
import { ForwardedRefusals } from './forwarded-refusals.js'
import { Freshness, STALE_AFTER_MS } from './freshness.js'
import { closing, LeaderCalls } from './leader-calls.js'
import { isUndone, type NodeLink, type NodeRequest, notLeading } from './link.js'
import { Positions } from './positions.js'

export interface NodeOptions extends EngineOptions {
  readonly membership: Membership
  readonly link: NodeLink
  readonly self: Omit<Member, 'position'>
}

/** Between two attempts at what the journal or another node refused, unless there is news before. Milliseconds. */
const PAUSE_MS = 100
/** How long a node that closes tries to hand over what it has counted, milliseconds. */
const FAREWELL_MS = 1_000
/** How long a caller whose token is not known waits for the newest entries, milliseconds. */
const CATCH_UP_MS = 1_000
const JOIN_AGAIN_MS = 500
/** How long the callers of a batch that failed wait for the journal to tell what became of it. Milliseconds. */
const OUTCOME_PATIENCE_MS = 5_000

/** Errors with which going on would make it worse. */
const FATAL = new Set(['LOG_DIVERGED', 'DATA_CORRUPT', 'DATA_TOO_NEW', 'INTERNAL'])

/**
 * One of several processes on a shared journal. All of them follow the log and answer from the state that it folds to; one
 * leads, which means that it also has an engine. Commands that come in elsewhere are sent to it.
 *
 * That one leads is only for speed. An engine whose place was taken finds that out by its next append, which the journal
 * refuses; the node then throws away what the engine evolved and follows again.
 */
export class Node implements FabricEngine {
  readonly failed: Promise<FabricError>
  readonly #options: NodeOptions
  readonly #replica: Replica
  readonly #freshness: Freshness
  readonly #positions: Positions
  readonly #calls: LeaderCalls
  readonly #refusals: ForwardedRefusals
  readonly #closing = new AbortController()
  readonly #roleListeners = new Set<(leads: boolean) => void>()
  readonly #staleListeners = new Set<() => void>()
  /** There while this node leads. */
  #engine: Engine | undefined
  #deposed: Deposed | undefined
  #endLead: () => void = () => {}
  #changed: (() => void)[] = []
  #wasStale = false
  /** The state may be ahead of the journal. */
  #unsound = false
  #hasFailed: FabricError | undefined
  #announceFailure: (failure: FabricError) => void = () => {}
  #running: Promise<void> = Promise.resolve()
  #closed: Promise<void> | undefined

  private constructor(options: NodeOptions, replica: Replica, since: number) {
    const { journal, timing, report, membership } = options
    this.#options = options
    this.#replica = replica
    this.failed = new Promise((resolve) => {
      this.#announceFailure = resolve
    })
    this.#positions = new Positions(timing)
    this.#freshness = new Freshness({
      ...{ journal, timing, since },
      size: () => this.publisher.size,
      onHead: (head) => this.#compare(head),
      onAsked: () => this.#look(),
    })
    this.#calls = new LeaderCalls({
      ...{ timing, membership, link: options.link, self: options.self.id },
      engine: () => this.#engine,
      freshness: this.#freshness,
      closing: this.#closing.signal,
      reach: (position) => this.reach(position),
      news: () => this.#news(),
    })
    this.#refusals = new ForwardedRefusals({
      ...{ timing, report },
      now: () => replica.now(),
      send: (refusals) =>
        this.atLeader({ type: 'write_refusals', refusals }, (leader) => leader.writeRefusals(refusals)),
    })
    replica.onChange(() => {
      this.#freshness.grown()
      this.#positions.reached(this.publisher.size)
    })
    membership.onChange(() => this.#wake())
  }

  /** Joins the others, and resolves when this node can answer: it has read the log, or made a new one. */
  static async open(options: NodeOptions): Promise<Node> {
    const { journal, link, report } = options
    let node: Node | undefined
    try {
      await journal.open()
      const since = options.timing.elapsed()
      const replica = await Replica.load(options)
      node = new Node(options, replica, since)
      await node.#join()
      if (replica.fold.head.size > 0) await node.#openWitness()
      await node.#begin()
      return node
    } catch (error) {
      await node?.close().catch(report)
      if (node === undefined) {
        await link.close()
        await journal.close()
      }
      throw error
    }
  }

  /** One that was killed a moment ago is still heard of, and this may be its new start. */
  async #join(): Promise<void> {
    const { timing } = this.#options
    const until = timing.elapsed() + 2 * MEMBER_TTL_MS
    for (;;) {
      try {
        await this.membership.join(this.self)
        return
      } catch (error) {
        if (!isFabricError(error, 'CONFLICT') || timing.elapsed() >= until) throw error
        await this.#after(JOIN_AGAIN_MS)
      }
    }
  }

  get name(): string {
    return this.#replica.name
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

  get queued(): number {
    return this.#engine?.queued ?? 0
  }

  get state(): EngineState {
    if (this.#closed !== undefined) return 'closed'
    if (this.#hasFailed !== undefined) return 'failed'
    return this.#replica.held && this.#engine === undefined ? 'recovering' : 'running'
  }

  get leads(): boolean {
    return this.#engine !== undefined
  }

  /** Aborts when this node closes. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  get self(): Member {
    return { ...this.#options.self, position: this.publisher.size }
  }

  get membership(): Membership {
    return this.#options.membership
  }

  get freshness(): Pick<Freshness, 'ageMs' | 'lag'> {
    return this.#freshness
  }

  submit<Type extends CommandType>(command: CommandOf<Type>, origin: Origin): Promise<Replies[Type]> {
    const here = (engine: Engine) => engine.submit(command, origin)
    // One that leads pays nothing for the others.
    if (this.#engine !== undefined && this.#freshness.isWithin(LEAD_TTL_MS)) {
      return here(this.#engine).catch((error) => {
        if (!isUndone(error)) throw error
        return this.atLeader({ type: 'submit', command, origin }, here, origin.idempotencyKey !== undefined)
      })
    }
    return this.atLeader({ type: 'submit', command, origin }, here, origin.idempotencyKey !== undefined)
  }

  /** Has the node that leads do something, as `LeaderCalls` says. */
  atLeader<Result>(
    request: NodeRequest,
    here: (engine: Engine) => Promise<Result>,
    repeatable = false,
  ): Promise<Result> {
    return this.#calls.atLeader(request, here, repeatable)
  }

  /** Does for another node what only a leader does. Throws UNAVAILABLE where this one does not lead. */
  async asLeader<Result>(run: (engine: Engine) => Promise<Result>): Promise<{ result: Result; position: number }> {
    const engine = this.#engine
    if (engine === undefined || !this.#freshness.isWithin(LEAD_TTL_MS)) throw notLeading()
    const result = await run(engine).catch((error) => {
      throw isUndone(error) ? notLeading() : error
    })
    return { result, position: this.publisher.size }
  }

  /** Resolves when the state has the first `position` entries. Throws UNAVAILABLE when that takes too long. */
  async reach(position: number): Promise<void> {
    if (this.publisher.size < position) await this.#positions.wait(position)
  }

  /** Resolves when the state is as new as this moment, or when that takes longer than a moment. Never rejects. */
  async catchUp(): Promise<void> {
    const size = await this.#freshness.ask()
    if (size === undefined || size <= this.publisher.size) return
    await Promise.race([this.#positions.wait(size).catch(() => undefined), this.#after(CATCH_UP_MS)])
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.timing.after(ms, resolve))
  }

  async note(decide: EngineNote['decide'], origin: Origin): Promise<number> {
    if (this.#engine === undefined) throw notLeading()
    return this.#engine.note(decide, origin)
  }

  async noteRefusal(refusal: Refusal): Promise<void> {
    if (this.#engine !== undefined) await this.#engine.noteRefusal(refusal)
    else if (this.state === 'running') await this.#refusals.note(refusal)
  }

  peek<Result>(query: (state: FabricState, now: number) => Result): Result {
    return this.#replica.peek(query)
  }

  async read<Result>(query: (state: FabricState, now: number) => Result): Promise<Result> {
    return this.readFold((fold) => query(fold.state, this.#replica.now()))
  }

  async readFold<Result>(query: (fold: Fold) => Result): Promise<Result> {
    this.requireFresh()
    return this.#replica.readFold(query)
  }

  get isFresh(): boolean {
    return this.#freshness.isWithin(STALE_AFTER_MS)
  }

  /** Throws UNAVAILABLE when nobody knows how old the state of this node is. */
  requireFresh(): void {
    this.#freshness.require()
  }

  onChange(listener: ChangeListener): () => void {
    return this.#replica.onChange(listener)
  }

  /** Calls `listener` when this node begins to lead, and when it does not any more. Returns what ends it. */
  onRole(listener: (leads: boolean) => void): () => void {
    this.#roleListeners.add(listener)
    return () => void this.#roleListeners.delete(listener)
  }

  /** Calls `listener` when the state becomes too old to be shown. Returns what ends it. */
  onStale(listener: () => void): () => void {
    this.#staleListeners.add(listener)
    return () => void this.#staleListeners.delete(listener)
  }

  snapshot(): Promise<number> {
    return this.#replica.snapshot()
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { membership, link } = this.#options
    if (this.#engine === undefined) await Promise.race([this.#refusals.flush(true), this.#after(FAREWELL_MS)])
    this.#refusals.close()
    this.#closing.abort()
    this.#wake()
    await this.#running
    this.#replica.ended = closing()
    this.#replica.rejectReads(closing())
    this.#freshness.close()
    await link.close()
    await membership.leave()
    await this.#replica.close(this.#hasFailed === undefined && !this.#unsound)
  }

  /** Follows and leads by turns until it is closed; resolves when it can answer. */
  #begin(): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      if (this.name !== '') return resolve()
      const stop = this.onChange(() => {
        if (this.#replica.witnessing === undefined && this.#options.witness !== undefined) return
        stop()
        resolve()
      })
    })
    this.#running = this.#run().catch((error) => this.#fail(error))
    return Promise.race([ready, this.failed.then((error) => Promise.reject(error))])
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted && this.#hasFailed === undefined) {
      const leadership = await this.#follow()
      if (leadership === undefined) continue
      await this.#lead(leadership)
    }
  }

  /** Folds what others write until this node is to lead; undefined when it is closed instead. */
  async #follow(): Promise<Leadership | undefined> {
    const stop = new AbortController()
    const following = this.#takeNews(stop.signal)
    const failed = new AbortController()
    following.catch(() => failed.abort())
    const ending = AbortSignal.any([this.#closing.signal, failed.signal])
    try {
      return await this.membership.campaign(ending).catch(async (error) => {
        if (ending.aborted) return undefined
        this.#options.report(error)
        await this.#news()
        return undefined
      })
    } finally {
      stop.abort()
      await following
    }
  }

  async #takeNews(signal: AbortSignal): Promise<void> {
    const { journal, report } = this.#options
    while (!signal.aborted) {
      try {
        for await (const chunk of journal.follow(this.publisher.size, signal)) await this.#take(chunk)
      } catch (error) {
        if (signal.aborted) return
        if (FATAL.has(asFabricError(error).code)) throw error
        report(error)
        if (asFabricError(error).code === 'STORAGE_FAILED') await journal.open().catch(report)
      }
      if (!signal.aborted) await this.#news()
    }
  }

  async #take(chunk: Parameters<Replica['take']>[0]): Promise<void> {
    const isNew = this.name === ''
    const entries = this.#replica.take(chunk)
    if (isNew && this.name !== '') {
      await this.#openWitness()
      this.#replica.changed(false)
    }
    if (entries.some(({ type }) => type === 'key_rotated')) await this.#followKey()
  }

  /** Signs with the key that the log names. */
  async #followKey(): Promise<void> {
    const { witnessKey } = this.#replica.fold.head
    if (witnessKey !== undefined) await this.witnessing?.witness.adopt(witnessKey)
  }

  async #lead(leadership: Leadership): Promise<void> {
    const { report } = this.#options
    const over = new Promise<void>((resolve) => {
      this.#endLead = resolve
    })
    for (const signal of [leadership.lost, this.#closing.signal]) {
      signal.addEventListener('abort', () => this.#endLead(), { once: true })
      if (signal.aborted) this.#endLead()
    }
    this.#replica.held = true
    try {
      this.#engine = await this.#takeOver(leadership)
      this.#tellRole(true)
      const stopped = await Promise.race([over, this.#engine.failed])
      if (stopped !== undefined) this.#fail(stopped)
    } catch (error) {
      if (FATAL.has(asFabricError(error).code)) this.#fail(error)
      else report(error)
    }
    await this.#stepDown(leadership)
  }

  /** Reads the log to its end and writes that this node leads. Another leader may still write: then it reads on. */
  async #takeOver({ term, lost }: Leadership): Promise<Engine> {
    const { journal } = this.#options
    const onDeposed = (deposed: Deposed) => {
      this.#deposed = deposed
      this.#unsound = true
      this.#endLead()
    }
    for (;;) {
      for await (const chunk of journal.read(this.publisher.size)) await this.#take(chunk)
      this.#replica.held = true
      if (this.witnessing === undefined) await this.#openWitness()
      this.#unsound = true
      try {
        const engine = await Engine.lead({ ...this.#options, node: this.self.id, term, onDeposed }, this.#replica)
        this.#unsound = false
        return engine
      } catch (error) {
        if (!isFabricError(error, 'FENCED') || lost.aborted) throw error
        await this.#replica.rebuild(false)
        await this.#followKey()
      }
    }
  }

  /** Ends the engine, if there is one, and makes the state anew from the journal: it may be ahead of it. */
  async #stepDown(leadership: Leadership): Promise<void> {
    const engine = this.#engine
    this.#engine = undefined
    await engine?.retire(this.#deposed === undefined && !leadership.lost.aborted)
    this.#replica.held = true
    if (engine !== undefined) this.#tellRole(false)
    await leadership.resign().catch(this.#options.report)
    if (this.#closing.signal.aborted && !this.#unsound) return
    await this.#rebuild()
  }

  async #rebuild(): Promise<void> {
    const { timing, report } = this.#options
    const deposed = this.#deposed
    const giveUp = deposed && timing.after(OUTCOME_PATIENCE_MS, () => deposed.settle())
    let reopen = deposed?.cause.code === 'STORAGE_FAILED'
    while (!this.#closing.signal.aborted && this.#hasFailed === undefined) {
      try {
        const head = await this.#replica.rebuild(reopen)
        await this.#followKey()
        giveUp?.()
        deposed?.settle(head)
        this.#deposed = undefined
        this.#unsound = false
        this.meter.recoveries += 1
        this.#replica.held = false
        this.#replica.changed(true)
        return
      } catch (error) {
        if (FATAL.has(asFabricError(error).code)) this.#fail(error)
        else report(error)
        reopen ||= asFabricError(error).code === 'STORAGE_FAILED'
        await this.#news()
      }
    }
    giveUp?.()
    deposed?.settle()
  }

  async #openWitness(): Promise<void> {
    const witnessing = await openWitnessing(this.#options, this.#replica.fold.head, {
      halt: (error) => this.#fail(error),
      note: async (drafts) =>
        this.#engine === undefined ? undefined : this.note(() => drafts, { actor: FABRIC_ACTOR }),
    })
    witnessing?.offer(this.leads)
    this.#replica.attach(witnessing)
  }

  /** Somebody else's batch at the end of the log says that this node does not lead any more. */
  #compare({ size, lastBatch }: Head): void {
    const engine = this.#engine
    if (engine === undefined || lastBatch === undefined || lastBatch.writerId === engine.writerId) return
    if (size > this.publisher.size) engine.depose()
  }

  /** Tells how far this node is, and refuses those who wait for a state that is too old. */
  #look(): void {
    this.membership.tell(this.publisher.size)
    const isStale = !this.#freshness.isWithin(STALE_AFTER_MS)
    if (isStale && !this.#wasStale) for (const listener of this.#staleListeners) listener()
    this.#wasStale = isStale
    if (!isStale) return
    try {
      this.requireFresh()
    } catch (error) {
      this.#replica.rejectReads(asFabricError(error))
    }
  }

  #fail(thrown: unknown): void {
    if (this.#hasFailed !== undefined) return
    const failure = asFabricError(thrown)
    this.#hasFailed = failure
    this.#options.report(thrown)
    this.#replica.ended = failure
    this.#replica.rejectReads(failure)
    this.#endLead()
    this.publisher.close(failure)
    this.#announceFailure(failure)
  }

  #tellRole(leads: boolean): void {
    this.witnessing?.offer(leads)
    for (const listener of this.#roleListeners) listener(leads)
    this.#wake()
  }

  /** Something may have changed in who leads. */
  #wake(): void {
    for (const tell of this.#changed.splice(0)) tell()
  }

  /** Resolves with the next news of who leads, or after a moment. */
  #news(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.timing.after(PAUSE_MS, resolve)
      this.#changed.push(() => {
        cancel()
        resolve()
      })
    })
  }
}
