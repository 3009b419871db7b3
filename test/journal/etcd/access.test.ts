import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EtcdJournal } from '../../../src/journal/etcd/etcd-journal.js'
import { parseEtcdUrl } from '../../../src/journal/etcd/options.js'
import { openSharedJournal } from '../../../src/journal/open.js'
import { batch, fill, snapshot, texts } from '../../conformance/journal.js'
import { describeWithEtcd, EtcdServer } from '../../support/etcd-server.js'
import { collect } from '../sharing.js'
import { etcdPlace } from './place.js'

describe('the address of a log in etcd', () => {
  test('names members, their ports and the log', () => {
    expect(parseEtcdUrl('etcd://a')).toEqual({ servers: ['a:2379'], name: 'main' })
    expect(parseEtcdUrl('etcd://a:1,b,[::1]:3/build-farm')).toEqual({
      servers: ['a:1', 'b:2379', '[::1]:3'],
      name: 'build-farm',
    })
    expect(parseEtcdUrl('etcds://a/')).toEqual({ servers: ['a:2379'], name: 'main', tls: true })
  })

  test.each(['etcd://', 'http://a', 'etcd://user:secret@a', 'etcd://a/x/y', 'etcd://a?x=1'])('%s is refused', (url) => {
    expect(() => parseEtcdUrl(url)).toThrow(/etcd:\/\/host:2379\/name/)
  })

  test('options that cannot be are refused', () => {
    const good = { servers: ['a:1'], name: 'main', directory: '/tmp/x' }
    const bad = [
      { servers: [] },
      { servers: ['a'] },
      { name: 'no/slash' },
      { name: '' },
      { timeoutMs: 0 },
      { keyFile: '/tmp/key' },
    ]
    for (const one of bad) expect(() => new EtcdJournal({ ...good, ...one })).toThrow()
    expect(() => new EtcdJournal(good)).not.toThrow()
  })
})

describeWithEtcd('EtcdJournal, let in', () => {
  let directory: string
  let server: EtcdServer | undefined
  const ends: (() => Promise<unknown>)[] = []

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ifab-etcd-access-'))
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
    await server?.dispose()
    await rm(directory, { recursive: true, force: true })
  })

  async function file(name: string, content: string): Promise<string> {
    const path = join(directory, name)
    await writeFile(path, content)
    return path
  }

  async function enter(options: Parameters<typeof etcdPlace>[1], name?: string): Promise<EtcdJournal> {
    const place = await etcdPlace([server?.address ?? ''], { timeoutMs: 3_000, ...options })
    const journal = place.journal(name === undefined ? {} : { name })
    ends.push(
      () => place.dispose(),
      () => journal.close(),
    )
    await journal.open()
    return journal
  }

  /** Lets in `writer`, who may do all with the keys of the log `own`, and nobody else. */
  async function demandPasswords(etcd: EtcdServer): Promise<void> {
    const prefix = (end: string) => Buffer.from(`infrafabric/own${end}`).toString('base64')
    await etcd.ask('auth/user/add', { name: 'root', password: 'of the administrator' })
    await etcd.ask('auth/role/add', { name: 'root' })
    await etcd.ask('auth/user/grant', { user: 'root', role: 'root' })
    await etcd.ask('auth/user/add', { name: 'writer', password: 'pass:word' })
    await etcd.ask('auth/role/add', { name: 'log' })
    const perm = { permType: 'READWRITE', key: prefix('/'), range_end: prefix('0') }
    await etcd.ask('auth/role/grant', { name: 'log', perm })
    await etcd.ask('auth/user/grant', { user: 'writer', role: 'log' })
    await etcd.ask('auth/enable', {})
  }

  test('a user with the rights that the reference lists can do everything', async () => {
    server = await EtcdServer.start()
    await demandPasswords(server)
    const credentialsFile = await file('credentials', 'writer:pass:word\n')
    const journal = await enter({ credentialsFile, archive: true }, 'own')
    const seen = collect(journal, 0, 40)
    const expected = await fill(journal, 40)
    expect(await seen).toEqual(expected)
    await journal.putSnapshot(snapshot(40, ['all']))
    expect(journal.health().warning).toBeUndefined()
    expect(journal.health().location).toContain('1 member')
    expect(await texts(journal, 0)).toEqual(expected)
  })

  test('who has no password, a wrong one, or no right to the keys is told so', async () => {
    server = await EtcdServer.start()
    await demandPasswords(server)
    const right = await file('right', 'writer:pass:word')
    const wrong = await file('wrong', 'writer:password')
    await expect(enter({}, 'own')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(enter({ credentialsFile: wrong }, 'own')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    const denied = enter({ credentialsFile: right }, 'other')
    await expect(denied).rejects.toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining('readwrite') })
    const none = await file('none', 'no password')
    await expect(enter({ credentialsFile: none }, 'own')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(enter({ credentialsFile: '/nowhere' }, 'own')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a server that has forgotten who asks is told again, for appends and followers', async () => {
    server = await EtcdServer.start()
    await demandPasswords(server)
    const credentialsFile = await file('credentials', 'writer:pass:word')
    const journal = await enter({ credentialsFile, timeoutMs: 20_000 }, 'own')
    const seen = collect(journal, 0, 30)
    await fill(journal, 10)
    // Tokens live in the memory of the server.
    await server.kill()
    await server.restart()
    await fill(journal, 20, 10)
    expect(await seen).toHaveLength(30)
  })

  test('both sides prove who they are by certificates', async () => {
    const certificates = makeCertificates(directory)
    const flags = [
      `--cert-file=${certificates.server.certificate}`,
      `--key-file=${certificates.server.key}`,
      `--trusted-ca-file=${certificates.authority}`,
      '--client-cert-auth',
    ]
    server = await EtcdServer.start({ flags, scheme: 'https' })
    const { certificate: certificateFile, key: keyFile } = certificates.client
    const journal = await enter({ caFile: certificates.authority, certificateFile, keyFile })
    await journal.append(0, batch('one', ['a']))
    expect(await texts(journal, 0)).toEqual(['a'])
    await expect(enter({ caFile: certificates.authority, timeoutMs: 1_500 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    await expect(enter({ tls: true, timeoutMs: 1_500 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(enter({ timeoutMs: 1_500 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('a server that nobody runs is named, and what to do', async () => {
    server = await EtcdServer.start()
    await server.kill()
    await expect(enter({ timeoutMs: 500 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(server.address),
    })
  })

  test('the journal of an address comes with its nodes, and keeps its copy below the directory', async () => {
    server = await EtcdServer.start()
    const told: unknown[] = []
    const url = `etcd://${server.address}/shared`
    const options = { url, directory, report: (error: unknown) => told.push(error), warn: () => {} }
    const { journal, membership } = await openSharedJournal(options)
    ends.push(() => journal.close())
    await journal.open()
    await fill(journal, 3)
    expect(membership.view()).toEqual({ members: [] })
    await journal.putSnapshot(snapshot(3, ['three']))
    expect(await texts(journal, 0)).toHaveLength(3)
    expect(told).toEqual([])
  })
})

interface Certificate {
  readonly certificate: string
  readonly key: string
}

/** An authority for a day, and what it certifies: a server on 127.0.0.1, and a client. */
function makeCertificates(directory: string): { authority: string; server: Certificate; client: Certificate } {
  const path = (name: string) => join(directory, name)
  const openssl = (line: string) => execFileSync('openssl', line.split(' '), { cwd: directory, stdio: 'pipe' })
  const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
  openssl(`req -x509 ${newKey} -keyout ca.key -out ca.pem -days 1 -subj /CN=authority`)
  for (const name of ['server', 'client']) {
    openssl(`req ${newKey} -keyout ${name}.key -out ${name}.csr -subj /CN=${name} -addext subjectAltName=IP:127.0.0.1`)
    const signed = `-CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -copy_extensions copy`
    openssl(`x509 -req -in ${name}.csr -out ${name}.pem ${signed}`)
  }
  const pair = (name: string) => ({ certificate: path(`${name}.pem`), key: path(`${name}.key`) })
  return { authority: path('ca.pem'), server: pair('server'), client: pair('client') }
}
