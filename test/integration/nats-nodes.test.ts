import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ProgramRun, program } from '../cli/program-run.js'
import { freePorts } from '../support/free-ports.js'
import { describeWithNats, NatsServer } from '../support/nats-server.js'

const POLL = { timeout: 20_000, interval: 100 }
const IDS = ['n1', 'n2', 'n3'] as const
type Id = (typeof IDS)[number]

describeWithNats('Three processes on one NATS server', () => {
  let directory: string
  let server: NatsServer
  let client: Record<string, string>
  const ports = new Map<Id, number>()
  const runs = new Map<Id, ProgramRun>()
  const secret = randomBytes(32).toString('hex')

  const url = (id: Id) => `http://127.0.0.1:${ports.get(id)}`
  const data = (id: Id) => join(directory, id)
  const kill = (id: Id, signal: NodeJS.Signals) => runs.get(id)?.child.kill(signal)

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ifab-nats-nodes-'))
    server = await NatsServer.start()
    for (const [at, port] of (await freePorts(IDS.length)).entries()) ports.set(IDS[at] ?? 'n1', port)
    await Promise.all(IDS.map((id) => start(id)))
    const issued = await program({ IFAB_DATA: data('n1') }, 'token', 'issue', 'ops', '--role', 'admin', '--json')
    client = { IFAB_TOKEN: JSON.parse(issued.out).token, IFAB_URL: IDS.map(url).join(',') }
  })
  afterEach(async () => {
    for (const [id, { done }] of runs) {
      kill(id, 'SIGKILL')
      await done
    }
    await server.dispose()
    await rm(directory, { recursive: true, force: true })
  })

  async function start(id: Id): Promise<void> {
    const journal = ['--journal', `nats://${server.address}/demo`, '--node', id]
    const argv = ['up', '--listen', `127.0.0.1:${ports.get(id)}`, ...journal]
    const run = new ProgramRun(argv, { IFAB_DATA: data(id), IFAB_CLUSTER_SECRET: secret })
    runs.set(id, run)
    await run.prints('The fabric runs at')
  }

  /** What one of these nodes says of all of them. */
  async function nodes(...asked: readonly Id[]): Promise<string> {
    const { out } = await program({ ...client, IFAB_URL: asked.map(url).join(',') }, 'status')
    return /^nodes +(.*)\n( +.*\n)*/m.exec(out)?.[0] ?? out
  }

  async function leader(...asked: readonly Id[]): Promise<{ id: Id; term: number }> {
    const [, id, term] = /(n\d) leads \(term (\d+)\)/.exec(await nodes(...asked)) ?? []
    return { id: IDS.find((known) => known === id) ?? 'n1', term: Number(term) }
  }

  async function write(id: string): Promise<void> {
    const { exit, err } = await program(client, 'task', 'create', id, '--title', id)
    expect([exit, err]).toEqual([0, ''])
  }

  test('one leads, another one when that is killed or stopped, and status shows them all', {
    timeout: 90_000,
  }, async () => {
    await write('t1')
    const first = await leader(...IDS)
    for (const id of IDS)
      await expect.poll(() => nodes(id), POLL).toMatch(/leads(.*\n)+.*follows, http(.*\n)+.*follows/)

    kill(first.id, 'SIGKILL')
    await write('t2')
    const [one, two] = IDS.filter((id) => id !== first.id) as [Id, Id]
    const second = await leader(one, two)
    expect(second.id).not.toBe(first.id)
    expect(second.term).toBeGreaterThan(first.term)
    await expect.poll(() => nodes(one, two), POLL).not.toContain(first.id)
    await start(first.id)

    const other = second.id === one ? two : one
    kill(second.id, 'SIGSTOP')
    client.IFAB_URL = [url(first.id), url(other)].join(',')
    await write('t3')
    const third = await leader(first.id, other)
    expect(third.term).toBeGreaterThan(second.term)
    kill(second.id, 'SIGCONT')
    await expect.poll(() => leader(second.id), POLL).toEqual(third)
    await expect.poll(() => nodes(second.id), POLL).toMatch(new RegExp(`${second.id} follows, http`))

    client.IFAB_URL = url(second.id)
    await write('t4')
    const { out } = await program({ ...client, IFAB_URL: url(other) }, 'task', 'list')
    for (const id of ['t1', 't2', 't3', 't4']) expect(out).toContain(id)
    expect((await runs.get(second.id)?.child.exitCode) ?? undefined).toBeUndefined()
  })

  test('a journal that could lose entries is warned of, and refused where it must be durable', async () => {
    kill('n3', 'SIGTERM')
    const stopped = await runs.get('n3')?.done
    expect(stopped?.err).toContain('A power cut of one NATS server can lose acknowledged entries')
    const argv = ['up', '--journal', `nats://${server.address}/demo`, '--node', 'n4', '--require-durable']
    const refused = await program(
      { IFAB_DATA: data('n3'), IFAB_CLUSTER_SECRET: secret },
      ...argv,
      '--advertise',
      'http://127.0.0.1:1',
    )
    expect(refused.err).toContain('The journal must be durable and is not')
    expect(refused.exit).not.toBe(0)
  })
})
