import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ServedNodes, TOKEN } from '../support/served-nodes.js'
import { ifab, temporaryDirectory } from './console.js'

let directory: string
beforeAll(async () => {
  directory = await temporaryDirectory()
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const SECRET = '0123456789abcdef0123456789abcdef'

/** What `ifab up` says with these options. */
async function up(env: Record<string, string>, ...options: string[]): Promise<string> {
  const { exit, err } = await ifab({ IFAB_DATA: join(directory, 'data'), ...env }, 'up', ...options)
  expect(exit).not.toBe(0)
  return err
}

describe('ifab up as one of several nodes', () => {
  test('asks for a journal when an option is about one', async () => {
    expect(await up({}, '--advertise', 'http://10.0.0.5:7420')).toContain('Name that with --journal')
    expect(await up({}, '--require-durable')).toContain('Name that with --journal')
  })

  test('asks for a secret that is long enough and that nobody else can read', async () => {
    const journal = ['--journal', 'etcd://127.0.0.1:1/demo']
    expect(await up({}, ...journal)).toContain('openssl rand -hex 32')
    expect(await up({ IFAB_CLUSTER_SECRET: 'short' }, ...journal)).toContain('too short')
    const file = join(directory, 'cluster.secret')
    expect(await up({}, ...journal, '--cluster-secret', file)).toContain('Cannot read the secret')
    await writeFile(file, SECRET)
    await chmod(file, 0o644)
    expect(await up({}, ...journal, '--cluster-secret', file)).toContain(`chmod 600 ${file}`)
  })

  test('asks for an address by which other nodes can reach it', async () => {
    const journal = ['--journal', 'etcd://127.0.0.1:1/demo', '--advertise', 'http://127.0.0.1:7420']
    expect(await up({ IFAB_CLUSTER_SECRET: SECRET }, ...journal, '--node-advertise', 'nowhere')).toContain(
      'nowhere is no address. Write HOST:PORT',
    )
  })

  test('asks where others reach it, and knows which journals there are', async () => {
    const env = { IFAB_CLUSTER_SECRET: SECRET }
    const listen = ['--listen', '127.0.0.1:0']
    expect(await up(env, '--journal', 'etcd://127.0.0.1:1/demo', ...listen)).toContain('--advertise')
    const unknown = await up(env, '--journal', 'redis://127.0.0.1', '--advertise', 'http://127.0.0.1:7420', ...listen)
    expect(unknown).toContain('There is no journal for redis://127.0.0.1')
    expect(unknown).toContain('etcd://')
  })
})

describe('ifab with the addresses of several nodes', () => {
  test('asks one that answers, and shows them all', async () => {
    await using served = await ServedNodes.open()
    await served.all.advance(1_000)
    const url = ['n2', 'n1'].map((id) => served.url(id)).join(',')
    const env = { IFAB_URL: url, IFAB_TOKEN: TOKEN }
    const { out } = await ifab(env, 'status')
    expect(out).toMatch(
      /\nnodes +n1 leads \(term 1\), http:\/\/n1\.test\n +n2 follows, http:\/\/n2\.test\n +n3 follows/,
    )
    expect(out).toMatch(/told by n2, at most \d+ ms old/)
    await served.servers.get('n2')?.close()
    expect((await ifab(env, 'task', 'create', 't1', '--title', 'x')).exit).toBe(0)
    expect((await ifab(env, 'status')).out).toContain('told by n1')
  })

  test('gives the token of this machine to no other', async () => {
    const { err } = await ifab({ IFAB_URL: 'http://127.0.0.1:1,http://fabric.example:7420' }, 'status')
    expect(err).toContain('There is no token for')
  })
})
