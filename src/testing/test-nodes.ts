import type { CommandOf, CommandType, Replies } from '../coordinator/commands.js'
import type { Fabric } from '../fabric/fabric.js'
import { openNodeFabric } from '../fabric/nodes/open.js'
import { ADMIN_ACTOR } from '../model/entry.js'
import type { TrustPolicy } from '../witness/note/trust-policy.js'
import { sharedKeys } from '../witness/shared-keys.js'
import { memoryStorage, type WitnessStorage } from '../witness/storage.js'
import { FakeTiming } from './fake-timing.js'
import type { FaultyJournal } from './faulty-journal.js'
import { PausedTiming } from './paused-timing.js'
import { SequentialIds } from './sequential-ids.js'
import { SharedLinks } from './shared-links.js'
import { Line, SharedLog } from './shared-log.js'

export interface TestNode {
  readonly id: string
  readonly fabric: Fabric
  readonly journal: FaultyJournal
  /** Cuts it off from the journal, or only from the other nodes, or joins it again. */
  partition(from?: 'journal' | 'nodes'): void
  heal(): void
  /** Stops the whole process in its tracks, as SIGSTOP does, and lets it go on. */
  pause(): void
  resume(): void
  /** It is gone without a word. */
  kill(): Promise<void>
}

export interface TestNodesOptions {
  readonly count?: number
  /** Keeps a witness on each node; where its storage is, unless it is new. */
  readonly witness?: boolean | ((id: string) => WitnessStorage)
  readonly snapshotEvery?: number
  /** Outside witnesses that a node asks when it leads. */
  readonly trust?: (id: string) => TrustPolicy
}

/** Several nodes in one process, on a journal in memory, with one clock that the test moves. */
export class TestNodes implements AsyncDisposable {
  readonly timing = new FakeTiming()
  readonly links = new SharedLinks()
  readonly log = new SharedLog(this.timing)
  readonly nodes: TestNode[] = []
  /** Faults that no caller was waiting for. */
  readonly faults: unknown[] = []
  readonly #options: TestNodesOptions

  private constructor(options: TestNodesOptions) {
    this.#options = options
  }

  /** The first of them leads. */
  static async open(options: TestNodesOptions = {}): Promise<TestNodes> {
    const all = new TestNodes(options)
    for (let number = 1; number <= (options.count ?? 3); number += 1) await all.add(`n${number}`)
    return all
  }

  async add(id: string): Promise<TestNode> {
    const { snapshotEvery, witness = false, trust } = this.#options
    const storage = typeof witness === 'function' ? witness : memoryStorage
    const timing = new PausedTiming(this.timing)
    const line = this.log.connect(timing)
    const link = new Line()
    const { journal, membership } = line
    const fabric = await openNodeFabric({
      ...{ journal, membership, timing },
      name: 'test',
      version: 'test',
      ids: new SequentialIds(id),
      link: this.links.connect(id, link),
      self: { id, url: `http://${id}.test`, link: `${id}.test:1`, version: 'test' },
      report: (error) => this.faults.push(error),
      ...(snapshotEvery !== undefined && { snapshotEvery }),
      ...(witness !== false && {
        witness: {
          open: async () => ({ storage: storage(id), keys: sharedKeys(SECRET) }),
          ...(trust && { policy: trust(id) }),
        },
      }),
    })
    const heal = () => {
      line.mend()
      link.mend()
    }
    const node: TestNode = {
      ...{ id, fabric, journal, heal },
      partition: (from) => {
        if (from !== 'nodes') line.cut()
        if (from !== 'journal') link.cut()
      },
      pause: () => {
        timing.pause()
        line.hold()
        link.hold()
      },
      resume: () => {
        line.release()
        link.release()
        timing.resume()
      },
      kill: async () => {
        line.cut()
        link.cut()
        this.nodes.splice(this.nodes.indexOf(node), 1)
        await this.during(fabric.close().catch(() => undefined))
      },
    }
    this.nodes.push(node)
    return node
  }

  /** Closes a node in order. */
  async remove(node: TestNode): Promise<void> {
    this.nodes.splice(this.nodes.indexOf(node), 1)
    await this.during(node.fabric.close())
  }

  /** The node that leads; a test that has none at this moment fails. */
  get leader(): TestNode {
    const [leader, ...more] = this.nodes.filter(({ fabric }) => fabric.nodes?.leads === true)
    if (leader === undefined || more.length > 0) throw new Error(`${more.length + (leader ? 1 : 0)} nodes lead`)
    return leader
  }

  /** Sends a command as an administrator, through a node. */
  send<Type extends CommandType>(id: string, command: CommandOf<Type>, key?: string): Promise<Replies[Type]> {
    const origin = { actor: ADMIN_ACTOR, ...(key !== undefined && { idempotencyKey: key }) }
    return this.during(this.node(id).fabric.submit(command, origin))
  }

  node(id: string): TestNode {
    const found = this.nodes.find((node) => node.id === id)
    if (found === undefined) throw new Error(`there is no node ${id}`)
    return found
  }

  /** Lets time pass in small steps, and everything happen that is due on the way. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.timing.advance(Math.min(left, STEP_MS))
      await turns()
    }
  }

  /** Lets time pass until an answer is there. */
  async during<Result>(answer: Promise<Result>): Promise<Result> {
    let isThere = false
    const end = () => {
      isThere = true
    }
    answer.then(end, end)
    for (let left = PATIENCE_MS; left > 0; left -= STEP_MS) {
      await turns()
      if (isThere) break
      this.timing.advance(STEP_MS)
    }
    if (!isThere) throw new Error(`no answer within ${PATIENCE_MS} ms`)
    return answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) {
      node.resume()
      node.heal()
    }
    await this.during(Promise.all(this.nodes.map(({ fabric }) => fabric.close())))
  }
}

const SECRET = Buffer.from('the secret of the nodes in tests')
const STEP_MS = 100
const PATIENCE_MS = 60_000
const TURNS = 20

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise(setImmediate)
}
