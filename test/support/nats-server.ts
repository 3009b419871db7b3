import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { freePorts } from './free-ports.js'

const { NATS_SERVER } = process.env

/** The server that is tried: the one that `NATS_SERVER` names, or the one that is installed. */
const program = (NATS_SERVER === undefined ? ['nats-server', '/usr/sbin/nats-server'] : [NATS_SERVER]).find(
  (candidate) => spawnSync(candidate, ['--version']).status === 0,
)

if (program === undefined) {
  console.warn(
    '\n*** nats-server is NOT INSTALLED: the tests against it are SKIPPED. apt-get install nats-server ***\n',
  )
}

/** `describe` where nats-server is installed; elsewhere the tests are counted as skipped, after a warning. */
export const describeWithNats = program === undefined ? describe.skip : describe

/** Version of the server as a number, 210 for 2.10; 0 without one. */
export const natsVersion = readVersion()

function readVersion(): number {
  const output = program === undefined ? '' : String(spawnSync(program, ['--version']).stdout)
  const [, major = 0, minor = 0] = /v(\d+)\.(\d+)/.exec(output) ?? []
  return 100 * Number(major) + Number(minor)
}

export interface NatsServerOptions {
  /** More of its configuration, outside and inside of the `jetstream` section; false leaves that out. */
  readonly settings?: string
  readonly jetstream?: string | false
  /** Where it makes its directory; that of temporary files by default. */
  readonly place?: string
}

/** A real nats-server with a directory of its own on a free port of this machine. */
export class NatsServer {
  /** `host:port` for clients, and the address of its monitoring. */
  readonly address: string
  readonly monitor: string
  readonly port: number
  readonly #directory: string
  readonly #configuration: string
  #process: ChildProcess | undefined

  private constructor(port: number, monitorPort: number, directory: string) {
    this.address = `127.0.0.1:${port}`
    this.monitor = `http://127.0.0.1:${monitorPort}`
    this.port = port
    this.#directory = directory
    this.#configuration = join(directory, 'server.conf')
  }

  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const [server] = await NatsServer.#prepare(1, options)
    if (server === undefined) throw new Error('No server was prepared')
    await server.restart()
    return server
  }

  /** Three servers that keep copies of each other's streams. */
  static async startCluster(options: NatsServerOptions = {}): Promise<NatsServer[]> {
    const servers = await NatsServer.#prepare(3, options)
    await Promise.all(servers.map((server) => server.restart()))
    return servers
  }

  static async #prepare(
    count: number,
    { settings = '', jetstream = '', place = tmpdir() }: NatsServerOptions,
  ): Promise<NatsServer[]> {
    const ports = await freePorts(3 * count)
    const routes = ports.slice(2 * count)
    const directories = await Promise.all(routes.map(() => mkdtemp(join(place, 'ifab-nats-'))))
    const others = routes.map((port) => `nats://127.0.0.1:${port}`).join(', ')
    return Promise.all(
      directories.map(async (directory, position) => {
        const port = ports[position] ?? 0
        // Clients use the addresses that they were given, as through proxies, and no others.
        const cluster = `cluster { name: test, no_advertise: true, listen: "127.0.0.1:${routes[position]}", routes: [${others}] }`
        const lines = [
          `server_name: "server-${position + 1}"`,
          `listen: "127.0.0.1:${port}"`,
          `http: "127.0.0.1:${ports[count + position]}"`,
          jetstream === false ? '' : `jetstream { store_dir: "${directory}/data"\n${jetstream}\n}`,
          count > 1 ? cluster : '',
          settings,
        ]
        await writeFile(join(directory, 'server.conf'), lines.join('\n'))
        return new NatsServer(port, ports[count + position] ?? 0, directory)
      }),
    )
  }

  /** Starts it over its data, after a stop or a kill too. */
  async restart(): Promise<void> {
    const child = spawn(program ?? 'nats-server', ['-c', this.#configuration], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process = child
    let log = ''
    child.stderr?.on('data', (data) => {
      log = `${log}${data}`.slice(-4_000)
    })
    while (!(await greets(this.port))) {
      if (child.exitCode !== null) throw new Error(`nats-server ended. ${log}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP')
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
}

/** Whether a server sends its greeting. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const answer = (value: boolean) => {
      socket.destroy()
      resolve(value)
    }
    socket.once('data', () => answer(true))
    socket.once('error', () => answer(false))
    socket.once('close', () => answer(false))
  })
}
