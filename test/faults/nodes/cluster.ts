import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../../support/free-ports.js'
import type { Engine, EngineServer } from './engines.js'
import { FabricNode } from './fabric-node.js'

const NODES = ['n1', 'n2', 'n3']
/** How long faults that have ended may have consequences, milliseconds. The machine may be busy with other things. */
const SETTLED_WITHIN_MS = 60_000
const LOOK_AGAIN_MS = 50

/** Budgets that are often full, and breakers that stay out of the way: they are not what is tried here. */
const CONFIG = `
resource_policy:
  max_cost_per_task: 1.00
  circuit_breaker_failure_threshold: 1000
breakers: { window_calls: 1000, minimum_calls: 1000, failure_rate_percent: 100, runaway_refusals: 10000 }
budgets:
  fabric: { total: 4 }
`

/** Three nodes of one fabric on the servers of an engine: all real processes on loopback. */
export class Cluster implements AsyncDisposable {
  readonly nodes: readonly FabricNode[]
  readonly servers: readonly EngineServer[]
  readonly #directory: string

  private constructor(directory: string, servers: readonly EngineServer[], nodes: readonly FabricNode[]) {
    this.#directory = directory
    this.servers = servers
    this.nodes = nodes
  }

  /** The servers keep their data at `place` where that is given. */
  static async start(engine: Engine, serverCount: 1 | 3, place?: string): Promise<Cluster> {
    const directory = await mkdtemp(join(tmpdir(), 'ifab-faults-'))
    const servers = await engine.start(serverCount, place)
    const config = join(directory, 'infrafabric.yaml')
    await writeFile(config, CONFIG)
    const args = ['--config', config, '--max-failures', '1000', '--stall-after', '1h', '--log-level', 'warn']
    const env = { IFAB_CLUSTER_SECRET: randomBytes(32).toString('hex') }
    const ports = await freePorts(2 * NODES.length)
    const nodes = await Promise.all(
      NODES.map((id, at) =>
        FabricNode.prepare({
          ...{ id, args, env, data: join(directory, id), journal: engine.journal },
          servers: servers.map(({ port }) => port),
          ports: { http: ports[2 * at] ?? 0, link: ports[2 * at + 1] ?? 0 },
        }),
      ),
    )
    const cluster = new Cluster(directory, servers, nodes)
    try {
      await Promise.all(nodes.map((node) => node.start()))
      await cluster.settle()
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Where clients reach the nodes, beginning with the one at `first`. */
  urlFrom(first: number): string {
    return this.nodes.map((_, at) => this.nodes[(first + at) % this.nodes.length]?.url).join(',')
  }

  /** The node that leads, as the newest term says that any of them has heard of. */
  async leader(): Promise<FabricNode> {
    return this.until('one node leads', async () => {
      const all = await Promise.all(this.nodes.map((node) => node.view()))
      const newest = all.reduce((one, other) => ((other?.term ?? 0) > (one?.term ?? 0) ? other : one), undefined)
      return this.nodes.find(({ id, isRunning }) => id === newest?.leader && isRunning)
    })
  }

  /** Resolves when another node leads than this one. */
  async succeeded(former: FabricNode): Promise<FabricNode> {
    return this.until('another node leads', async () => {
      const leader = await this.leader()
      return leader === former ? undefined : leader
    })
  }

  async followers(): Promise<FabricNode[]> {
    const leader = await this.leader()
    return this.nodes.filter((node) => node !== leader)
  }

  /** Ends all faults, starts what does not run, and resolves when all nodes lead or follow and have the whole log. */
  async settle(): Promise<void> {
    for (const node of this.nodes) {
      node.heal()
      node.thaw()
      if (!node.isRunning) await node.start()
    }
    await this.until('all nodes have the whole log', async () => {
      const all = await Promise.all(this.nodes.map(async (node) => (await node.admin()).fabric.status())).catch(
        () => [],
      )
      const [first] = all
      if (first?.nodes?.leader === undefined) return undefined
      const isSame = all.every(
        ({ nodes, entries }) => nodes?.leader === first.nodes?.leader && entries === first.entries,
      )
      return isSame && first.nodes.members.length === this.nodes.length ? true : undefined
    })
  }

  /** Asks until there is an answer. */
  async until<Found>(what: string, look: () => Promise<Found | undefined>): Promise<Found> {
    const end = performance.now() + SETTLED_WITHIN_MS
    for (;;) {
      const found = await look()
      if (found !== undefined) return found
      if (performance.now() > end) throw new Error(`It did not come to pass in time that ${what}`)
      await sleep(LOOK_AGAIN_MS)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.dispose()))
    await Promise.all(this.servers.map((server) => server.dispose()))
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 5 })
  }
}
