import type { Policy } from '../coordinator/policy.js'
import { showTask, type TaskDetail } from '../coordinator/queries.js'
import { requireReader, unreadMessages } from '../coordinator/read-inbox.js'
import type { Journal } from '../journal/journal.js'
import { assertInvariant } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { authenticate, isStillGood } from './authenticate.js'
import type { BlobKeeper } from './blobs.js'
import type { Fabric, FabricHealth, FabricNodes, FabricStatus, InboxPage } from './fabric.js'
import type { FabricEngine } from './fabric-engine.js'
import { type EngineWitness, noWitness } from './fabric-witness.js'
import type { Meter } from './meter.js'
import { readEntry } from './recovery.js'
import type { Timing } from './timing.js'
import { Waiting } from './waiting.js'

/** What a fabric is put together from. Without `witness` and `blobs` it keeps none. */
export interface FabricParts {
  readonly engine: FabricEngine
  readonly journal: Journal
  readonly policy: Policy
  readonly timing: Timing
  readonly witness: EngineWitness | undefined
  readonly blobs: BlobKeeper | undefined
  readonly nodes?: FabricNodes
}

/** The engine with everything above it that callers need. */
export class EngineFabric implements Fabric {
  readonly #engine: FabricEngine
  readonly #journal: Journal
  readonly #waiting: Waiting
  readonly #startedAt: number
  readonly #witness: EngineWitness | undefined
  readonly #blobs: BlobKeeper | undefined
  readonly policy: Policy
  readonly nodes?: FabricNodes

  constructor({ engine, journal, policy, timing, witness, blobs, nodes }: FabricParts) {
    this.#engine = engine
    this.#journal = journal
    this.#waiting = new Waiting(engine, timing)
    this.#startedAt = timing.now()
    this.#witness = witness
    this.#blobs = blobs
    this.policy = policy
    if (nodes !== undefined) this.nodes = nodes
  }

  get name(): string {
    return this.#engine.name
  }

  get meter(): Meter {
    return this.#engine.meter
  }

  get failed(): Fabric['failed'] {
    return this.#engine.failed
  }

  get witness(): EngineWitness {
    if (this.#witness === undefined) throw noWitness()
    return this.#witness
  }

  get #requiredBlobs(): BlobKeeper {
    if (this.#blobs === undefined) throw noWitness()
    return this.#blobs
  }

  /** Without a witness nothing is taken out of anything. */
  declare(secret: string): () => void {
    return this.#engine.witnessing?.declare(secret) ?? (() => {})
  }

  /** Before anybody is served: what is stored now may not have its entry yet. */
  async sweepBlobs(): Promise<void> {
    await this.#blobs?.sweep()
  }

  // Asynchronous, so that a fabric without a witness refuses by rejecting.
  putBlob: Fabric['putBlob'] = async (content, mediaType, origin) => this.#requiredBlobs.put(content, mediaType, origin)

  getBlob: Fabric['getBlob'] = async (sha256) => this.#requiredBlobs.get(sha256)

  deleteBlob: Fabric['deleteBlob'] = async (sha256, reason, origin) =>
    this.#requiredBlobs.delete(sha256, reason, origin)

  noteRefusal: Fabric['noteRefusal'] = (refusal) => this.#engine.noteRefusal(refusal)

  submit: Fabric['submit'] = (command, origin) => this.#engine.submit(command, origin)

  authenticate: Fabric['authenticate'] = (token) => {
    this.#engine.requireFresh()
    return this.#engine.peek((state, now) => authenticate(state, now, token))
  }

  stillKnows: Fabric['stillKnows'] = (principal) =>
    this.#engine.peek((state, now) => isStillGood(state, now, principal))

  credentialsOf: Fabric['credentialsOf'] = (epoch) =>
    this.#engine.peek((state, now) => state.chassis.credentialsOf(epoch, now))

  read: Fabric['read'] = (query) => this.#engine.read(query)

  async task(id: string): Promise<TaskDetail> {
    const found = await this.read((state) => state.archived.get(id) ?? showTask(state, id))
    if ('task' in found) return found
    const entry = await readEntry(this.#journal, found.index)
    assertInvariant(entry.type === 'task_archived', `entry ${found.index} does not archive ${id}`)
    const task = entry.data.row
    return { task, stuck: false, criticalPathMinutes: 0, waitingFor: [], dependents: [], blockers: [] }
  }

  next: Fabric['next'] = (command, origin, waitMs, signal, untilMail = false) =>
    this.#waiting.next(command, origin, Math.min(waitMs, LIMITS.waitMs), signal, untilMail)

  follow: Fabric['follow'] = (signal, from, interest) => this.#engine.publisher.follow(signal, from, interest)

  watch: Fabric['watch'] = (listener) => this.#engine.onChange(listener)

  async inbox(swarm: string, after: number, limit: number, waitMs: number, signal?: AbortSignal): Promise<InboxPage> {
    if (waitMs > 0) await this.#waiting.mail(swarm, after, Math.min(waitMs, LIMITS.waitMs), signal)
    return this.read((state) => {
      requireReader(state, swarm)
      const unread = unreadMessages(state, swarm)
      return {
        swarm,
        messages: unread.filter(({ index }) => index > after).slice(0, limit),
        acknowledged: state.readUpTo(swarm),
        unread: unread.length,
        dropped: state.inbox(swarm).dropped,
      }
    })
  }

  health(): FabricHealth {
    const { flushes } = this.#journal
    return {
      state: this.#engine.state,
      entries: this.#engine.publisher.size,
      queuedCommands: this.#engine.queued,
      waiting: this.#waiting.size,
      followers: this.#engine.publisher.followers,
      journal: this.#journal.health(),
      ...(flushes !== undefined && { flushes }),
      ...(this.#witness && { witness: this.#witness.summary }),
      ...(this.nodes && { nodes: { ...this.nodes.status(), isFresh: this.nodes.isFresh } }),
    }
  }

  async status(): Promise<FabricStatus> {
    const base = {
      name: this.name,
      state: this.#engine.state,
      startedAt: this.#startedAt,
      entries: this.#engine.publisher.size,
      waitingSwarms: this.#waiting.size,
      subscribers: this.#engine.publisher.followers,
      journal: this.#journal.health(),
      ...(this.#witness && { witness: this.#witness.summary }),
      ...(this.nodes && { nodes: this.nodes.status() }),
    }
    return this.read((state) => ({
      ...base,
      tasks: { ...state.counts },
      stuck: state.stuck,
      swarms: state.swarms.size,
      openBlockers: state.openBlockers,
      ...state.governor.summary,
    }))
  }

  snapshot(): Promise<number> {
    return this.#engine.snapshot()
  }

  async close(): Promise<void> {
    await this.#engine.close()
    this.#waiting.close()
  }
}
