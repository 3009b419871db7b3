import { expect } from 'vitest'
import type { Replies } from '../../src/coordinator/commands.js'
import { DEFAULT_POLICY } from '../../src/coordinator/policy.js'
import { decodeEntry } from '../../src/fabric/entry-codec.js'
import { Fold } from '../../src/fabric/fold.js'
import { ADMIN_ACTOR } from '../../src/model/entry.js'
import { isFabricError } from '../../src/model/errors.js'
import { MINUTE_MS, SECOND_MS } from '../../src/model/time.js'
import { type TestNode, TestNodes } from '../../src/testing/test-nodes.js'
import { Audit } from './audit.js'
import { Crowd, type Said } from './commands.js'
import { Random } from './random.js'
import { ReferenceTree } from './reference-tree.js'

export interface NodesReport {
  readonly accepted: number
  readonly refused: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
  /** Changes of the lead. */
  readonly terms: number
}

/** Errors of the machinery, after which a caller tries again. What the rules refuse has other codes. */
const RETRYABLE = new Set(['UNAVAILABLE', 'AMBIGUOUS', 'STORAGE_FAILED', 'FENCED', 'RATE_LIMITED'])
const COUNT = 3

/** Three nodes under a random crowd: they are cut off, stopped, killed and joined again while commands come in everywhere. */
export class NodesSimulation {
  readonly #random: Random
  readonly #crowd: Crowd
  readonly #steps: number
  readonly #audit = new Audit()
  readonly #tree = new ReferenceTree()
  readonly #shadow = new Fold(DEFAULT_POLICY)
  readonly #paused = new Set<TestNode>()
  readonly #pending = new Set<Promise<void>>()
  /** Entries that somebody was told of, by their index. */
  readonly #acknowledged = new Map<number, string>()
  readonly #entries: string[] = []
  readonly #positions = new Map<TestNode, number>()
  readonly #refused: Record<string, number> = {}
  readonly #faults: Record<string, number> = {}
  #all!: TestNodes
  #accepted = 0
  #added = COUNT
  #terms = 0

  constructor({ seed, swarms, steps }: { readonly seed: number; readonly swarms: number; readonly steps: number }) {
    this.#random = new Random(seed)
    this.#crowd = new Crowd(this.#random, swarms)
    this.#steps = steps
  }

  async run(): Promise<NodesReport> {
    await using all = await TestNodes.open({ count: COUNT, witness: true, snapshotEvery: 100 })
    this.#all = all
    this.#say(this.#crowd.swarms.map((swarm) => ({ command: this.#crowd.registration(swarm), actor: ADMIN_ACTOR })))
    for (let step = 1; step <= this.#steps; step += 1) {
      await this.#step()
      await this.#read()
      if (step % 10 === 0) await this.#calm()
    }
    await this.#calm()
    return { accepted: this.#accepted, refused: this.#refused, faults: this.#faults, terms: this.#terms }
  }

  async #step(): Promise<void> {
    const random = this.#random
    if (random.chance(0.5)) await this.#fault()
    const { state } = this.#shadow
    this.#say(Array.from({ length: 1 + random.below(12) }, () => this.#crowd.say(state)))
    const often = [100, 100, 300, SECOND_MS, 3 * SECOND_MS]
    await this.#all.advance(random.chance(0.03) ? 16 * MINUTE_MS : random.pick(often))
  }

  /** Through any node that can hear; what it answers is taken down whenever it comes. */
  #say(said: readonly Said[]): void {
    const hearing = this.#all.nodes.filter((node) => !this.#paused.has(node))
    if (hearing.length === 0) return
    for (const one of said) {
      const key = this.#random.chance(0.5) ? { idempotencyKey: `key-${this.#random.next()}` } : {}
      const answer = this.#random.pick(hearing).fabric.submit(one.command, { actor: one.actor, ...key })
      const settled: Promise<void> = answer
        .then(
          (reply) => this.#accept(one, reply),
          (error) => this.#refuse(error),
        )
        .finally(() => this.#pending.delete(settled))
      this.#pending.add(settled)
    }
  }

  #accept({ command }: Said, reply: unknown): void {
    this.#accepted += 1
    if (command.type === 'claim_task') {
      const grant = reply as Replies['claim_task']
      this.#crowd.grants.push(grant)
      this.#acknowledged.set(grant.epoch, `task_claimed ${grant.task}`)
    }
    if (command.type === 'send_message') {
      this.#acknowledged.set((reply as Replies['send_message']).index, `message_sent ${command.to}`)
    }
    if (command.type === 'create_task') {
      const { createdIndex, id } = reply as Replies['create_task']
      this.#acknowledged.set(createdIndex, `task_created ${id}`)
    }
  }

  #refuse(error: unknown): void {
    if (!isFabricError(error) || error.code === 'INTERNAL') throw error
    this.#refused[error.code] = (this.#refused[error.code] ?? 0) + 1
  }

  async #fault(): Promise<void> {
    const random = this.#random
    const all = this.#all
    const node = random.chance(0.5)
      ? (all.nodes.find(({ fabric }) => fabric.nodes?.leads) ?? random.pick(all.nodes))
      : random.pick(all.nodes)
    const faults: Record<string, () => void | Promise<void>> = {
      'cut from journal': () => node.partition('journal'),
      'cut from nodes': () => node.partition('nodes'),
      'cut off': () => node.partition(),
      healed: () => node.heal(),
      paused: () => {
        node.pause()
        this.#paused.add(node)
      },
      resumed: () => {
        for (const paused of this.#paused) paused.resume()
        this.#paused.clear()
      },
      'append lost': () => node.journal.loseNextAppend(),
      'acknowledgement lost': () => node.journal.loseNextAcknowledgement(),
      'append failed': () => node.journal.failNextAppend(),
      'answer lost': () => all.links.loseNextAnswer(),
      killed: () => this.#replace(node, () => node.kill()),
      closed: () => this.#replace(node, () => all.remove(node)),
    }
    const name = random.pick(Object.keys(faults))
    this.#faults[name] = (this.#faults[name] ?? 0) + 1
    await faults[name]?.()
  }

  /** One goes and another comes, as long as one is there that is neither. */
  async #replace(node: TestNode, end: () => Promise<void>): Promise<void> {
    if (this.#paused.size > 0 || this.#all.nodes.length < COUNT) return
    for (const other of this.#all.nodes) if (other !== node) other.heal()
    await end()
    this.#added += 1
    await this.#all.during(this.#all.add(`n${this.#added}`))
  }

  /** Reads what is new in the log, and holds what nodes show against it. */
  async #read(): Promise<void> {
    const entries = await this.#all.log.entries()
    for (const bytes of entries.slice(this.#audit.size)) {
      const index = this.#audit.size
      this.#audit.read({ index, bytes })
      this.#tree.add(bytes)
      const entry = decodeEntry(index, bytes)
      this.#shadow.apply(entry)
      this.#entries.push(`${entry.type} ${entry.subject}`)
      if (entry.type === 'fabric_started') this.#terms = entry.data.term ?? 0
    }
    this.#audit.between()
    for (const [index, entry] of this.#acknowledged) {
      expect(this.#entries[index], 'an acknowledged entry is in the log').toBe(entry)
    }
    this.#acknowledged.clear()
    for (const node of this.#all.nodes) {
      const position = node.fabric.nodes?.position ?? 0
      expect(position, 'no node goes back').toBeGreaterThanOrEqual(this.#positions.get(node) ?? 0)
      expect(position, 'no node shows what is not durable').toBeLessThanOrEqual(this.#audit.size)
      this.#positions.set(node, position)
    }
  }

  /** All faults end; then one leads, everything was answered, and all nodes hold the same. */
  async #calm(): Promise<void> {
    const all = this.#all
    for (const node of all.nodes) {
      node.resume()
      node.heal()
    }
    this.#paused.clear()
    await all.during(Promise.all([...this.#pending]))
    await all.advance(6 * SECOND_MS)
    await this.#read()
    expect(all.leader.fabric.nodes?.status().term).toBe(this.#terms)
    for (const { id, fabric } of all.nodes) {
      expect(await all.during(fabric.read((state) => rowsOf(state))), `the state of ${id}`).toEqual(
        rowsOf(this.#shadow.state),
      )
      const { size, root } = await fabric.witness.checkpoint()
      expect({ size, root: root.toString('hex') }, `the head of ${id}`).toEqual({
        size: this.#audit.size,
        root: this.#tree.root().toString('hex'),
      })
    }
    const faults = all.faults.filter((fault) => !(isFabricError(fault) && RETRYABLE.has(fault.code)))
    expect(faults, 'faults that no caller heard of').toEqual([])
  }
}

function rowsOf(of: { rows(): Iterable<unknown> }): string[] {
  return [...of.rows()].map((row) => JSON.stringify(row)).sort()
}
