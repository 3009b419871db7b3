import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connect, type FabricClient } from '../../src/client/client.js'
import { nodeTransport } from '../../src/client/node-transport.js'
import type { Fabric } from '../../src/fabric/fabric.js'
import { openFabric } from '../../src/fabric/open.js'
import { FileJournal } from '../../src/journal/file/file-journal.js'
import { startCosignerServer } from '../../src/server/cosigner-server.js'
import { startServer } from '../../src/server/server.js'
import { FakeTiming } from '../../src/testing/fake-timing.js'
import { openCosigner } from '../../src/witness/cosign/open.js'
import { openCheckpoint } from '../../src/witness/note/checkpoint.js'
import { parseTrustPolicy, type TrustPolicy } from '../../src/witness/note/trust-policy.js'
import { parseVkey } from '../../src/witness/note/verifier.js'
import { openStorage } from '../../src/witness/storage.js'
import { httpSource } from '../../src/witness/verify/http-source.js'
import { Marks } from '../../src/witness/verify/marks.js'
import { verifySource } from '../../src/witness/verify/verify.js'

const TOKEN = 'token-of-the-tests'
const FREE_PORT = '127.0.0.1:0'
const SECOND_MS = 1_000

let root: string
/** What a test started, to be ended in reverse. */
let running: { close(): Promise<void> }[]
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ifab-cosigning-'))
  running = []
})
afterEach(async () => {
  for (const one of running.reverse()) await one.close()
  await rm(root, { recursive: true, force: true })
})

interface Served {
  readonly fabric: Fabric
  readonly client: FabricClient
  readonly url: string
  readonly vkey: string
  readonly timing: FakeTiming
  /** Fires what is due within a second, one after the other, until the condition holds. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>
  create(prefix: string, count: number): Promise<void>
  close(): Promise<void>
}

async function serve(data: string, name: string, policy?: TrustPolicy): Promise<Served> {
  const directory = join(root, data)
  const timing = new FakeTiming()
  const faults: unknown[] = []
  const report = (error: unknown) => faults.push(error)
  const fabric = await openFabric({
    journal: new FileJournal({ directory }),
    name,
    timing,
    report,
    witness: { open: async () => ({ storage: await openStorage(directory, report) }), ...(policy && { policy }) },
  })
  const server = await startServer({ fabric, listen: FREE_PORT, token: TOKEN })
  const transport = nodeTransport()
  const client = connect({ url: server.url, token: TOKEN, transport })
  let closed = false
  const served: Served = {
    fabric,
    client,
    url: server.url,
    vkey: fabric.witness.vkey,
    timing,
    until: async (condition) => {
      while (!(await condition())) {
        const next = timing.untilNext
        if (next !== undefined && next <= SECOND_MS) timing.advance(next)
        await new Promise(setImmediate)
      }
    },
    create: async (prefix, count) => {
      const tasks = Array.from({ length: count }, (_, at) => ({ id: `${prefix}-${at}`, title: 'A task' }))
      await Promise.all(tasks.map((task) => client.task.create(task)))
    },
    close: async () => {
      if (closed) return
      closed = true
      transport.close()
      await server.close()
      await fabric.close()
      expect(faults).toEqual([])
    },
  }
  running.push(served)
  return served
}

/** The verifier key of a fabric, which is made at its first start. */
async function keyOf(data: string, name: string): Promise<string> {
  const fabric = await serve(data, name)
  await fabric.close()
  return fabric.vkey
}

async function serveWitness(data: string, name: string, vkey: string) {
  const opened = await openCosigner({ data: join(root, data), name, logs: [parseVkey(vkey)] })
  const faults: unknown[] = []
  const options = { cosigner: opened.cosigner, listen: FREE_PORT, onFault: (fault: unknown) => faults.push(fault) }
  const server = await startCosignerServer(options)
  let closed = false
  const close = async () => {
    if (closed) return
    closed = true
    await server.close()
    await opened.close()
    expect(faults).toEqual([])
  }
  running.push({ close })
  return { vkey: opened.cosigner.vkey, url: server.url, close }
}

async function twoWitnesses(vkey: string) {
  const a = await serveWitness('a', 'witness.example/a', vkey)
  const b = await serveWitness('b', 'witness.example/b', vkey)
  const policy = (quorum: 'any' | 'all') =>
    parseTrustPolicy(
      `log ${vkey}\nwitness a ${a.vkey} ${a.url}\nwitness b ${b.vkey} ${b.url}\ngroup both ${quorum} a b\nquorum both\n`,
    )
  return { a, b, policy }
}

async function published({ url }: Served): Promise<string> {
  return (await fetch(`${url}/checkpoint`)).text()
}

async function verify({ url, vkey, until, timing }: Served, policy: TrustPolicy) {
  // Whoever asks for the checkpoint waits for the one that is to be signed next.
  await until(() => (timing.untilNext ?? SECOND_MS) >= SECOND_MS)
  const { verdicts } = await verifySource({
    source: httpSource({ url, token: TOKEN }),
    trust: { keys: [parseVkey(vkey)], from: 'given' },
    policy,
    marks: await Marks.open(join(root, 'marks.json')),
    now: Date.now(),
  })
  return verdicts
}

async function incidentsOf({ client }: Served): Promise<unknown[]> {
  const { entries } = await client.witness.query({ operation: 'incident_detected' })
  return entries.map(({ subject, data }) => ({ subject, ...(data as object) }))
}

const settled = (served: Served, outcome: string) => () =>
  served.fabric.witness.cosigners()?.witnesses.every((witness) => witness.outcome === outcome) ?? false

describe('a fabric with two witnesses', () => {
  let vkey: string
  beforeEach(async () => {
    vkey = await keyOf('log', 'swarm.example')
  })

  test('serves a checkpoint that both cosigned, and that stands up to whoever asks for both', async () => {
    const { a, b, policy } = await twoWitnesses(vkey)
    const fabric = await serve('log', 'swarm.example', policy('all'))
    await fabric.create('T', 300)
    const { size } = fabric.fabric.witness
    await fabric.until(() => fabric.fabric.witness.cosigners()?.size === size)
    const cosigners = [a, b].map((witness) => parseVkey(witness.vkey))
    const { checkpoint, verified } = openCheckpoint(await published(fabric), [parseVkey(vkey)], cosigners)
    expect([checkpoint.size, verified.map(({ name }) => name).sort()]).toEqual([
      size,
      ['swarm.example', 'witness.example/a', 'witness.example/b'],
    ])
    expect(await verify(fabric, policy('all'))).toMatchObject({
      integrity: { status: 'ok' },
      signature: { status: 'ok' },
      freshness: { status: 'ok', code: 'quorum_met' },
    })
    await fabric.close()
    // The witnesses keep what they saw; so does the fabric.
    const again = await serve('log', 'swarm.example', policy('all'))
    expect(openCheckpoint(await published(again), [parseVkey(vkey)]).checkpoint.size).toBe(size)
  })

  test('has its quorum without one of them when one is enough, and says so when it is not', async () => {
    const { b, policy } = await twoWitnesses(vkey)
    await b.close()
    const any = await serve('log', 'swarm.example', policy('any'))
    await any.create('T', 3)
    await any.until(() => any.fabric.witness.cosigners()?.size === any.fabric.witness.size)
    expect((await verify(any, policy('any'))).freshness).toMatchObject({ status: 'ok', code: 'quorum_met' })
    expect((await verify(any, policy('all'))).freshness).toMatchObject({ status: 'failed', code: 'quorum_not_met' })
    await any.close()
    const all = await serve('log', 'swarm.example', policy('all'))
    await all.create('U', 3)
    const { size } = all.fabric.witness
    await all.until(() => all.fabric.witness.cosigners()?.witnesses[0]?.size === size)
    await all.until(() => all.fabric.witness.cosigners()?.witnesses[1]?.outcome === 'unreachable')
    expect((await all.client.witness.checkpoint()).cosigning).toEqual({
      quorum: false,
      size: 0,
      witnesses: [
        { name: 'a', size, outcome: 'cosigned' },
        { name: 'b', size: 0, outcome: 'unreachable', reason: 'ECONNREFUSED' },
      ],
    })
    // The checkpoint goes out without a quorum, and whoever asks for one is told.
    expect(openCheckpoint(await published(all), [parseVkey(vkey)]).checkpoint.size).toBe(size)
    expect((await verify(all, policy('all'))).freshness).toMatchObject({ status: 'failed', code: 'quorum_not_met' })
  })

  describe('that is restored from an older copy of its data directory', () => {
    /** Work that witnesses have seen and that the copy does not have. Returns the size they have seen. */
    async function rollBack(policy: TrustPolicy): Promise<number> {
      await cp(join(root, 'log'), join(root, 'copy'), { recursive: true })
      const first = await serve('log', 'swarm.example', policy)
      await first.create('T', 20)
      const { size } = first.fabric.witness
      await first.until(() => first.fabric.witness.cosigners()?.witnesses.every((one) => one.size === size) ?? false)
      await first.close()
      await rm(join(root, 'log'), { recursive: true })
      await cp(join(root, 'copy'), join(root, 'log'), { recursive: true })
      return size
    }

    test('hears from them that it was rolled back, and writes that down', async () => {
      const { policy } = await twoWitnesses(vkey)
      const seen = await rollBack(policy('all'))
      const restored = await serve('log', 'swarm.example', policy('all'))
      const { size } = restored.fabric.witness
      await restored.until(settled(restored, 'ahead'))
      expect(size).toBeLessThan(seen)
      const incident = { subject: 'swarm.example', kind: 'cosigner_ahead', size, seen }
      await restored.until(async () => (await incidentsOf(restored)).length === 2)
      const incidents = await incidentsOf(restored)
      expect(incidents).toEqual(
        expect.arrayContaining([
          { ...incident, witness: 'a' },
          { ...incident, witness: 'b' },
        ]),
      )
      expect((await restored.client.witness.checkpoint()).cosigning).toEqual({
        quorum: false,
        size: 0,
        witnesses: ['a', 'b'].map((name) => ({ name, size: 0, outcome: 'ahead' })),
      })
    })

    test('and has grown beyond what they saw, hears that it is another log', async () => {
      const { policy } = await twoWitnesses(vkey)
      const seen = await rollBack(policy('all'))
      const forked = await serve('log', 'swarm.example', policy('all'))
      await forked.create('U', 40)
      const { size } = forked.fabric.witness
      expect(size).toBeGreaterThan(seen)
      await forked.until(settled(forked, 'fork'))
      await forked.until(async () => (await incidentsOf(forked)).length === 2)
      const incident = { subject: 'swarm.example', kind: 'cosigner_fork', size }
      const incidents = await incidentsOf(forked)
      expect(incidents).toEqual(
        expect.arrayContaining([
          { ...incident, witness: 'a' },
          { ...incident, witness: 'b' },
        ]),
      )
      const { cosigning } = await forked.client.witness.checkpoint()
      expect(cosigning?.witnesses.map(({ outcome }) => outcome)).toEqual(['fork', 'fork'])
      expect((await verify(forked, policy('all'))).freshness).toMatchObject({
        status: 'failed',
        code: 'quorum_not_met',
      })
    })
  })
})

test('two fabrics guard each other, each from its own data directory', async () => {
  const names = ['one.example', 'two.example'] as const
  const keys = [await keyOf('one', names[0]), await keyOf('two', names[1])] as const
  const guards = [
    await serveWitness('one', 'one.example/w', keys[1]),
    await serveWitness('two', 'two.example/w', keys[0]),
  ]
  const policyFor = (log: number, guard: number) =>
    parseTrustPolicy(`log ${keys[log]}\nwitness w ${guards[guard]?.vkey} ${guards[guard]?.url}\nquorum w\n`)
  const policies = [policyFor(0, 1), policyFor(1, 0)] as const
  const one = await serve('one', names[0], policies[0])
  const two = await serve('two', names[1], policies[1])
  await Promise.all([one.create('T', 5), two.create('T', 9)])
  for (const [fabric, policy] of [
    [one, policies[0]],
    [two, policies[1]],
  ] as const) {
    const { size } = fabric.fabric.witness
    await fabric.until(() => fabric.fabric.witness.cosigners()?.size === size)
    expect((await verify(fabric, policy)).freshness).toMatchObject({ status: 'ok', code: 'quorum_met' })
  }
})
