import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { EtcdMembership } from '../../../src/journal/etcd/membership.js'
import { LEAD_TTL_MS, type Member } from '../../../src/journal/membership.js'
import { CuttingProxy } from '../../support/cutting-proxy.js'
import { describeWithEtcd, EtcdServer } from '../../support/etcd-server.js'

const POLL = { timeout: 15_000, interval: 20 }

describeWithEtcd('EtcdMembership', () => {
  let server: EtcdServer
  let proxy: CuttingProxy
  const joined: EtcdMembership[] = []
  let logs = 0

  beforeAll(async () => {
    server = await EtcdServer.start()
  })
  beforeEach(async () => {
    logs += 1
    proxy = await CuttingProxy.start(server.port)
  })
  afterEach(async () => {
    await Promise.all(joined.splice(0).map((membership) => membership.leave()))
    await proxy.close()
  })
  afterAll(() => server.dispose())

  async function join(id: string, address = server.address): Promise<EtcdMembership> {
    const membership = new EtcdMembership({ servers: [address], name: `nodes-${logs}`, timeoutMs: 1_000 })
    joined.push(membership)
    await membership.join(member(id))
    return membership
  }

  const overProxy = () => `127.0.0.1:${proxy.port}`
  const campaign = (membership: EtcdMembership) => membership.campaign(new AbortController().signal)

  test('nodes see each other, what they tell, and that one leaves', async () => {
    const [a, b] = [await join('a'), await join('b')]
    expect(b.view()).toEqual({ members: [member('a'), member('b')] })
    await expect.poll(() => a.view(), POLL).toEqual({ members: [member('a'), member('b')] })
    b.tell(42)
    await expect.poll(() => a.view().members[1]?.position, POLL).toBe(42)
    const key = Buffer.from(`infrafabric/nodes-${logs}/nodes/member/c`).toString('base64')
    for (const value of ['', 'x', 'null', '{}']) await server.ask('kv/put', { key, value: btoa(value) })
    await b.leave()
    await expect.poll(() => a.view().members.map(({ id }) => id), POLL).toEqual(['a'])
    await b.leave()
  })

  test('of several that campaign one leads, and everybody knows who', async () => {
    const nodes = [await join('a'), await join('b'), await join('c')]
    let leaders = 0
    const terms: number[] = []
    const ending = new AbortController()
    const waiting = nodes.map(async (node) => {
      const leadership = await node.campaign(ending.signal)
      leaders += 1
      terms.push(leadership.term)
      return leadership
    })
    const first = await Promise.race(waiting)
    for (const node of nodes) await expect.poll(() => node.view().leader?.term, POLL).toBe(first.term)
    expect(leaders).toBe(1)
    await first.resign()
    expect(first.lost.aborted).toBe(true)
    await expect.poll(() => leaders, POLL).toBe(2)
    expect(terms[1]).toBeGreaterThan(first.term)
    ending.abort()
    await Promise.allSettled(waiting)
  })

  test('the lead of a node that is cut off is over there before another one has it', async () => {
    const cut = await join('cut', overProxy())
    const other = await join('other')
    const lead = await campaign(cut)
    const next = campaign(other)
    const begun = performance.now()
    let lostAt = Number.POSITIVE_INFINITY
    lead.lost.addEventListener('abort', () => {
      lostAt = performance.now()
    })
    proxy.cut()
    const taken = await next
    expect(lostAt).toBeLessThanOrEqual(performance.now())
    expect(lostAt - begun).toBeLessThanOrEqual(LEAD_TTL_MS + 100)
    expect(taken.term).toBeGreaterThan(lead.term)
    expect(cut.view().leader).toEqual({ id: 'cut', term: lead.term })
    // It is forgotten, and comes back by itself.
    await expect.poll(() => other.view().members.map(({ id }) => id), POLL).toEqual(['other'])
    const { header } = (await server.ask('kv/range', { key: 'AA==' })) as { header: { revision: string } }
    await server.ask('kv/compaction', { revision: header.revision })
    proxy.heal()
    await expect.poll(() => other.view().members.map(({ id }) => id), POLL).toEqual(['cut', 'other'])
    await expect.poll(() => cut.view().leader, POLL).toEqual({ id: 'other', term: taken.term })
  })

  test('a lead goes on while its node renews it', async () => {
    const [a, b] = [await join('a'), await join('b')]
    const lead = await campaign(a)
    const ending = new AbortController()
    const vain = b.campaign(ending.signal)
    setTimeout(() => ending.abort(), LEAD_TTL_MS + 1_500)
    await expect(vain).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(lead.lost.aborted).toBe(false)
    expect(b.view().leader).toEqual({ id: 'a', term: lead.term })
  })

  test('who leaves gives the lead up at once', async () => {
    const [a, b] = [await join('a'), await join('b')]
    const lead = await campaign(a)
    const next = campaign(b)
    const begun = performance.now()
    await a.leave()
    expect(lead.lost.aborted).toBe(true)
    await next
    expect(performance.now() - begun).toBeLessThan(LEAD_TTL_MS)
    await expect(campaign(a)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('an id is taken once; a node that is started again after it died gets its own back', async () => {
    await join('a')
    await expect(join('a')).rejects.toMatchObject({ code: 'CONFLICT' })
    const dies = await join('dies', overProxy())
    proxy.cut()
    const again = await join('dies')
    expect(again.view().members.map(({ id }) => id)).toEqual(['a', 'dies'])
    await dies.leave()
    expect(again.view().members.map(({ id }) => id)).toEqual(['a', 'dies'])
  })

  test('changes are told, also that the lead is lost', async () => {
    const a = await join('a')
    const seen: (string | undefined)[] = []
    const stop = a.onChange((view) => seen.push(view.leader?.id))
    const lead = await campaign(a)
    await expect.poll(() => seen, POLL).toContain('a')
    await lead.resign()
    await expect.poll(() => seen.at(-1), POLL).toBeUndefined()
    stop()
    const { length } = seen
    await campaign(a)
    expect(seen).toHaveLength(length)
  })

  test('whoever joins where nobody answers is told so', async () => {
    proxy.cut()
    await expect(join('a', overProxy())).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

function member(id: string): Member {
  return { id, url: `http://${id}:8080`, link: `${id}:9090`, version: '1.0.0', position: 0 }
}
