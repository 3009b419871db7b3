import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hostFabric } from '../../src/cli/host.js'
import { EtcdJournal } from '../../src/journal/etcd/etcd-journal.js'
import { ifab, temporaryDirectory } from '../cli/console.js'
import { describeWithEtcd, EtcdServer } from '../support/etcd-server.js'
import { describeWithNats, NatsServer } from '../support/nats-server.js'

let directory: string
let data: string
beforeEach(async () => {
  directory = await temporaryDirectory()
  data = join(directory, 'data')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const SECRET = Buffer.from('the secret of the nodes in the tests')

/** Runs the fabric while `work` is done: alone, or as the only node on a shared journal. */
async function during(at: string, journal: string | undefined, work: () => Promise<unknown>): Promise<void> {
  const cluster = journal && { journal, advertise: 'http://127.0.0.1:1', node: 'a', secret: SECRET, driver: {} }
  const hosted = await hostFabric({ data: at, name: 'moving', listen: '127.0.0.1:0', ...(cluster && { cluster }) })
  try {
    await work()
  } finally {
    await hosted.close()
  }
}

async function run(...argv: string[]) {
  const { exit, out, err } = await ifab({ IFAB_DATA: data, XDG_STATE_HOME: directory }, ...argv, '--json')
  if (exit !== 0) throw new Error(`ifab ${argv.join(' ')}: ${err}`)
  return JSON.parse(out)
}

/** Moves a fabric with a live claim to shared servers, goes on there, and moves it back. */
async function thereAndBack(url: string): Promise<void> {
  let epoch = 0
  await during(data, undefined, async () => {
    await run('swarm', 'register', 'worker')
    await run('task', 'create', 'A', '--title', 'Before, there and after')
    epoch = (await run('claim', 'A', '--as', 'worker')).epoch
  })
  const there = await run('migrate', '--from', `file:${data}`, '--to', url)
  expect(there).toMatchObject({ kept: 0, copied: there.size, heads: [there.size] })
  await during(data, url, async () => {
    await run('milestone', 'A', '50', '--epoch', String(epoch), '--as', 'worker')
    await expect(run('migrate', '--from', url, '--to', `file:${data}`)).rejects.toThrow('DATA_LOCKED')
    await expect(run('migrate', '--from', `file:${join(directory, 'data')}`, '--to', url)).rejects.toThrow(
      'DATA_LOCKED',
    )
    const live = await run('migrate', '--from', url, '--to', `file:${join(directory, 'second')}`, '--live')
    expect(live).toMatchObject({ live: true, copied: live.size })
    expect(live.size).toBeGreaterThan(there.size)
    const { entries } = await run('status')
    const backup = await run('backup', '--to', join(directory, 'of-a-node'))
    expect(backup).toMatchObject({ origin: 'moving', unsigned: 0 })
    expect(backup.size).toBeGreaterThanOrEqual(entries)
  })
  const back = await run('migrate', '--from', url, '--to', `file:${data}`)
  expect(back).toMatchObject({ kept: there.size, copied: back.size - there.size })
  expect(back.heads[0]).toBeGreaterThan(there.size)
  await during(data, undefined, async () => {
    await run('done', 'A', '--epoch', String(epoch), '--as', 'worker')
  })
  const { out } = await ifab({ IFAB_DATA: data, XDG_STATE_HOME: directory }, 'witness', 'verify', '--json')
  expect(JSON.parse(out).verdicts).toMatchObject({ integrity: { status: 'ok' }, signature: { status: 'ok' } })
}

/** Restores a backup onto shared servers, then moves there what came since, so that the fabric stops for that only. */
async function restoreThenMove(url: string): Promise<void> {
  const backup = join(directory, 'backup')
  const node = join(directory, 'node')
  let size = 0
  await during(data, undefined, async () => {
    await run('swarm', 'register', 'before')
    await run('blob', 'put', fileURLToPath(import.meta.url))
    size = (await run('backup', '--to', backup)).size
    const restored = await run('restore', '--from', backup, '--to', url, '--data', node)
    expect(restored).toMatchObject({ copied: size, data: node, blobs: 1, keys: [] })
    await run('swarm', 'register', 'after')
  })
  expect(await run('migrate', '--from', `file:${data}`, '--to', url)).toMatchObject({ kept: size })
  await during(data, url, async () => {
    const { items } = await run('swarm', 'list')
    expect(items.map(({ swarm }: { swarm: { id: string } }) => swarm.id).sort()).toEqual(['after', 'before'])
  })
}

const moves = [
  ['keeps entries, claims and the witness', thereAndBack],
  ['takes a backup first and the rest later', restoreThenMove],
] as const

describeWithEtcd('moving to etcd', () => {
  let server: EtcdServer
  beforeEach(async () => {
    server = await EtcdServer.start()
  })
  afterEach(() => server.dispose())

  test.each(moves)('%s', async (_, move) => {
    await move(`etcd://${server.address}/moving`)
  })

  test('needs the copy of a node once etcd has let entries go', async () => {
    const node = join(directory, 'node')
    const journal = new EtcdJournal({
      servers: [server.address],
      name: 'moving',
      directory: join(node, 'journal', 'etcd'),
      archive: true,
    })
    await journal.open()
    const entry = (index: number) => Buffer.from(JSON.stringify({ id: String(index), source: '/fabrics/moving' }))
    for (let first = 0; first < 40; first += 10) {
      const entries = Array.from({ length: 10 }, (_, at) => entry(first + at))
      await journal.append(first, { writerId: 'test', batchId: String(first), entries })
    }
    await journal.putSnapshot({ size: 30, version: 1, chunks: (async function* () {})() })
    await journal.close()
    const url = `etcd://${server.address}/moving`
    await expect(run('migrate', '--from', url, '--to', `file:${data}`)).rejects.toThrow('LOG_TRIMMED')
    expect(await run('migrate', '--from', url, '--to', `file:${data}`, '--data', node)).toMatchObject({ size: 40 })
  })
})

describeWithNats('moving to NATS', () => {
  let server: NatsServer
  beforeEach(async () => {
    server = await NatsServer.start()
  })
  afterEach(() => server.dispose())

  test.each(moves)('%s', async (_, move) => {
    await move(`nats://${server.address}/moving`)
  })
})
