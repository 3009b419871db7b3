import { expect } from 'vitest'
import type { Replies } from '../../src/coordinator/commands.js'
import { DEFAULT_POLICY } from '../../src/coordinator/policy.js'
import type { FabricState } from '../../src/coordinator/state.js'
import { decodeEntry, encodeEntry } from '../../src/fabric/entry-codec.js'
import type { Fabric } from '../../src/fabric/fabric.js'
import { Fold } from '../../src/fabric/fold.js'
import { loadFold } from '../../src/fabric/recovery.js'
import { MemoryJournal } from '../../src/journal/memory/memory-journal.js'
import { ADMIN_ACTOR } from '../../src/model/entry.js'
import { isFabricError } from '../../src/model/errors.js'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/model/time.js'
import { makeRegistration } from '../../src/testing/factories.js'
import { FakeTiming } from '../../src/testing/fake-timing.js'
import { FaultyJournal } from '../../src/testing/faulty-journal.js'
import { openTestFabric } from '../../src/testing/test-fabric.js'
import { memoryStorage } from '../../src/witness/storage.js'
import { Audit } from './audit.js'
import { Crowd, type Said } from './commands.js'
import { credentialWords } from './credential-words.js'
import { keptIndexes, recomputedIndexes } from './indexes.js'
import { Random } from './random.js'
import { ReferenceTree } from './reference-tree.js'
import { runWords } from './run-words.js'

export interface SimulationOptions {
  readonly seed: number
  readonly swarms: number
  readonly steps: number
}

export interface SimulationReport {
  /** How often each type of entry is in the log. */
  readonly seen: Readonly<Record<string, number>>
  readonly accepted: number
  readonly refused: Readonly<Record<string, number>>
  readonly restarts: number
  readonly faults: number
}

/** A whole fabric under a random crowd, with time jumps, restarts and journal faults, checked after every step. */
export class Simulation {
  readonly #random: Random
  readonly #crowd: Crowd
  /** Of their own, so that what modules do and may changes nothing of what others say. */
  readonly #runs: Random
  readonly #rights: Random
  readonly #steps: number
  readonly #journal = new FaultyJournal(new MemoryJournal())
  readonly #audit = new Audit()
  readonly #witness = memoryStorage()
  readonly #tree = new ReferenceTree()
  readonly #shadow = new Fold(DEFAULT_POLICY)
  /** Entries that somebody was told of: index, kind and subject. */
  readonly #acknowledged: { readonly index: number; readonly type: string; readonly subject: string }[] = []
  readonly #refused: Record<string, number> = {}
  #timing = new FakeTiming()
  #fabric!: Fabric
  #faultsOf: readonly unknown[] = []
  #accepted = 0
  #restarts = 0
  #faults = 0
  #foreign = 0

  constructor({ seed, swarms, steps }: SimulationOptions) {
    this.#random = new Random(seed)
    this.#runs = new Random(seed + 1_000_000)
    this.#rights = new Random(seed + 2_000_000)
    this.#crowd = new Crowd(this.#random, swarms)
    this.#steps = steps
  }

  async run(): Promise<SimulationReport> {
    await this.#open()
    await this.#say(
      this.#crowd.swarms.map((swarm) => ({ command: this.#crowd.registration(swarm), actor: ADMIN_ACTOR })),
    )
    await this.#check()
    for (let step = 0; step < this.#steps; step += 1) {
      await this.#step()
      await this.#check()
    }
    await this.#checkRestart()
    await this.#fabric.close()
    const { seen } = this.#audit
    return { seen, accepted: this.#accepted, refused: this.#refused, restarts: this.#restarts, faults: this.#faults }
  }

  async #step(): Promise<void> {
    const random = this.#random
    const faulty = random.chance(0.12)
    if (faulty) await this.#scriptFault()
    const state = await this.#state()
    const said = Array.from({ length: 1 + random.below(24) }, () => this.#crowd.say(state))
    said.push(...runWords(this.#runs), ...credentialWords(this.#rights, state, this.#crowd.grants))
    if (faulty) said.push({ command: this.#alwaysWritten(), actor: ADMIN_ACTOR })
    const silent = await this.#say(said)
    if (silent === 'failed') await this.#restart(false)
    else if (random.chance(0.04)) await this.#restart(random.chance(0.5))
    if (random.chance(0.25))
      await this.#pass(random.pick([SECOND_MS, MINUTE_MS, MINUTE_MS, 16 * MINUTE_MS, HOUR_MS, 190 * HOUR_MS]))
  }

  #alwaysWritten() {
    this.#faults += 1
    return makeRegistration('witness', { metadata: { faults: String(this.#faults) } })
  }

  async #scriptFault(): Promise<void> {
    const journal = this.#journal
    const { size } = await journal.head()
    const kind = this.#random.below(6)
    if (kind === 0) journal.failNextAppend()
    else if (kind === 1) journal.tearNextAppend()
    else if (kind === 2) journal.loseNextAcknowledgement()
    else if (kind === 3) journal.loseNextAppend()
    else if (kind === 4) journal.failNextFlush()
    else {
      const at = Math.max(this.#timing.now(), this.#shadow.head.lastAt)
      const draft = { type: 'message_sent', subject: 'orchestrator', data: { text: 'from elsewhere' } } as const
      const { bytes } = encodeEntry(draft, { index: size, at, actor: ADMIN_ACTOR, fabric: 'test' })
      this.#foreign += 1
      journal.fenceNextAppend({ writerId: 'other', batchId: `foreign-${this.#foreign}`, entries: [bytes] })
    }
  }

  /** Says it all at once; answers whether the fabric still runs. */
  async #say(said: readonly Said[]): Promise<'running' | 'failed'> {
    const answers = said.map(({ command, actor }) => this.#fabric.submit(command, { actor }))
    let state: 'running' | 'failed' = 'running'
    for (const [position, answer] of (await Promise.allSettled(answers)).entries()) {
      if (answer.status === 'fulfilled') this.#accept(said[position] as Said, answer.value)
      else {
        const error: unknown = answer.reason
        if (!isFabricError(error) || error.code === 'INTERNAL') throw error
        this.#refused[error.code] = (this.#refused[error.code] ?? 0) + 1
        if (error.details.stage === 'flush') state = 'failed'
      }
    }
    return state
  }

  #accept({ command }: Said, reply: unknown): void {
    this.#accepted += 1
    const grant =
      command.type === 'claim_task'
        ? (reply as Replies['claim_task'])
        : command.type === 'offer_next'
          ? (reply as Replies['offer_next']).claim
          : undefined
    if (grant !== undefined) {
      this.#crowd.grants.push(grant)
      this.#acknowledged.push({ index: grant.epoch, type: 'task_claimed', subject: grant.task })
    }
    if (command.type === 'raise_blocker') {
      const { id } = reply as Replies['raise_blocker']
      this.#acknowledged.push({ index: Number(id.split('-')[1]), type: 'blocker_raised', subject: id })
    }
    if (command.type === 'send_message') {
      const { index } = reply as Replies['send_message']
      this.#acknowledged.push({ index, type: 'message_sent', subject: command.to })
    }
    if (command.type === 'create_task') {
      const { createdIndex: index, id: subject } = reply as Replies['create_task']
      this.#acknowledged.push({ index, type: 'task_created', subject })
    }
  }

  async #pass(ms: number): Promise<void> {
    this.#timing.advance(ms)
    for (let rounds = 0; ; rounds += 1) {
      const due = await this.#fabric.read((state) => state.deadlines.first()?.at ?? Number.POSITIVE_INFINITY)
      if (due > this.#timing.now()) return
      if (rounds > 1_000) throw new Error('a deadline stays due')
      this.#timing.advance(0)
      await new Promise(setImmediate)
    }
  }

  async #restart(orderly: boolean): Promise<void> {
    this.#restarts += 1
    if (orderly) await this.#fabric.close()
    else await this.#journal.close()
    // What the dead process had begun to write ends before the next one starts.
    await new Promise(setImmediate)
    this.#timing = new FakeTiming(this.#timing.now())
    await this.#open()
  }

  async #open(): Promise<void> {
    const { fabric, faults } = await openTestFabric({
      journal: this.#journal,
      timing: this.#timing,
      snapshotEvery: 200,
      witness: this.#witness,
    })
    this.#fabric = fabric
    this.#faultsOf = faults
  }

  #state() {
    return this.#fabric.read((state) => state)
  }

  /** Everything that must hold between two steps. */
  async #check(): Promise<void> {
    const acknowledged = this.#acknowledged.splice(0)
    const seen = new Map<number, string>()
    for await (const chunk of this.#journal.read(this.#audit.size)) {
      for (const entry of chunk) {
        this.#audit.read(entry)
        this.#tree.add(entry.bytes)
        const decoded = decodeEntry(entry.index, entry.bytes)
        seen.set(entry.index, `${decoded.type} ${decoded.subject}`)
        this.#shadow.apply(decoded)
      }
    }
    this.#audit.between()
    for (const { index, type, subject } of acknowledged) {
      if (seen.has(index)) expect(seen.get(index)).toBe(`${type} ${subject}`)
      else expect(index, 'an acknowledged entry is in the log').toBeLessThan(this.#audit.size)
    }
    // The audit holds that the log only grew, so heads that are its roots are consistent with one another.
    const { size, root } = await this.#fabric.witness.checkpoint()
    expect({ size, root: root.toString('hex') }, 'the signed head').toEqual({
      size: this.#audit.size,
      root: this.#tree.root().toString('hex'),
    })
    const state = await this.#state()
    expect(rowsOf(state.rows()), 'live state and the fold of the log').toEqual(rowsOf(this.#shadow.state.rows()))
    expect(keptIndexes(state), 'indexes').toEqual(recomputedIndexes(state))
    const now = this.#timing.now()
    expect(liveCredentials(state, now), 'credentials that are good').toEqual(this.#audit.liveCredentials(now))
    const faults = this.#faultsOf.filter((fault) => !(isFabricError(fault) && fault.retryable))
    expect(faults, 'faults that no caller heard of').toEqual([])
  }

  /** The log folded from its start, and from the newest snapshot: both as the running state. */
  async #checkRestart(): Promise<void> {
    await this.#fabric.snapshot()
    const fromSnapshot = await loadFold(this.#journal, DEFAULT_POLICY)
    expect(fromSnapshot.snapshotSize, 'a snapshot was used').toBeGreaterThan(0)
    expect(rowsOf(fromSnapshot.fold.rows())).toEqual(rowsOf(this.#shadow.rows()))
    expect(keptIndexes(fromSnapshot.fold.state)).toEqual(recomputedIndexes(fromSnapshot.fold.state))
    const fold = new Fold(DEFAULT_POLICY)
    for await (const chunk of this.#journal.read(0)) {
      for (const { index, bytes } of chunk) fold.apply(decodeEntry(index, bytes))
    }
    expect(rowsOf(fold.rows())).toEqual(rowsOf(this.#shadow.rows()))
  }
}

/** What the fabric would let through: id and claim, by all of its claims. */
function liveCredentials(state: FabricState, at: number): string[] {
  const epochs = new Set([...state.chassis.credentials.values()].map(({ epoch }) => epoch))
  const rows = [...epochs].flatMap((epoch) => state.chassis.credentialsOf(epoch, at))
  return rows.map(({ id, swarm, task, epoch }) => `${id} ${swarm} ${task} ${epoch}`).sort()
}

function rowsOf(rows: Iterable<unknown>): string[] {
  return [...rows].map((row) => JSON.stringify(row)).sort()
}
