import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type FabricClient } from '../../../src/client/client.js'
import { nodeTransport } from '../../../src/client/node-transport.js'
import { ProgramRun } from '../../cli/program-run.js'
import type { LoggedEvent } from '../../support/claim-invariants.js'
import { CuttingProxy } from '../../support/cutting-proxy.js'

export interface FabricNodeOptions {
  readonly id: string
  /** Where all it keeps is. */
  readonly data: string
  /** Ports of the servers of its engine, and how the engine is named to `ifab up`. */
  readonly servers: readonly number[]
  readonly journal: (ports: readonly number[]) => string[]
  readonly ports: { readonly http: number; readonly link: number }
  /** More arguments of `ifab up`, and more of its environment. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const PAGE = 1_000
/** A node that is well says who leads within this, milliseconds. */
const VIEW_MS = 1_000

/** One node as a real process. Whatever reaches it, and whatever it reaches, goes through a proxy of its own. */
export class FabricNode {
  readonly id: string
  /** Between clients and this node, between other nodes and it, and between it and each server. */
  readonly front: CuttingProxy
  readonly link: CuttingProxy
  readonly lines: readonly CuttingProxy[]
  readonly #options: FabricNodeOptions
  readonly #transport = nodeTransport()
  #run: ProgramRun | undefined

  private constructor(options: FabricNodeOptions, front: CuttingProxy, link: CuttingProxy, lines: CuttingProxy[]) {
    this.#options = options
    this.id = options.id
    this.front = front
    this.link = link
    this.lines = lines
  }

  /** Makes its proxies; it does not run yet. */
  static async prepare(options: FabricNodeOptions): Promise<FabricNode> {
    const { http, link } = options.ports
    const [front, ...rest] = await Promise.all([http, link, ...options.servers].map((port) => CuttingProxy.start(port)))
    const [behind, ...lines] = rest
    if (front === undefined || behind === undefined) throw new Error('There are no proxies')
    return new FabricNode(options, front, behind, lines)
  }

  /** Where clients reach it. */
  get url(): string {
    return `http://127.0.0.1:${this.front.port}`
  }

  /** Runs it, also after it was killed, and resolves when it serves. `env` is for this run only. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { id, data, journal, ports, args } = this.#options
    const argv = [
      ...['up', '--node', id, '--listen', `127.0.0.1:${ports.http}`, '--advertise', this.url],
      ...['--node-listen', `127.0.0.1:${ports.link}`, '--node-advertise', `127.0.0.1:${this.link.port}`],
      ...[...journal(this.lines.map(({ port }) => port)), ...args],
    ]
    this.#run = new ProgramRun(argv, { ...this.#options.env, IFAB_DATA: data, ...env })
    await this.#run.prints('The fabric runs at')
  }

  get isRunning(): boolean {
    const child = this.#run?.child
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** Ends it, and resolves with how it ended and what it said. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<{ readonly exit: number; readonly err: string }> {
    if (this.#run === undefined) throw new Error(`${this.id} was never started`)
    this.#run.child.kill(signal)
    this.#run.child.kill('SIGCONT')
    return this.#run.done
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<{ readonly exit: number; readonly err: string }> {
    if (this.#run === undefined) throw new Error(`${this.id} was never started`)
    return this.#run.done
  }

  /** Stops it where it is. Resolves when none of its threads runs any more. */
  async freeze(): Promise<void> {
    const tasks = `/proc/${this.#run?.child.pid}/task`
    this.#run?.child.kill('SIGSTOP')
    const isRunning = async () => {
      const names = await readdir(tasks)
      const states = await Promise.all(
        names.map((name) => readFile(`${tasks}/${name}/stat`, 'utf8').catch(() => ') T')),
      )
      return states.some((state) => !/\) [TtZX]/.test(state))
    }
    while (await isRunning()) await sleep(5)
  }

  thaw(): void {
    this.#run?.child.kill('SIGCONT')
  }

  /** Parts it from all servers, or heals that. */
  partFromServers(how: 'cut' | 'heal' | 'hears nothing' | 'says nothing'): void {
    for (const line of this.lines) {
      if (how === 'hears nothing') line.treat({ replies: 'hold' })
      else if (how === 'says nothing') line.treat({ requests: 'hold' })
      else line[how]()
    }
  }

  heal(): void {
    for (const proxy of [this.front, this.link, ...this.lines]) proxy.heal()
  }

  /** An administrator's client of this node alone, past its proxy. */
  async admin(): Promise<FabricClient> {
    const token = (await readFile(join(this.#options.data, 'admin.token'), 'utf8')).trim()
    const url = `http://127.0.0.1:${this.#options.ports.http}`
    return connect({ url, token, transport: this.#transport, retries: 0, timeoutMs: 5_000 })
  }

  /** What it knows of who leads; undefined where it does not answer. */
  async view() {
    if (!this.isRunning) return undefined
    try {
      return (await (await this.admin()).fabric.status({}, { timeoutMs: VIEW_MS })).nodes
    } catch {
      return undefined
    }
  }

  /** The whole log as this node serves it. */
  async log(): Promise<LoggedEvent[]> {
    const admin = await this.admin()
    const events: LoggedEvent[] = []
    for (;;) {
      const { entries, size } = await admin.log.read({ from: events.length, limit: PAGE })
      events.push(...(entries as unknown as LoggedEvent[]))
      if (events.length >= size) return events
    }
  }

  async dispose(): Promise<void> {
    if (this.isRunning) await this.end('SIGKILL')
    this.#transport.close()
    await Promise.all([this.front, this.link, ...this.lines].map((proxy) => proxy.close()))
  }
}
