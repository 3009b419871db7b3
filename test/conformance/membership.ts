import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  LEAD_TTL_MS,
  type Leadership,
  MEMBER_TTL_MS,
  type Member,
  type Membership,
} from '../../src/journal/membership.js'
import { isFabricError } from '../../src/model/errors.js'

const POLL = { timeout: 15_000, interval: 20 }

/** A log of its own, for the nodes of one test. */
export interface MembershipPlace {
  /** A node that has not joined; with `cuttable`, one of which the line can be cut. At most one of a test is. */
  node(cuttable?: boolean): Membership
  /** Lets nothing through to that one and from it, until `heal`. */
  cut(): void
  heal(): void
  dispose(): Promise<void>
}

/** Runs everything the contract of `Membership` promises against an engine. */
export function membershipConformance(name: string, place: () => Promise<MembershipPlace>): void {
  describe(`${name} keeps the membership contract`, () => {
    let here: MembershipPlace
    const joined: Membership[] = []

    beforeEach(async () => {
      here = await place()
    })
    afterEach(async () => {
      await Promise.all(joined.splice(0).map((membership) => membership.leave()))
      await here.dispose()
    })

    async function join(id: string, { cuttable = false } = {}): Promise<Membership> {
      const membership = here.node(cuttable)
      joined.push(membership)
      await membership.join(member(id))
      return membership
    }

    presence(join, () => here)
    leading(join)
    losing(join, () => here)
  })
}

type Join = (id: string, options?: { cuttable?: boolean }) => Promise<Membership>

function presence(join: Join, here: () => MembershipPlace): void {
  test('nodes see each other, what they tell, and that one leaves', async () => {
    const [a, b] = [await join('a'), await join('b')]
    await expect.poll(() => b.view(), POLL).toEqual({ members: [member('a'), member('b')] })
    await expect.poll(() => a.view(), POLL).toEqual({ members: [member('a'), member('b')] })
    b.tell(42)
    await expect.poll(() => a.view().members[1]?.position, POLL).toBe(42)
    await b.leave()
    // It says so, and need not be missed.
    await expect.poll(() => idsOf(a), { ...POLL, timeout: MEMBER_TTL_MS - 1_000 }).toEqual(['a'])
    await b.leave()
  })

  test('an id is taken once; a node that is started again after it died gets its own back', async () => {
    await join('a')
    await expect(join('a')).rejects.toMatchObject({ code: 'CONFLICT' })
    const dies = await join('dies', { cuttable: true })
    here().cut()
    const again = await joinAgain(() => join('dies'))
    await expect.poll(() => idsOf(again), POLL).toEqual(['a', 'dies'])
    await dies.leave()
    expect(idsOf(again)).toEqual(['a', 'dies'])
  })

  test('one that is cut off is forgotten, and comes back by itself', async () => {
    const [cut, other] = [await join('cut', { cuttable: true }), await join('other')]
    await expect.poll(() => idsOf(other), POLL).toEqual(['cut', 'other'])
    here().cut()
    await expect.poll(() => idsOf(other), POLL).toEqual(['other'])
    cut.tell(7)
    here().heal()
    await expect.poll(() => other.view().members[0], POLL).toEqual({ ...member('cut'), position: 7 })
    await expect.poll(() => idsOf(cut), POLL).toEqual(['cut', 'other'])
  })

  test('whoever joins where nobody answers is told so', async () => {
    here().cut()
    await expect(join('a', { cuttable: true })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
}

function leading(join: Join): void {
  test('of several that campaign one leads, and everybody knows who', async () => {
    const nodes = [await join('a'), await join('b'), await join('c')]
    const ending = new AbortController()
    const leads: Leadership[] = []
    const waiting = nodes.map(async (node) => {
      const lead = await node.campaign(ending.signal)
      leads.push(lead)
      return lead
    })
    const first = await Promise.race(waiting)
    for (const node of nodes) await expect.poll(() => node.view().leader?.term, POLL).toBe(first.term)
    expect(leads).toHaveLength(1)
    await first.resign()
    expect(first.lost.aborted).toBe(true)
    await first.resign()
    await expect.poll(() => leads.length, POLL).toBe(2)
    expect(leads[1]?.term).toBeGreaterThan(first.term)
    for (const node of nodes) await expect.poll(() => node.view().leader?.term, POLL).toBe(leads[1]?.term)
    ending.abort()
    await Promise.allSettled(waiting)
  })

  test('a lead goes on while its node is there, and a campaign that is given up has not won', async () => {
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
    await expect.poll(() => b.view().leader?.id, POLL).toBe('a')
    const next = campaign(b)
    await a.leave()
    expect(lead.lost.aborted).toBe(true)
    expect((await next).term).toBeGreaterThan(lead.term)
    expect(b.view().leader?.id).toBe('b')
  })

  test('terms grow when every node has left, too', async () => {
    const a = await join('a')
    const { term } = await campaign(a)
    await a.leave()
    expect((await campaign(await join('b'))).term).toBeGreaterThan(term)
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
}

function losing(join: Join, here: () => MembershipPlace): void {
  test('the lead of a node that is cut off is over there before another one has it', async () => {
    const [cut, other] = [await join('cut', { cuttable: true }), await join('other')]
    const lead = await campaign(cut)
    await expect.poll(() => other.view().leader?.id, POLL).toBe('cut')
    let lostAt = Number.POSITIVE_INFINITY
    lead.lost.addEventListener('abort', () => {
      lostAt = performance.now()
    })
    const next = campaign(other)
    here().cut()
    const taken = await next
    expect(lostAt).toBeLessThanOrEqual(performance.now())
    expect(taken.term).toBeGreaterThan(lead.term)
    here().heal()
    await expect.poll(() => cut.view().leader, POLL).toEqual({ id: 'other', term: taken.term })
    expect(taken.lost.aborted).toBe(false)
  })

  test('a node that was cut off and campaigns waits until it is heard, and disturbs nobody who leads', async () => {
    const [cut, other] = [await join('cut', { cuttable: true }), await join('other')]
    const lead = await campaign(other)
    here().cut()
    const ending = new AbortController()
    const waiting = cut.campaign(ending.signal)
    waiting.catch(() => undefined)
    await expect.poll(() => idsOf(other), POLL).toEqual(['other'])
    here().heal()
    await expect.poll(() => idsOf(other), POLL).toEqual(['cut', 'other'])
    await new Promise((resolve) => setTimeout(resolve, LEAD_TTL_MS))
    expect(lead.lost.aborted).toBe(false)
    await lead.resign()
    expect((await waiting).term).toBeGreaterThan(lead.term)
  })
}

function campaign(membership: Membership): Promise<Leadership> {
  return membership.campaign(new AbortController().signal)
}

/** An engine may remember for a while who has died. */
async function joinAgain(join: () => Promise<Membership>): Promise<Membership> {
  for (const until = performance.now() + POLL.timeout; ; ) {
    try {
      return await join()
    } catch (error) {
      if (!isFabricError(error, 'CONFLICT') || performance.now() > until) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function idsOf(membership: Membership): string[] {
  return membership.view().members.map(({ id }) => id)
}

function member(id: string): Member {
  return { id, url: `http://${id}:8080`, link: `${id}:9090`, version: '1.0.0', position: 0 }
}
