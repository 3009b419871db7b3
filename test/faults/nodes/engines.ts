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
  /** One server, or three of one cluster. */
  start(count: 1 | 3): Promise<EngineServer[]>
  /** Arguments of `ifab up` for a journal on servers that are reached at these ports of loopback. */
  journal(ports: readonly number[]): string[]
}

const NATS: Engine = {
  name: 'nats',
  describe: describeWithNats,
  start: async (count) => (count === 1 ? [await NatsServer.start()] : NatsServer.startCluster()),
  journal: (ports) => {
    const replicas = ports.length > 1 ? ['--journal-replicas', String(ports.length)] : []
    return ['--journal', `nats://${addresses(ports)}/faults`, ...replicas]
  },
}

const ETCD: Engine = {
  name: 'etcd',
  describe: describeWithEtcd,
  start: (count) => EtcdServer.startCluster(count),
  journal: (ports) => ['--journal', `etcd://${addresses(ports)}/faults`],
}

export const ENGINES: readonly Engine[] = [NATS, ETCD]

function addresses(ports: readonly number[]): string {
  return ports.map((port) => `127.0.0.1:${port}`).join(',')
}
