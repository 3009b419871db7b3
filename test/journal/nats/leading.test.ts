import { jetstreamManager, type StreamConfig } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { HEARTBEAT_MS, LEAD_TTL_MS, type Leadership, type Member } from '../../../src/journal/membership.js'
import { NatsMembership } from '../../../src/journal/nats/membership.js'
import { leadSettings, logSettings } from '../../../src/journal/nats/settings.js'
import { CuttingProxy } from '../../support/cutting-proxy.js'
import { describeWithNats, NatsServer } from '../../support/nats-server.js'

const POLL = { timeout: 20_000, interval: 20 }
const NAME = 'nodes'

let servers: NatsServer[] = []
const joined: NatsMembership[] = []

afterEach(async () => {
  await Promise.all(joined.splice(0).map((membership) => membership.leave()))
  await Promise.all(servers.map((server) => server.dispose()))
})

async function join(id: string, addresses: readonly string[]): Promise<NatsMembership> {
  const membership = new NatsMembership({ servers: addresses, name: NAME, timeoutMs: 8_000 })
  joined.push(membership)
  await membership.join(member(id))
  return membership
}

function member(id: string): Member {
  return { id, url: '', link: '', version: '1', position: 0 }
}

/** Publishes on a subject, as somebody does who has the permission to. */
async function say(subject: string, words: object): Promise<void> {
  const connection = await connect({ servers: servers.map(({ address }) => address) })
  connection.publish(subject, JSON.stringify(words))
  await connection.drain()
}

function campaign(membership: NatsMembership): Promise<Leadership> {
  return membership.campaign(new AbortController().signal)
}

function ended({ lost }: Leadership): Promise<void> {
  return new Promise((resolve) => {
    lost.addEventListener('abort', () => resolve(), { once: true })
    if (lost.aborted) resolve()
  })
}

async function manage<T>(
  run: (streams: Awaited<ReturnType<typeof jetstreamManager>>['streams']) => Promise<T>,
): Promise<T> {
  const connection = await connect({ servers: servers.map(({ address }) => address) })
  try {
    return await run((await jetstreamManager(connection)).streams)
  } finally {
    await connection.close()
  }
}

describeWithNats('Leading on one server', () => {
  let server: NatsServer

  beforeEach(async () => {
    server = await NatsServer.start()
    servers = [server]
  })

  test.each([{ requests: 'drop' }, { replies: 'drop' }, { requests: 'hold', replies: 'hold' }] as const)(
    'a leader whose line treats %j has lost the lead, and knows the next one later',
    async (treatment) => {
      const proxy = await CuttingProxy.start(server.port)
      const one = await join('one', [`127.0.0.1:${proxy.port}`])
      const two = await join('two', [server.address])
      const lead = await campaign(one)
      await expect.poll(() => two.view().leader?.id, POLL).toBe('one')
      const next = campaign(two)
      proxy.treat(treatment)
      const taken = await next
      expect(lead.lost.aborted).toBe(true)
      expect(taken.term).toBeGreaterThan(lead.term)
      // What was held back arrives now, and misleads nobody; bytes that were dropped are no connection any more.
      if (treatment.requests !== 'hold') proxy.disconnect()
      proxy.heal()
      await expect.poll(() => one.view().leader, POLL).toEqual({ id: 'two', term: taken.term })
      await expect.poll(() => two.view().members.length, POLL).toBe(2)
      expect(two.view().leader).toEqual({ id: 'two', term: taken.term })
      expect(taken.lost.aborted).toBe(false)
      await proxy.close()
    },
  )

  test('a server that was away for long finds one leader again, in a later term', async () => {
    const nodes = [await join('one', [server.address]), await join('two', [server.address])]
    const first = await campaign(nodes[0] as NatsMembership)
    await server.kill()
    await ended(first)
    await server.restart()
    const ending = new AbortController()
    const leads: Leadership[] = []
    const waiting = nodes.map(async (node) => leads.push(await node.campaign(ending.signal)))
    await Promise.race(waiting)
    for (const node of nodes) await expect.poll(() => node.view().leader?.term, POLL).toBe(leads[0]?.term)
    expect(leads).toHaveLength(1)
    expect(leads[0]?.term).toBeGreaterThan(first.term)
    ending.abort()
    await Promise.allSettled(waiting)
  })

  test('a server that is back soon has cost nobody the lead', async () => {
    const [one, two] = [await join('one', [server.address]), await join('two', [server.address])]
    const lead = await campaign(one)
    const ending = new AbortController()
    const vain = two.campaign(ending.signal).catch(() => 'in vain')
    await server.kill('SIGTERM')
    await server.restart()
    await new Promise((resolve) => setTimeout(resolve, LEAD_TTL_MS + 2 * HEARTBEAT_MS))
    expect(lead.lost.aborted).toBe(false)
    expect(two.view().leader).toEqual({ id: 'one', term: lead.term })
    ending.abort()
    expect(await vain).toBe('in vain')
  })

  test('a leader whose claim is gone, or is not the last one, has lost the lead; terms go on', async () => {
    const one = await join('one', [server.address])
    const first = await campaign(one)
    await manage((streams) => streams.delete(`ifablead-${NAME}`))
    await ended(first)
    const second = await campaign(one)
    expect(second.term).toBeGreaterThan(first.term)
    const claim = { id: 'x', instance: 'x', term: second.term + 7 }
    await say(`ifab.${NAME}.lead`, claim)
    await ended(second)
    const third = await campaign(one)
    expect(third.term).toBe(claim.term + 1)
    // As a node says that has heard of a leader of whom this one has not.
    await say(`ifab.${NAME}.nodes`, { member: member('x'), instance: 'x', at: 0, known: third.term + 1 })
    await ended(third)
    expect((await campaign(one)).term).toBe(third.term + 2)
  })

  const UNFIT: Partial<StreamConfig>[] = [{ max_age: 3_600e9 }, { storage: 'memory' }, { deny_purge: false }]
  test.each(UNFIT)('a stream for claims with %j is refused with CONFLICT', async (change) => {
    const settings = { ...leadSettings(`ifablead-${NAME}`, `ifab.${NAME}.lead`, 1), ...change }
    await manage((streams) => streams.add(settings))
    await expect(join('one', [server.address])).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})

describeWithNats('Leading on three servers', () => {
  beforeEach(async () => {
    servers = await NatsServer.startCluster()
  })

  test('claims have as many replicas as the log, and one leads again whichever server dies', async () => {
    const addresses = servers.map(({ address }) => address)
    const log = logSettings(`ifab-${NAME}`, `ifab.${NAME}.log`, 3)
    await expect.poll(() => manage((streams) => streams.add(log)).catch(() => undefined), POLL).toBeDefined()
    const nodes = await Promise.all(['a', 'b', 'c'].map((id) => join(id, addresses)))
    const info = await manage((streams) => streams.info(`ifablead-${NAME}`))
    expect(info.config.num_replicas).toBe(3)
    const ending = new AbortController()
    const leads: Leadership[] = []
    const waiting = nodes.map(async (node) => {
      while (!ending.signal.aborted) {
        const lead = await node.campaign(ending.signal)
        leads.push(lead)
        await ended(lead)
      }
    })
    await expect.poll(() => leads.length, POLL).toBe(1)
    // The one with the claims: nobody can claim the lead before the servers have chosen another.
    await servers[Number(info.cluster?.leader?.replace('server-', '')) - 1]?.kill()
    await new Promise((resolve) => setTimeout(resolve, LEAD_TTL_MS))
    await leads.at(-1)?.resign()
    const agreed = () => new Set(nodes.map((node) => node.view().leader?.term))
    await expect.poll(() => agreed().size === 1 && (leads.at(-1)?.term ?? 0) > (leads[0]?.term ?? 0), POLL).toBe(true)
    expect(leads.map(({ term }) => term)).toEqual([...new Set(leads.map(({ term }) => term))].sort((a, b) => a - b))
    expect(leads.filter(({ lost }) => !lost.aborted)).toHaveLength(1)
    ending.abort()
    await Promise.all(leads.map((lead) => lead.resign()))
    await Promise.allSettled(waiting)
  })

  test('claims with fewer replicas than the log are refused with CONFLICT', async () => {
    const add = (settings: Partial<StreamConfig> & { name: string }) =>
      expect.poll(() => manage((streams) => streams.add(settings)).catch(() => undefined), POLL).toBeDefined()
    await add(logSettings(`ifab-${NAME}`, `ifab.${NAME}.log`, 3))
    await add(leadSettings(`ifablead-${NAME}`, `ifab.${NAME}.lead`, 1))
    const joining = join('one', [servers[0]?.address ?? ''])
    await expect(joining).rejects.toMatchObject({ code: 'CONFLICT', details: { settings: ['num_replicas'] } })
  })
})
