import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe } from 'vitest'
import { freePorts } from './free-ports.js'

/** The server that is tried: `ETCD`, or the one that is installed. */
const program = [process.env.ETCD ?? 'etcd', '/usr/bin/etcd'].find(
  (candidate) => spawnSync(candidate, ['--version']).status === 0,
)

if (program === undefined) {
  console.warn('\n*** etcd is NOT INSTALLED: the tests against it are SKIPPED. apt-get install etcd-server ***\n')
}

/** `describe` where etcd is installed; elsewhere the tests are counted as skipped, after a warning. */
export const describeWithEtcd = program === undefined ? describe.skip : describe

export interface EtcdServerOptions {
  /** More of its flags. */
  readonly flags?: readonly string[]
  /** The scheme that clients use; `https` needs flags that name the certificate. */
  readonly scheme?: 'http' | 'https'
  /** Where it makes its directory; that of temporary files by default. */
  readonly place?: string
}

/** A real etcd with a directory of its own on free ports of this machine. */
export class EtcdServer {
  readonly port: number
  /** `host:port` for clients. */
  readonly address: string
  readonly #flags: readonly string[]
  /** Where it keeps its data. */
  readonly data: string
  readonly #directory: string
  readonly #metrics: string
  #process: ChildProcess | undefined

  private constructor(port: number, metricsPort: number, directory: string, flags: readonly string[]) {
    this.port = port
    this.address = `127.0.0.1:${port}`
    this.#metrics = `http://127.0.0.1:${metricsPort}`
    this.#directory = directory
    this.data = join(directory, 'data')
    this.#flags = flags
  }

  static async start(options: EtcdServerOptions = {}): Promise<EtcdServer> {
    const [server] = await EtcdServer.startCluster(1, options)
    if (server === undefined) throw new Error('No server was started')
    return server
  }

  /** Members of one cluster. */
  static async startCluster(count: number, options: EtcdServerOptions = {}): Promise<EtcdServer[]> {
    const { flags = [], scheme = 'http', place = tmpdir() } = options
    const ports = await freePorts(3 * count)
    const peers = ports.slice(2 * count).map((port) => `http://127.0.0.1:${port}`)
    const cluster = peers.map((peer, position) => `m${position}=${peer}`).join(',')
    const servers = await Promise.all(
      peers.map(async (peer, position) => {
        const directory = await mkdtemp(join(place, 'ifab-etcd-'))
        const port = ports[position] ?? 0
        const metricsPort = ports[count + position] ?? 0
        const url = `${scheme}://127.0.0.1:${port}`
        const own = {
          name: `m${position}`,
          'data-dir': join(directory, 'data'),
          'listen-client-urls': url,
          'advertise-client-urls': url,
          'listen-peer-urls': peer,
          'initial-advertise-peer-urls': peer,
          'initial-cluster': cluster,
          'listen-metrics-urls': `http://127.0.0.1:${metricsPort}`,
          'log-level': 'error',
        }
        const all = Object.entries(own).map(([name, value]) => `--${name}=${value}`)
        return new EtcdServer(port, metricsPort, directory, [...all, ...flags])
      }),
    )
    await Promise.all(servers.map((server) => server.restart()))
    return servers
  }

  /** Starts it over its data, after a stop or a kill too, and resolves when it has a leader. Later flags win. */
  async restart(flags: readonly string[] = []): Promise<void> {
    const child = spawn(program ?? 'etcd', [...this.#flags, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process = child
    let log = ''
    child.stderr?.on('data', (data) => {
      log = `${log}${data}`.slice(-4_000)
    })
    while (!(await this.#hasLeader())) {
      if (child.exitCode !== null) throw new Error(`etcd ended. ${log}`)
      await sleep(50)
    }
  }

  /** Calls the HTTP form of etcd's API, as an administrator with curl would. Strings of keys and values are in base64. */
  async ask(path: string, body: object, token?: string): Promise<Record<string, unknown>> {
    const headers = token === undefined ? {} : { authorization: token }
    const response = await fetch(`http://${this.address}/v3/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers,
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Record<string, unknown>
  }

  /** Stops it where it is. Resolves when none of its threads runs any more. */
  async freeze(): Promise<void> {
    const tasks = `/proc/${this.#process?.pid}/task`
    this.#process?.kill('SIGSTOP')
    const running = async () => {
      const states = await Promise.all(
        (await readdir(tasks)).map((task) => readFile(`${tasks}/${task}/stat`, 'utf8').catch(() => ') T')),
      )
      return states.some((state) => !/\) [TtZX]/.test(state))
    }
    while (await running()) await sleep(5)
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    child.kill('SIGCONT')
    await ended
  }

  async dispose(): Promise<void> {
    await this.kill()
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #hasLeader(): Promise<boolean> {
    const response = await fetch(`${this.#metrics}/metrics`).catch(() => undefined)
    return /^etcd_server_has_leader 1$/m.test((await response?.text()) ?? '')
  }
}
