import { installPeers, peerVersions } from '../peers/peers.mjs'
import { findPrograms, isAtLeast } from '../servers/programs.mjs'
import { startEtcd, startNats, startPostgres, startRedis } from '../servers/servers.mjs'

/** Connections of a queue on PostgreSQL, and jobs that it takes at a time where it takes several. */
const CONNECTIONS = 16
const BATCH = 64

const CALLERS = 256
/** Of the open loop. */
export const PER_SECOND = 500

/**
 * Everything that is measured side by side and can be started here: `round(directory)` starts its server, measures one
 * round and ends the server. What cannot is told to `skip`.
 */
export function findContestants({ children, scale, skip }) {
  const programs = findServers(skip)
  const count = (counts) => Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, value * scale]))
  const ours = count({ warmup: 10_000, many: 40_000, open: 2_500, alone: 1_000, completed: 8_000 })
  const journals = [
    { id: 'file', name: 'file log', program: {}, start: noServer },
    { id: 'nats', name: 'NATS, sync always', program: programs.nats, start: startNats },
    { id: 'etcd', name: 'etcd', program: programs.etcd, start: startEtcd, archive: false },
    { id: 'etcd-copy', name: 'etcd with a copy of the log', program: programs.etcd, start: startEtcd, archive: true },
    { id: 'nats-old', name: 'NATS without flushing', program: programs.olderNats, start: startNats },
  ]
  const taken = count({ warmup: 1_000, many: 8_000, alone: 500, completed: 8_000 })
  const slow = count({ warmup: 100, many: 1_000, alone: 100, completed: 1_000, batched: 6_400 })
  const peers = [
    { id: 'bullmq', name: 'BullMQ', program: programs.redis, start: startRedis, count: taken },
    { id: 'pg-boss', name: 'pg-boss', program: programs.postgres, start: startPostgres, count: slow },
    { id: 'graphile-worker', name: 'graphile-worker', program: programs.postgres, start: startPostgres, count: slow },
  ].filter(({ program }) => program !== undefined)
  const node = peers.length > 0 ? findPeers(skip) : undefined
  const contestant = (each, measure) => ({
    ...each,
    async round(directory) {
      const { server, settings, ...started } = await each.start({ children, program: each.program, directory })
      const result = await measure(started, directory)
      if (server !== undefined) await children.end(server)
      return { ...result, settings }
    },
  })
  const versions = peerVersions()
  return [
    ...journals
      .filter(({ program }) => program !== undefined)
      .map((each) =>
        contestant(each, ({ journal, flushes }, directory) => {
          const setting = { ...journal, directory, flushes, archive: each.archive }
          return children.result('journal-claims', {
            journal: setting,
            callers: CALLERS,
            perSecond: PER_SECOND,
            count: ours,
          })
        }),
      ),
    ...(node === undefined ? [] : peers).map((each) =>
      contestant({ ...each, name: `${each.name} ${versions[each.id]}` }, ({ url }) => {
        const task = { url, callers: CALLERS, connections: CONNECTIONS, batch: BATCH, count: each.count }
        return children.result(`peer-${each.id}`, task, [], node)
      }),
    ),
  ]
}

async function noServer() {
  return { journal: { driver: 'file' }, settings: 'no server' }
}

function findServers(skip) {
  const nats = findPrograms('nats-server')
  const found = {
    nats: nats.find((program) => isAtLeast(program, 2, 10)),
    olderNats: nats.find((program) => !isAtLeast(program, 2, 10)),
    etcd: findPrograms('etcd')[0],
    redis: findPrograms('redis-server')[0],
    postgres: findPrograms('postgres')[0],
  }
  const names = {
    nats: 'nats-server 2.10 or newer, which can flush before it acknowledges,',
    olderNats: 'nats-server 2.9',
    etcd: 'etcd',
    redis: 'redis-server',
    postgres: 'postgres',
  }
  for (const [id, name] of Object.entries(names)) {
    if (found[id] === undefined) skip(`${name} is NOT HERE: node bench/servers/unpack.mjs unpacks it`)
  }
  return found
}

function findPeers(skip) {
  try {
    return installPeers()
  } catch (error) {
    skip(`the peers are NOT HERE: ${error.message}`)
    return undefined
  }
}
