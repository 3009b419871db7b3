import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { jetstreamManager, type StreamConfig } from '@nats-io/jetstream'
import { connect, nkeys } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NatsMembership } from '../../../src/journal/nats/membership.js'
import { NatsJournal } from '../../../src/journal/nats/nats-journal.js'
import { type NatsJournalOptions, parseNatsUrl } from '../../../src/journal/nats/options.js'
import { logSettings } from '../../../src/journal/nats/settings.js'
import { openSharedJournal } from '../../../src/journal/open.js'
import { batch, texts } from '../../conformance/journal.js'
import { makeAccount } from '../../support/nats-account.js'
import { describeWithNats, NatsServer, type NatsServerOptions, natsVersion } from '../../support/nats-server.js'
import { collect } from '../sharing.js'

const CERTIFICATE = fileURLToPath(new URL('../../support/tls/certificate.pem', import.meta.url))
const KEY = fileURLToPath(new URL('../../support/tls/key.pem', import.meta.url))

describe('the address of a log', () => {
  test.each([
    ['nats://one', { servers: ['one:4222'], name: 'main' }],
    ['nats://one:1234/', { servers: ['one:1234'], name: 'main' }],
    [
      'nats://one/log?replicas=3&monitor=http://one:8222&monitor=http://two:8222',
      { servers: ['one:4222'], name: 'log', replicas: 3, monitors: ['http://one:8222', 'http://two:8222'] },
    ],
    [
      'tls://one,two:4223,[::1]:4224/team-a',
      { servers: ['one:4222', 'two:4223', '[::1]:4224'], name: 'team-a', tls: true },
    ],
  ])('%s', (url, expected) => {
    expect(parseNatsUrl(url)).toEqual(expected)
  })

  test.each([
    'http://one',
    'nats://',
    'nats:///name',
    'nats://user:secret@one/name',
    'nats://one/a/b',
    'nats://one/a?b',
  ])('%s is refused, and what it says is not repeated', (url) => {
    expect(() => parseNatsUrl(url)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => parseNatsUrl(url)).not.toThrow(/secret/)
  })

  test.each([
    { name: 'a.b' },
    { name: '' },
    { servers: [] },
    { replicas: 6 },
    { replicas: Number.NaN },
    { monitors: ['file:///etc/passwd'] },
    { timeoutMs: 0 },
    { nkeyFile: 'a', credentialsFile: 'b' },
  ])('options %j are refused', (wrong) => {
    const options = { servers: ['one:4222'], name: 'main', directory: 'snapshots', ...wrong }
    expect(() => new NatsJournal(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

/** What a process does that has nothing but the address, and this. */
async function openLog(url: string, options: Omit<NatsJournalOptions, 'servers' | 'name'>): Promise<NatsJournal> {
  const journal = new NatsJournal({ ...options, ...parseNatsUrl(url) })
  await journal.open()
  return journal
}

describeWithNats('A journal on one server', () => {
  let directory: string
  let server: NatsServer | undefined
  let journal: NatsJournal | undefined

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ifab-nats-open-'))
  })
  afterEach(async () => {
    await journal?.close()
    await server?.dispose()
    journal = undefined
    server = undefined
    await rm(directory, { recursive: true, force: true })
  })

  async function start(options: NatsServerOptions = {}): Promise<NatsServer> {
    server = await NatsServer.start(options)
    return server
  }

  async function open(
    address: string,
    options: Partial<NatsJournalOptions> = {},
    scheme = 'nats',
  ): Promise<NatsJournal> {
    journal = await openLog(`${scheme}://${address}/log`, { directory, timeoutMs: 3_000, ...options })
    return journal
  }

  async function write(name: string, content: string): Promise<string> {
    const path = join(directory, name)
    await writeFile(path, content, { mode: 0o600 })
    return path
  }

  test('gives an open journal, and opening that again changes nothing', async () => {
    const { address } = await start()
    const log = await open(address)
    await log.append(0, batch('one', ['a']))
    expect(await log.open()).toMatchObject({ size: 1 })
    expect(await texts(log, 0)).toEqual(['a'])
    expect(log.health()).toMatchObject({ driver: 'nats', state: 'open', entries: 1 })
    expect(log.health().location).toContain(`nats://${address}/log`)
  })

  test('a server that is not there is UNAVAILABLE', async () => {
    const { address } = await start()
    await server?.kill()
    await expect(open(address)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('a server without JetStream is UNAVAILABLE, and the message says so', async () => {
    const { address } = await start({ jetstream: false })
    await expect(open(address)).rejects.toThrow(/jetstream is not enabled/)
  })

  test('TLS with a certificate of the client', async () => {
    const files = `cert_file: "${CERTIFICATE}", key_file: "${KEY}", ca_file: "${CERTIFICATE}"`
    const { address } = await start({ settings: `tls { ${files}, verify: true }` })
    const encrypted = address.replace('127.0.0.1', 'localhost')
    const client = { caFile: CERTIFICATE, certificateFile: CERTIFICATE, keyFile: KEY }
    await (await open(encrypted, client, 'tls')).append(0, batch('one', ['a']))
    await journal?.close()
    await expect(open(encrypted, { caFile: CERTIFICATE })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('a server without TLS is refused where TLS is demanded', async () => {
    const { address } = await start()
    await expect(open(address, {}, 'tls')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('an nkey', async () => {
    const user = nkeys.createUser()
    const { address } = await start({ settings: `authorization { users: [{ nkey: ${user.getPublicKey()} }] }` })
    const nkeyFile = await write('user.nk', `${Buffer.from(user.getSeed()).toString()}\n`)
    await (await open(address, { nkeyFile })).append(0, batch('one', ['a']))
    const wrong = await write('wrong.nk', Buffer.from(nkeys.createUser().getSeed()).toString())
    await journal?.close()
    await expect(open(address, { nkeyFile: wrong })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(open(address, { nkeyFile: 'missing' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a credentials file', async () => {
    const account = makeAccount()
    const { address } = await start({ settings: account.settings })
    const credentialsFile = await write('user.creds', account.credentials)
    await (await open(address, { credentialsFile })).append(0, batch('one', ['a']))
    expect(await texts(await open(address, { credentialsFile }), 0)).toEqual(['a'])
    await expect(openLog(`nats://${address}/log`, { directory })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test.each(['creds', 'nkey'])('an address and a file with %s give a journal and the nodes on it', async (format) => {
    const account = makeAccount()
    const user = nkeys.createUser()
    const nkey = `authorization { users: [{ nkey: ${user.getPublicKey()} }] }`
    const { address } = await start({ settings: format === 'creds' ? account.settings : nkey })
    const secret = format === 'creds' ? account.credentials : Buffer.from(user.getSeed()).toString()
    const shared = await openSharedJournal({
      ...{ url: `nats://${address}/log`, directory, credentialsFile: await write('secret', secret) },
      ...{ report: () => expect.fail('a fault'), warn: () => expect.fail('a warning') },
    })
    await shared.journal.open()
    await shared.journal.append(0, batch('one', ['a']))
    await shared.membership.join({ id: 'a', url: '', link: '', version: '1', position: 1 })
    expect((await shared.membership.campaign(new AbortController().signal)).term).toBe(1)
    await shared.membership.leave()
    await shared.journal.close()
  })

  test('a file that holds neither is refused before it is tried, and is not quoted', async () => {
    const { address } = await start()
    const path = await write('notes', 'something private')
    for (const file of [{ credentialsFile: path }, { nkeyFile: path }]) {
      const refusal = expect(open(address, file)).rejects
      await refusal.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.not.stringContaining('private') })
    }
  })

  test('the permissions that the reference lists are enough', async () => {
    const reference = await readFile(new URL('../../../docs/reference/journal.md', import.meta.url), 'utf8')
    const [, publish = '', subscribe = ''] = /publish: +(ifab[^:]+)subscribe: +(ifab.*)/.exec(reference) ?? []
    const list = (subjects: string) =>
      JSON.stringify(
        subjects
          .replaceAll('NAME', 'log')
          .split(/[\s,]+/)
          .filter(Boolean),
      )
    const permissions = `permissions: { publish: ${list(publish)}, subscribe: ${list(subscribe)} }`
    const users = `authorization { users: [{ user: a, password: b, ${permissions} }] }`
    const { address } = await start({ settings: `no_auth_user: a\nmax_payload: 8192\n${users}` })
    const log = await open(address)
    const other = await openLog(`nats://${address}/log`, { directory })
    const seen = collect(other, 0, 3)
    await log.append(0, batch('one', ['a', 'x'.repeat(20_000)]))
    await log.append(2, batch('two', ['b']))
    expect((await seen).map(({ length }) => length)).toEqual([1, 20_000, 1])
    await expect(other.append(2, batch('late', ['c']))).rejects.toMatchObject({ code: 'FENCED' })
    await other.close()
    const membership = new NatsMembership(parseNatsUrl(`nats://${address}/log`))
    await membership.join({ id: 'a', url: '', link: '', version: '1', position: 3 })
    const lead = await membership.campaign(new AbortController().signal)
    await expect.poll(() => membership.view().leader, { timeout: 5_000 }).toEqual({ id: 'a', term: lead.term })
    await membership.leave()
  })

  test('permissions that forbid to write are STORAGE_FAILED, and reading goes on', async () => {
    const permissions = 'permissions: { publish: { deny: "ifab.log.log" } }'
    const users = `authorization { users: [{ user: a, password: b, ${permissions} }] }`
    const { address } = await start({ settings: `no_auth_user: a\n${users}` })
    const log = await open(address)
    await expect(log.append(0, batch('one', ['a']))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(log.health().state).toBe('failed')
    expect(await log.open()).toEqual({ size: 0 })
    expect(log.health().state).toBe('open')
  })

  test('a stream that is full refuses with STORAGE_FAILED, and nothing is lost', async () => {
    const { address } = await start()
    await makeStream(address, { max_bytes: 65_536 })
    const log = await open(address)
    await log.append(0, batch('one', ['a']))
    const large = { writerId: 'writer', batchId: 'large', entries: Array(4).fill(Buffer.alloc(60_000)) }
    await expect(log.append(1, large)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(log.append(1, batch('two', ['b']))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await log.open()).toMatchObject({ size: 1, lastBatch: { batchId: 'one' } })
    await log.append(1, batch('two', ['b']))
    expect(await texts(log, 0)).toEqual(['a', 'b'])
  })

  test('a server that takes too small payloads is refused', async () => {
    const { address } = await start({ settings: 'max_payload: 2048' })
    const log = await open(address)
    await expect(log.append(0, batch('one', ['a']))).rejects.toThrow(/max_payload/)
  })

  const CHANGES: Partial<StreamConfig>[] = [
    { max_age: 3_600e9 },
    { storage: 'memory' },
    { discard: 'old', max_msgs: 10 },
    { deny_delete: false },
    { description: 'something else' },
    { subjects: ['ifab.log.log', 'more'] },
  ]
  test.each(CHANGES)('a stream with %j is refused with CONFLICT', async (change) => {
    const { address } = await start()
    await makeStream(address, change)
    await expect(open(address)).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  test('a stream of a later format is refused with DATA_TOO_NEW', async () => {
    const { address } = await start()
    await makeStream(address, { description: 'Log of InfraFabric, format 2' })
    await expect(open(address)).rejects.toMatchObject({ code: 'DATA_TOO_NEW' })
  })

  test('a stream with other replicas than asked for is refused, and taken as it is when none are', async () => {
    const { address } = await start()
    await makeStream(address, {})
    await expect(open(address, { replicas: 3 })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await open(address)).health().location).toContain('1 replica')
  })

  test('one server that may flush later is warned of, and refused where the log must be durable', async () => {
    const { address } = await start()
    const { durability, warning } = (await open(address)).health()
    expect([durability, warning]).toEqual(['process', expect.stringMatching(/power cut.*can lose/)])
    await journal?.close()
    await expect(open(address, { requireDurable: true })).rejects.toMatchObject({ code: 'POLICY_VIOLATION' })
  })

  test('a server says how it flushes', async () => {
    const { address, monitor } = await start()
    const { warning } = (await open(address, { monitors: [monitor] })).health()
    expect(warning).toContain('sync_interval')
    await journal?.close()
    const elsewhere = 'http://127.0.0.1:1'
    expect((await open(address, { monitors: [elsewhere] })).health().durability).toBe('process')
  })

  // Older servers cannot flush before they acknowledge, and do not start with this setting.
  test.runIf(natsVersion >= 210)('one server that flushes always survives a power cut', async () => {
    const { address, monitor } = await start({ jetstream: 'sync_interval: always' })
    const { durability, warning } = (await open(address, { monitors: [monitor], requireDurable: true })).health()
    expect([durability, warning]).toEqual(['power', undefined])
    await journal?.close()
    expect((await open(address)).health().durability).toBe('process')
  })

  async function makeStream(address: string, change: Partial<StreamConfig>): Promise<void> {
    const connection = await connect({ servers: address })
    await (await jetstreamManager(connection)).streams.add({ ...logSettings('ifab-log', 'ifab.log.log', 1), ...change })
    await connection.close()
  }
})

describeWithNats('NatsJournal on three servers', () => {
  let servers: NatsServer[]
  let directory: string
  beforeAll(async () => {
    servers = await NatsServer.startCluster()
    directory = await mkdtemp(join(tmpdir(), 'ifab-nats-cluster-'))
  })
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.dispose()))
    await rm(directory, { recursive: true, force: true })
  })

  test('survives the death of the leader, and refuses nothing for it', async () => {
    const addresses = servers.map(({ address }) => address)
    const options = { servers: addresses, name: 'log', directory, replicas: 3, requireDurable: true, timeoutMs: 25_000 }
    const journal = new NatsJournal(options)
    const follower = new NatsJournal({ ...options, directory: join(directory, 'other') })
    await Promise.all([journal.open(), follower.open()])
    expect(journal.health()).toMatchObject({ durability: 'process', location: expect.stringContaining('3 replicas') })
    expect(journal.health().warning).toBeUndefined()
    const expected = Array.from({ length: 60 }, (_, entry) => `entry ${entry}`)
    for (const [size, entry] of expected.entries()) {
      if (size === 30) await servers[await leader(addresses)]?.kill()
      await journal.append(size, batch(`batch ${size}`, [entry]))
    }
    await follower.head()
    expect(await texts(follower, 0)).toEqual(expected)
    await Promise.all([journal.close(), follower.close()])
  })

  /** Position of the server that leads the stream. */
  async function leader(addresses: string[]): Promise<number> {
    const connection = await connect({ servers: addresses })
    const { cluster } = await (await jetstreamManager(connection)).streams.info('ifab-log')
    await connection.close()
    return Number(cluster?.leader?.replace('server-', '')) - 1
  }
})
