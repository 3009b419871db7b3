import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Cluster } from './cluster.js'
import type { Workload } from './workload.js'

/** Something that happens to a cluster while swarms work on it. */
export type Fault = (cluster: Cluster, workload: Workload) => Promise<void>

/** Longer than a leader that is not heard of keeps the lead, milliseconds. */
const LEAD_LOST_MS = 4_000
const CLOCK_AHEAD = fileURLToPath(new URL('children/clock-ahead.mjs', import.meta.url))

/** What can happen to the nodes, with one server or three. All of it is over, or ended by whoever tries it, afterwards. */
export const NODE_FAULTS: Readonly<Record<string, Fault>> = {
  'the leader is killed': async (cluster, workload) => {
    await (await cluster.leader()).end('SIGKILL')
    await workload.goesOn()
  },
  'a follower is killed': async (cluster, workload) => {
    const [follower] = await cluster.followers()
    await follower?.end('SIGKILL')
    await workload.goesOn()
  },
  'the leader is stopped and goes on later': async (cluster, workload) => {
    const leader = await cluster.leader()
    await leader.freeze()
    await cluster.succeeded(leader)
    await workload.goesOn()
    // Callers of that one have to give it up.
    await sleep(3 * LEAD_LOST_MS)
    leader.thaw()
    await workload.goesOn()
  },
  'one leader after the other is lost, and then the server': async (cluster, workload) => {
    await (await cluster.leader()).end('SIGKILL')
    await workload.goesOn(50)
    const second = await cluster.leader()
    second.partFromServers('cut')
    await cluster.succeeded(second)
    await workload.goesOn(50)
    await cluster.servers[0]?.kill()
    await cluster.servers[0]?.restart()
    await workload.goesOn(50)
  },
  'a follower is stopped and goes on later': async (cluster, workload) => {
    const [follower] = await cluster.followers()
    await follower?.freeze()
    await sleep(LEAD_LOST_MS)
    follower?.thaw()
    await workload.goesOn()
  },
  'the leader is cut off from the servers': async (cluster, workload) => {
    const leader = await cluster.leader()
    leader.partFromServers('cut')
    await cluster.succeeded(leader)
    await workload.goesOn()
    leader.partFromServers('heal')
    await workload.goesOn()
  },
  'the leader does not hear the servers': (cluster, workload) => partOneWay(cluster, workload, 'hears nothing'),
  'the servers do not hear the leader': (cluster, workload) => partOneWay(cluster, workload, 'says nothing'),
  'a follower is cut off from the servers': async (cluster, workload) => {
    const [follower] = await cluster.followers()
    follower?.partFromServers('cut')
    await sleep(2 * LEAD_LOST_MS)
    follower?.partFromServers('heal')
    await workload.goesOn()
  },
  'the leader is cut off from the other nodes': async (cluster, workload) => {
    const leader = await cluster.leader()
    leader.link.cut()
    await workload.goesOn()
    leader.link.heal()
    leader.link.treat({ replies: 'hold' })
    await sleep(LEAD_LOST_MS)
    leader.link.disconnect()
    leader.link.heal()
    await workload.goesOn()
  },
  'the leader is cut off from clients': async (cluster, workload) => {
    const leader = await cluster.leader()
    leader.front.cut()
    await workload.goesOn()
    leader.front.heal()
    await workload.goesOn()
  },
  'nothing that is asked of the leader comes through, from clients and from nodes': (cluster, workload) =>
    partFront(cluster, workload, { requests: 'hold' }),
  'no answer of the leader comes through, to clients and to nodes': (cluster, workload) =>
    partFront(cluster, workload, { replies: 'hold' }),
  'the network is slow: 50 ms, and 1% is lost': async (cluster, workload) => {
    const slow = { delayMs: 50, loss: 0.01 }
    for (const { front, link, lines } of cluster.nodes) for (const proxy of [front, link, ...lines]) proxy.slow(slow)
    await workload.goesOn()
    await (await cluster.leader()).end('SIGKILL')
    await workload.goesOn()
  },
  'every node is restarted, one after the other': async (cluster, workload) => {
    for (const node of cluster.nodes) {
      await node.end('SIGTERM')
      await workload.goesOn(50)
      await node.start()
      await workload.goesOn(50)
    }
  },
}

/** The leader is well with its servers, but one direction of all that is between it and those who ask it is dead. */
async function partFront(
  cluster: Cluster,
  workload: Workload,
  how: { requests?: 'hold'; replies?: 'hold' },
): Promise<void> {
  const leader = await cluster.leader()
  for (const proxy of [leader.front, leader.link]) proxy.treat(how)
  await sleep(LEAD_LOST_MS)
  for (const proxy of [leader.front, leader.link]) proxy.disconnect()
  leader.heal()
  await workload.goesOn()
}

async function partOneWay(cluster: Cluster, workload: Workload, how: 'hears nothing' | 'says nothing'): Promise<void> {
  const leader = await cluster.leader()
  leader.partFromServers(how)
  await cluster.succeeded(leader)
  await workload.goesOn()
  for (const line of leader.lines) line.disconnect()
  leader.partFromServers('heal')
  await workload.goesOn()
}

/** What can happen to the only server. */
export const SERVER_FAULTS: Readonly<Record<string, Fault>> = {
  'the server is killed and started again': async ({ servers }, workload) => {
    for (const server of servers) await server.kill()
    await sleep(1_000)
    for (const server of servers) await server.restart()
    await workload.goesOn()
  },
  'the server is shut down and started again': async ({ servers }, workload) => {
    for (const server of servers) await server.kill('SIGTERM')
    await sleep(LEAD_LOST_MS)
    for (const server of servers) await server.restart()
    await workload.goesOn()
  },
  'the server is stopped and goes on later': async ({ servers }, workload) => {
    for (const server of servers) await server.freeze()
    await sleep(LEAD_LOST_MS)
    for (const server of servers) server.thaw()
    await workload.goesOn()
  },
}

/** What can happen to one or two of three servers. */
export const QUORUM_FAULTS: Readonly<Record<string, Fault>> = {
  'one server of three is killed, then two, and both return': async ({ servers }, workload) => {
    const [first, second] = servers
    await first?.kill()
    await workload.goesOn()
    await second?.kill()
    // What is on its way may still be answered.
    await sleep(1_000)
    const before = workload.changes
    await sleep(LEAD_LOST_MS)
    if (workload.changes !== before) throw new Error('Changes were acknowledged by one server of three')
    await second?.restart()
    await first?.restart()
    await workload.goesOn()
  },
  'each server of three is stopped for a while': async ({ servers }, workload) => {
    for (const server of servers) {
      await server.freeze()
      await workload.goesOn(50)
      server.thaw()
      await workload.goesOn(50)
    }
  },
}

/** The clock of a node is an hour ahead, and it leads for a while. Leases that it ends early are no fault of the fabric. */
export const CLOCK_FAULTS: Readonly<Record<string, Fault>> = {
  'the clock of a node that comes to lead is an hour ahead': async (cluster, workload) => {
    const [ahead, other] = await cluster.followers()
    if (ahead === undefined || other === undefined) throw new Error('There are no followers')
    await ahead.end('SIGTERM')
    await ahead.start({ NODE_OPTIONS: `--import=${CLOCK_AHEAD}` })
    await workload.goesOn()
    const leader = await cluster.leader()
    await other.end('SIGTERM')
    await leader.end('SIGKILL')
    await cluster.until('it leads', async () => ((await cluster.leader()) === ahead ? true : undefined))
    await workload.goesOn()
    await other.start()
    await leader.start()
    await ahead.end('SIGKILL')
    await workload.goesOn()
  },
}
