import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { describe } from 'vitest'
import { describeWithEtcd, EtcdServer } from '../../support/etcd-server.js'
import { describeWithNats, NatsServer } from '../../support/nats-server.js'

/** A server process of an engine, and what can happen to it. */
export interface EngineServer {
  readonly port: number
  restart(): Promise<void>
  kill(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>
  freeze(): void | Promise<void>
  thaw(): void
  dispose(): Promise<void>
}

/** An engine on which nodes share a journal. */
export interface Engine {
  readonly name: 'nats' | 'etcd'
  /** `describe` where it is installed; elsewhere its tests are skipped, after a warning. */
  readonly describe: typeof describe | typeof describe.skip
  /** One server, or three of one cluster, with their data at `place` where that is given. */
  start(count: 1 | 3, place?: string): Promise<EngineServer[]>
  /** Arguments of `ifab up` for a journal on servers that are reached at these ports of loopback. */
  journal(ports: readonly number[]): string[]
  /** Removes the log from the server, as an administrator does by mistake. */
  removeLog(server: EngineServer): Promise<void>
}

const NATS: Engine = {
  name: 'nats',
  describe: describeWithNats,
  start: async (count, place) => {
    const options = place === undefined ? {} : { place }
    return count === 1 ? [await NatsServer.start(options)] : NatsServer.startCluster(options)
  },
  journal: (ports) => {
    const replicas = ports.length > 1 ? ['--journal-replicas', String(ports.length)] : []
    return ['--journal', `nats://${addresses(ports)}/faults`, ...replicas]
  },
  removeLog: async ({ port }) => {
    const connection = await connect({ servers: `127.0.0.1:${port}` })
    await (await jetstreamManager(connection)).streams.delete('ifab-faults')
    await connection.close()
  },
}

const ETCD: Engine = {
  name: 'etcd',
  describe: describeWithEtcd,
  start: (count, place) => EtcdServer.startCluster(count, place === undefined ? {} : { place }),
  journal: (ports) => ['--journal', `etcd://${addresses(ports)}/faults`],
  removeLog: async (server) => {
    const [key, end] = ['infrafabric/faults/', 'infrafabric/faults0'].map((text) =>
      Buffer.from(text).toString('base64'),
    )
    await (server as EtcdServer).ask('kv/deleterange', { key, range_end: end })
  },
}

export const ENGINES: readonly Engine[] = [NATS, ETCD]

function addresses(ports: readonly number[]): string {
  return ports.map((port) => `127.0.0.1:${port}`).join(',')
}
