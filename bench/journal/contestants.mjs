import { installPeers, peerVersions } from '../peers/peers.mjs'
import { findPrograms, isAtLeast } from '../servers/programs.mjs'
import { startEtcd, startNats, startPostgres, startRedis } from '../servers/servers.mjs'

export const CALLERS = 256
/** Of the open loop. */
export const PER_SECOND = 500
/** Jobs that a queue on PostgreSQL takes at a time where it takes several. */
export const BATCH = 64
/** Connections of such a queue. */
const CONNECTIONS = 16

/**
 * Everything that can be measured here: `id`, `name`, and `round(directory)`, which starts the server, measures one round
 * and ends the server. What is missing is told to `skip`.
 */
export function findContestants(setting) {
  const programs = findServers(setting.skip)
  return [...journals(setting, programs), ...peers(setting, programs)]
}

function journals({ children, scale }, { nats, olderNats, etcd }) {
  const count = scaled({ warmup: 10_000, many: 40_000, open: 2_500, alone: 1_000, completed: 8_000 }, scale)
  const measure = async ({ journal }, directory, archive) => {
    const task = { journal: { ...journal, directory, archive }, callers: CALLERS, perSecond: PER_SECOND, count }
    return children.result('journal-claims', task)
  }
  const all = [
    { id: 'file', name: 'file log', start: startNothing, program: {} },
    { id: 'nats', name: 'NATS, sync always', start: startNats, program: nats },
    { id: 'etcd', name: 'etcd', start: startEtcd, program: etcd },
    { id: 'etcd-copy', name: 'etcd with a copy of the log', start: startEtcd, program: etcd, archive: true },
    { id: 'nats-old', name: 'NATS that cannot flush', start: startNats, program: olderNats },
  ]
  return all
    .filter(({ program }) => program !== undefined)
    .map(({ archive = false, ...each }) =>
      contestant(children, each, (started, directory) => measure(started, directory, archive)),
    )
}

function peers({ children, scale, skip }, { redis, postgres }) {
  const versions = peerVersions()
  const many = scaled({ warmup: 1_000, many: 8_000, alone: 500, completed: 8_000 }, scale)
  const few = scaled({ warmup: 200, many: 2_000, alone: 200, completed: 2_000, batched: 12_800 }, scale)
  const all = [
    { id: 'bullmq', name: `BullMQ ${versions.bullmq}`, start: startRedis, program: redis, count: many },
    { id: 'pg-boss', name: `pg-boss ${versions['pg-boss']}`, start: startPostgres, program: postgres, count: few },
    {
      ...{ id: 'graphile-worker', name: `graphile-worker ${versions['graphile-worker']}` },
      ...{ start: startPostgres, program: postgres, count: few },
    },
  ].filter(({ program }) => program !== undefined)
  const node = all.length > 0 ? install(skip) : undefined
  if (node === undefined) return []
  return all.map(({ count, ...each }) =>
    contestant(children, each, ({ url }) => {
      const task = { url, callers: CALLERS, connections: CONNECTIONS, batch: BATCH, count }
      return children.result(`peer-${each.id}`, task, [], node)
    }),
  )
}

function contestant(children, { id, name, start, program }, measure) {
  return {
    id,
    name,
    async round(directory) {
      const { server, settings, ...started } = await start({ children, program, directory })
      const result = await measure(started, directory)
      if (server !== undefined) await children.end(server)
      return { ...result, settings }
    },
  }
}

async function startNothing() {
  return { journal: { driver: 'file' }, settings: 'no server' }
}

function findServers(skip) {
  const nats = findPrograms('nats-server')
  const servers = {
    nats: [nats.find((program) => isAtLeast(program, 2, 10)), 'nats-server 2.10 or newer, which can flush'],
    olderNats: [nats.find((program) => !isAtLeast(program, 2, 10)), 'nats-server 2.9'],
    etcd: [findPrograms('etcd')[0], 'etcd'],
    redis: [findPrograms('redis-server')[0], 'redis-server for BullMQ'],
    postgres: [findPrograms('postgres')[0], 'PostgreSQL for pg-boss and graphile-worker'],
  }
  for (const [program, name] of Object.values(servers)) {
    if (program === undefined) skip(`${name} is MISSING; node bench/servers/unpack.mjs unpacks it`)
  }
  return Object.fromEntries(Object.entries(servers).map(([id, [program]]) => [id, program]))
}

function install(skip) {
  try {
    return installPeers()
  } catch (error) {
    skip(`BullMQ, pg-boss and graphile-worker are MISSING: ${error.message}`)
    return undefined
  }
}

function scaled(counts, scale) {
  return Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, value * scale]))
}
