import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { ADMIN_ACTOR } from '../../../src/model/entry.js'
import { MINUTE_MS } from '../../../src/model/time.js'
import { mintToken } from '../../../src/operations/new-token.js'
import { makeRegistration, makeTask } from '../../../src/testing/factories.js'
import { TestNodes } from '../../../src/testing/test-nodes.js'
import { CosignatureSigner } from '../../../src/witness/note/signer.js'
import { parseTrustPolicy } from '../../../src/witness/note/trust-policy.js'
import { codeOf, rowsOf } from '../fixture.js'

const create = (id: string) => ({ type: 'create_task', task: makeTask(id) }) as const
const has =
  (id: string) =>
  ({ tasks }: { tasks: ReadonlyMap<string, unknown> }) =>
    tasks.has(id)

describe('a node that follows', () => {
  test('has the same state as the one that leads, byte for byte, with and without a snapshot', async () => {
    await using all = await TestNodes.open({ snapshotEvery: 10 })
    for (let n = 0; n < 30; n += 1) await all.send(`n${(n % 3) + 1}`, create(`t${n}`))
    const late = await all.during(all.add('n4'))
    await all.advance(1_000)
    const rows = await rowsOf(all.leader.fabric)
    for (const { fabric } of [...all.nodes, late]) expect(await rowsOf(fabric)).toEqual(rows)
  })

  test('waits for what its caller has seen elsewhere, and for no longer than it may', async () => {
    await using all = await TestNodes.open()
    all.node('n2').partition('journal')
    await all.send('n1', create('t1'))
    const position = all.node('n1').fabric.nodes?.position ?? 0
    const { fabric } = all.node('n2')
    expect(await fabric.read(has('t1'))).toBe(false)
    const reached = fabric.nodes?.reach(position).then(() => fabric.read(has('t1')))
    await all.advance(500)
    all.node('n2').heal()
    expect(await all.during(Promise.resolve(reached))).toBe(true)
    const never = codeOf(fabric.nodes?.reach(position + 1_000) ?? Promise.resolve())
    const begun = all.timing.elapsed()
    expect(await all.during(never)).toBe('UNAVAILABLE')
    expect(all.timing.elapsed() - begun).toBeLessThanOrEqual(5_100)
  })

  test('that is cut off from the journal says how old it is, shows nothing that is too old, and comes back', async () => {
    await using all = await TestNodes.open()
    const { fabric } = all.node('n3')
    let ended = 0
    fabric.nodes?.onStale(() => {
      ended += 1
    })
    all.node('n3').partition('journal')
    await all.send('n1', create('t1'))
    await all.advance(4_000)
    expect(await fabric.read(has('t1'))).toBe(false)
    expect(fabric.nodes?.status().ageMs).toBeGreaterThan(3_900)
    expect(fabric.health().nodes?.isFresh).toBe(true)
    await all.advance(2_000)
    expect(ended).toBe(1)
    expect(fabric.health().nodes?.isFresh).toBe(false)
    expect(await codeOf(fabric.read(has('t1')))).toBe('UNAVAILABLE')
    expect(() => fabric.authenticate('no token')).toThrow(/has not heard from the journal/)
    all.node('n3').heal()
    await all.advance(1_000)
    expect(await fabric.read(has('t1'))).toBe(true)
    expect(fabric.nodes?.status().ageMs).toBeLessThan(1_000)
    expect(fabric.nodes?.status().members.map(({ lag }) => lag)).toEqual([0, 0, 0])
  })

  test('that cannot reach the one that leads says so, and sends nothing twice', async () => {
    await using all = await TestNodes.open()
    all.node('n2').partition('nodes')
    const answer = all.send('n2', create('t1'))
    await expect(answer).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(await all.node('n1').fabric.read(has('t1'))).toBe(false)
    all.node('n2').heal()
    await all.send('n2', create('t1'))
    expect(await all.node('n1').fabric.read(has('t1'))).toBe(true)
  })

  test('pushes each entry once and in order, through a change of the lead', async () => {
    await using all = await TestNodes.open()
    const ending = new AbortController()
    const seen: number[] = []
    const follow = async (id: string) => {
      for await (const batch of all.node(id).fabric.follow(ending.signal, 0))
        seen.push(...batch.map(({ index }) => index))
    }
    const following = follow('n3')
    await all.send('n2', create('t1'))
    await all.node('n1').kill()
    await all.send('n3', create('t2'))
    await all.send('n2', create('t3'))
    await all.advance(1_000)
    ending.abort()
    await following
    const { length } = await all.log.entries()
    expect(seen).toEqual(Array.from({ length }, (_, index) => index))
  })

  test('wakes those who wait for work and for messages', async () => {
    await using all = await TestNodes.open()
    await all.send('n1', makeRegistration('s1'))
    await all.send('n1', makeRegistration('s2'))
    const work = all
      .node('n2')
      .fabric.next({ type: 'offer_next', swarm: 's1', claim: true }, { actor: 'swarm:s1' }, MINUTE_MS)
    await all.send('n3', { type: 'send_message', to: 's2', text: 'hello' })
    const mail = all.node('n2').fabric.inbox('s2', -1, 10, MINUTE_MS)
    await all.advance(100)
    await all.send('n3', create('t1'))
    const begun = all.timing.elapsed()
    expect(await all.during(work)).toMatchObject({ kind: 'primary', claim: { task: 't1' } })
    expect((await all.during(mail)).messages).toHaveLength(1)
    expect(all.timing.elapsed() - begun).toBeLessThan(1_000)
  })

  test('takes a new token at once when it is told, and refuses a revoked one as soon as it has heard', async () => {
    await using all = await TestNodes.open()
    await all.send('n1', makeRegistration('s1'))
    const { token, command } = mintToken(60 * MINUTE_MS)
    await all.send('n1', { type: 'issue_token', name: 's1', role: 'swarm', ...command })
    const { fabric } = all.node('n3')
    await all.during(Promise.resolve(fabric.nodes?.catchUp()))
    expect(fabric.authenticate(token)).toMatchObject({ actor: 'swarm:s1' })
    all.node('n3').partition('journal')
    await all.send('n1', { type: 'revoke_token', id: command.id })
    // It cannot know yet; and when it could be too old, it opens to nobody.
    expect(fabric.authenticate(token)).toMatchObject({ actor: 'swarm:s1' })
    await all.advance(5_600)
    expect(() => fabric.authenticate(token)).toThrow(/has not heard from the journal/)
    all.node('n3').heal()
    await all.advance(1_000)
    expect(() => fabric.authenticate(token)).toThrow(/not known here, or was revoked/)
  })

  test('has its refusals written where the log is written, a flood of them as few', async () => {
    await using all = await TestNodes.open()
    const refusal = { code: 'UNAUTHENTICATED', operation: 'GET /v1/status', actor: 'anonymous' } as const
    const noted = Array.from({ length: 50 }, () => all.node('n2').fabric.noteRefusal(refusal))
    await all.during(Promise.all(noted))
    await all.advance(6_000)
    const counts = (await all.log.entries())
      .map((bytes) => JSON.parse(Buffer.from(bytes).toString()))
      .filter(({ type }) => type.endsWith('request_refused.v1'))
      .map(({ data }) => data.count)
    expect(counts).toEqual([1, 49])
  })
})

describe('the witness of several nodes', () => {
  test('signs the same heads everywhere, with one key, also after it was rotated and its node is gone', async () => {
    await using all = await TestNodes.open({ witness: true })
    await all.send('n2', create('t1'))
    await all.advance(1_000)
    const heads = async () => Promise.all(all.nodes.map(async ({ fabric }) => (await fabric.witness.checkpoint()).note))
    expect(new Set(await heads()).size).toBe(1)
    const first = all.node('n3').fabric.witness.vkey
    const { vkey, previous } = await all.during(all.node('n3').fabric.witness.rotateKey({ actor: ADMIN_ACTOR }))
    expect(previous).toBe(first)
    await all.advance(1_000)
    await all.node('n1').kill()
    await all.send('n2', create('t2'))
    await all.advance(1_000)
    expect(new Set(await heads()).size).toBe(1)
    expect(all.nodes.map(({ fabric }) => fabric.witness.vkey)).toEqual([vkey, vkey])
    await all.during(all.node('n2').fabric.witness.rotateKey({ actor: ADMIN_ACTOR }))
    const late = await all.during(all.add('n4'))
    expect(late.fabric.witness.vkey).toBe(all.leader.fabric.witness.vkey)
    expect(await late.fabric.witness.prove(3)).toContain('c2sp.org/tlog-proof@v1')
  })

  test('asks outside witnesses from the node that leads, and from no other', async () => {
    const asked: (string | undefined)[] = []
    const outside = createServer((request, response) => {
      asked.push(request.url?.split('/')[1])
      response.writeHead(500).end()
    })
    await new Promise<void>((resolve) => void outside.listen(0, '127.0.0.1', resolve))
    const { port } = outside.address() as AddressInfo
    const { vkey } = CosignatureSigner.generate('outside')
    const trust = (id: string) => parseTrustPolicy(`witness W ${vkey} http://127.0.0.1:${port}/${id}\nquorum W\n`)
    await using all = await TestNodes.open({ witness: true, trust })
    await all.send('n2', create('t1'))
    await all.advance(1_000)
    while (asked.length === 0) await all.advance(100)
    expect(new Set(asked)).toEqual(new Set(['n1']))
    await all.node('n1').kill()
    await all.send('n3', create('t2'))
    const { id } = all.leader
    while (!asked.includes(id)) await all.advance(100)
    expect(new Set(asked)).toEqual(new Set(['n1', id]))
    outside.close()
  })

  test('keeps blobs on every node, and fetches one that is missing', async () => {
    await using all = await TestNodes.open({ witness: true })
    const content = Buffer.from('what the log only names')
    const { sha256 } = await all.during(all.node('n2').fabric.putBlob(content, 'text/plain', { actor: ADMIN_ACTOR }))
    await all.advance(500)
    await all.node('n1').kill()
    await all.advance(3_000)
    for (const { fabric } of all.nodes) expect(await all.during(fabric.getBlob(sha256))).toEqual(content)
    const late = await all.during(all.add('n4'))
    expect(await all.during(late.fabric.getBlob(sha256))).toEqual(content)
    await all.during(late.fabric.deleteBlob(sha256, 'done', { actor: ADMIN_ACTOR }))
    await all.advance(500)
    for (const { fabric } of all.nodes) expect(await codeOf(fabric.getBlob(sha256))).toBe('NOT_FOUND')
  })
})
