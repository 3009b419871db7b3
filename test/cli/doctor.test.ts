import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfigFile } from '../../src/cli/config-file.js'
import { checkCertificate } from '../../src/cli/examine-certificate.js'
import { checkClock, checkFileSystem, checkNode, checkOpenFiles } from '../../src/cli/examine-machine.js'
import { checkDisk, checkLog, checkSpace } from '../../src/cli/examine-storage.js'
import { checkWitness } from '../../src/cli/examine-witness.js'
import type { Finding } from '../../src/cli/finding.js'
import { hostFabric } from '../../src/cli/host.js'
import { examineLog } from '../../src/journal/file/recovery.js'
import { SEGMENT_HEADER_BYTES } from '../../src/journal/file/segment.js'
import { NoteSigner } from '../../src/witness/note/signer.js'
import { ifab, openSite, temporaryDirectory } from './console.js'

interface Diagnosis {
  readonly exit: number
  readonly healthy: boolean
  readonly findings: Readonly<Record<string, Finding>>
}

async function diagnose(data: string, env: Record<string, string> = {}): Promise<Diagnosis> {
  const { exit, out, err } = await ifab({ IFAB_DATA: data, ...env }, 'doctor', '--json')
  expect(err).toBe('')
  const { healthy, findings } = JSON.parse(out) as { healthy: boolean; findings: Finding[] }
  return { exit, healthy, findings: Object.fromEntries(findings.map((finding) => [finding.check, finding])) }
}

/** Leaves the data directory of a fabric that has run; returns how many entries its log has. */
async function runOnce(data: string): Promise<number> {
  const hosted = await hostFabric({ data, listen: '127.0.0.1:0', onFault: () => undefined })
  await ifab({ IFAB_DATA: data }, 'swarm', 'register', 'alice')
  await hosted.close()
  const { segments } = await examineLog(join(data, 'log'))
  return segments.at(-1)?.endIndex ?? 0
}

let directory: string
let data: string
beforeEach(async () => {
  directory = await temporaryDirectory()
  data = join(directory, 'data')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('doctor', () => {
  test('finds nothing wrong with a running fabric', async () => {
    await using site = await openSite()
    const { exit, healthy, findings } = await diagnose(site.env.IFAB_DATA ?? '')
    expect({ exit, healthy }).toEqual({ exit: 0, healthy: true })
    const states = Object.entries(findings).map(([check, { state }]) => [check, state])
    const checks = [
      'node',
      'data directory',
      'admin token',
      'owner',
      'endpoint',
      'witness',
      'signing key',
      'clock',
      'configuration',
      'fabric',
      'version',
      'clients',
    ]
    // What the disk and the limits are like says something about the machine, not about the command.
    const ofMachine = ['open files', 'file system', 'disk', 'free space']
    expect(states.filter(([check]) => !ofMachine.includes(check ?? ''))).toEqual(checks.map((check) => [check, 'ok']))
    expect(states.map(([check]) => check)).toEqual(expect.arrayContaining(ofMachine))
    // Nobody counts the entries of a log that is being written.
    expect(findings.witness?.message).toMatch(/^its key signed a checkpoint of \d+ entries; the log was not compared/)
    expect(findings.disk?.message).toMatch(/^\d+ fdatasync\/s/)
    const text = await site.run('doctor')
    expect(text).toMatch(/^RESULT +CHECK +FOUND\nok +node /)
    expect(text).toMatch(/\nNothing is wrong\.\n$/)
  })

  test('warns where nothing was started yet', async () => {
    const { exit, healthy, findings } = await diagnose(data)
    expect({ exit, healthy }).toEqual({ exit: 0, healthy: true })
    expect(findings['data directory']).toMatchObject({ state: 'warning', fix: expect.stringContaining('ifab up') })
    expect(findings.fabric).toMatchObject({ state: 'warning', fix: 'Start it with `ifab up`.' })
  })

  test('says how to close a data directory and a token that others can read', async () => {
    await mkdir(data)
    await chmod(data, 0o755)
    const open = await diagnose(data)
    expect(open).toMatchObject({ exit: 6, healthy: false })
    expect(open.findings['data directory']).toMatchObject({ state: 'failed', fix: `chmod 700 ${data}` })
    await chmod(data, 0o700)
    const token = join(data, 'admin.token')
    await writeFile(token, 'secret\n', { mode: 0o644 })
    const readable = await diagnose(data)
    expect(readable.exit).toBe(6)
    expect(readable.findings['admin token']).toMatchObject({ state: 'failed', fix: `chmod 600 ${token}` })
    const { exit, out } = await ifab({ IFAB_DATA: data }, 'doctor')
    expect(exit).toBe(6)
    const why = 'whoever has it is the administrator of this fabric'
    expect(out).toContain(`\nadmin token: others can read ${token}\n  why: ${why}\n  fix: chmod 600 ${token}\n`)
    expect(out).not.toContain('secret')
  })

  test('refuses a file in place of the data directory', async () => {
    await writeFile(data, '')
    expect(await diagnose(data)).toMatchObject({ exit: 2, healthy: false })
  })

  test('checks the log of a fabric that does not run', async () => {
    const hosted = await hostFabric({ data, listen: '127.0.0.1:0', onFault: () => undefined })
    await ifab({ IFAB_DATA: data }, 'swarm', 'register', 'alice')
    await hosted.close()
    const sound = await diagnose(data)
    expect(sound.exit).toBe(0)
    expect(sound.findings.log).toMatchObject({ state: 'ok', message: expect.stringMatching(/^\d+ entries, all good$/) })
    const [segment = ''] = (await readdir(join(data, 'log'))).filter((name) => name.endsWith('.log'))
    const path = join(data, 'log', segment)
    const bytes = await readFile(path)
    bytes.writeUInt8(bytes.readUInt8(SEGMENT_HEADER_BYTES + 20) ^ 1, SEGMENT_HEADER_BYTES + 20)
    await writeFile(path, bytes)
    const damaged = await diagnose(data)
    expect(damaged).toMatchObject({ exit: 8, healthy: false })
    expect(damaged.findings.log).toMatchObject({ state: 'failed', code: 'DATA_CORRUPT' })
    expect(bytes.equals(await readFile(path))).toBe(true)
  })

  test('tells when the log of a stopped fabric has fewer entries than were signed', async () => {
    const entries = await runOnce(data)
    const sound = await diagnose(data)
    expect(sound.exit).toBe(0)
    expect(sound.findings.witness).toMatchObject({
      state: 'ok',
      message: expect.stringContaining(`signed a checkpoint of ${entries} entries, and the log has ${entries};`),
    })
    expect(await checkWitness(data, entries + 1)).toMatchObject({ state: 'ok' })
    expect(await checkWitness(data, entries - 1)).toMatchObject({
      state: 'failed',
      code: 'LOG_DIVERGED',
      message: `its key signed a checkpoint of ${entries} entries, but the log has ${entries - 1}: some were lost`,
      fix: expect.stringContaining('newest backup'),
    })
    await rm(join(data, 'log'), { recursive: true })
    const emptied = await diagnose(data)
    expect(emptied).toMatchObject({ exit: 8, healthy: false })
    expect(emptied.findings.witness).toMatchObject({ code: 'LOG_DIVERGED' })
  })

  test('does not compare a log that cannot be read', async () => {
    const entries = await runOnce(data)
    const finding = await checkWitness(data, undefined)
    const message = `its key signed a checkpoint of ${entries} entries; the log was not compared with it`
    expect(finding).toEqual({ check: 'witness', state: 'ok', message })
  })

  test('tells when the key did not sign the checkpoint, and when one of the two is missing', async () => {
    const entries = await runOnce(data)
    const [key, checkpoint] = [join(data, 'witness', 'key'), join(data, 'witness', 'checkpoint')]
    const note = await readFile(checkpoint, 'utf8')
    const skey = await readFile(key, 'utf8')
    const another = NoteSigner.generate(NoteSigner.parse(skey.trim()).name)
    const corrupt = { state: 'failed', code: 'DATA_CORRUPT', fix: expect.stringContaining('ifab witness reset') }
    const unsigned = { ...corrupt, message: 'its key did not sign the checkpoint as it is now' }
    for (const forged of [note.replace(`\n${entries}\n`, `\n${entries - 1}\n`), 'no note', '']) {
      await writeFile(checkpoint, forged)
      expect(await checkWitness(data, entries)).toMatchObject(unsigned)
    }
    await writeFile(checkpoint, note)
    for (const wrong of [another.skey, 'no key', '']) {
      await writeFile(key, wrong)
      expect(await checkWitness(data, entries)).toMatchObject(unsigned)
    }
    // A new key and its predecessor, as long as both have not signed a head.
    await writeFile(key, `${another.skey}\n${skey}`)
    expect(await checkWitness(data, entries)).toMatchObject({ state: 'ok' })
    await rm(key)
    const keyless = `there is a checkpoint of ${entries} entries, but not the key that signed it`
    expect(await checkWitness(data, entries)).toMatchObject({ ...corrupt, message: keyless })
    expect((await diagnose(data)).exit).toBe(8)
    await writeFile(checkpoint, 'no note')
    expect(await checkWitness(data, entries)).toMatchObject(corrupt)
    await writeFile(key, skey)
    await rm(checkpoint)
    expect(await checkWitness(data, entries)).toMatchObject(corrupt)
    await rm(key)
    expect(await checkWitness(data, entries)).toMatchObject({
      state: 'warning',
      message: expect.stringContaining('whether the log names a key was not checked'),
    })
    await mkdir(checkpoint)
    expect(await checkWitness(data, entries)).toMatchObject({ state: 'failed', code: 'STORAGE_FAILED' })
  })

  test('tells why the witness stopped', async () => {
    await runOnce(data)
    await writeFile(join(data, 'witness', 'incident'), 'the journal has 3 entries, but 5 were witnessed\n\nnote\n')
    const { exit, findings } = await diagnose(data)
    expect(exit).toBe(8)
    expect(findings.witness).toMatchObject({
      state: 'failed',
      code: 'LOG_DIVERGED',
      message: expect.stringContaining('3 entries, but 5 were witnessed'),
    })
  })

  test('tells when others can read the key that signs', async () => {
    await runOnce(data)
    const key = join(data, 'witness', 'key')
    await chmod(key, 0o640)
    const { exit, findings } = await diagnose(data)
    expect(exit).toBe(6)
    expect(findings['signing key']).toMatchObject({
      code: 'FORBIDDEN',
      fix: expect.stringContaining(`chmod 600 ${key}`),
    })
  })

  test('warns of a disk that is nearly full', async () => {
    const space = (bavail: number) => checkSpace(data, async () => ({ bavail, bsize: 1024 * 1024 }))
    expect(await space(63)).toMatchObject({ state: 'warning', message: '63 MiB free' })
    expect(await space(64)).toMatchObject({ state: 'ok', message: '64 MiB free' })
  })

  test('names the reason why a disk takes nothing', async () => {
    const gone = await checkDisk(join(data, 'gone'))
    expect(gone).toMatchObject({ state: 'failed', code: 'STORAGE_FAILED' })
    expect(gone.message).toContain('(ENOENT). A file or directory has vanished')
  })

  test('names an owner that cannot be looked at', async () => {
    await mkdir(data, { mode: 0o700 })
    await writeFile(join(data, 'owner.3'), 'not a record')
    const { exit, findings } = await diagnose(data)
    expect(exit).toBe(8)
    expect(findings.owner).toMatchObject({ state: 'failed', code: 'DATA_LOCKED' })
    expect(findings.owner?.fix).toContain(join(data, 'owner.3'))
    const elsewhere = {
      pid: 7,
      startTime: '1',
      bootId: 'other',
      pidNamespace: '',
      host: 'elsewhere',
      since: '',
      note: '',
    }
    await writeFile(join(data, 'owner.3'), JSON.stringify(elsewhere))
    const distant = await diagnose(data)
    expect(distant.findings.owner?.message).toBe('process 7 on elsewhere cannot be looked at from here')
    expect((await ifab({ IFAB_DATA: data }, 'down')).err).toContain('Process 7 on elsewhere, the owner of')
  })

  test('notices a fabric that does not answer, and one of another version', async () => {
    await using site = await openSite()
    const siteData = site.env.IFAB_DATA ?? ''
    const { url, pid, startedAt } = site.hosted.running
    await writeFile(join(siteData, 'endpoint.json'), JSON.stringify({ url, pid, startedAt, version: '0.0.1' }))
    const old = await diagnose(siteData)
    expect(old.exit).toBe(0)
    expect(old.findings.version).toMatchObject({ state: 'warning', message: expect.stringContaining('runs 0.0.1') })
    const silent = await diagnose(siteData, { IFAB_URL: 'http://127.0.0.1:9' })
    expect(silent).toMatchObject({ exit: 7, healthy: false })
    expect(silent.findings.fabric).toMatchObject({ state: 'failed', fix: 'Check --url and IFAB_URL.' })
    await rm(join(siteData, 'endpoint.json'))
    const lost = await diagnose(siteData)
    expect(lost.findings.fabric).toMatchObject({ state: 'failed', fix: expect.stringContaining('ifab down') })
  })

  test.each([
    ['18.20.4', 'failed'],
    ['20.18.9', 'failed'],
    ['20.19.0', 'ok'],
    ['22.0.0', 'ok'],
  ])('takes Node.js %s as %s', (version, state) => {
    expect(checkNode(version).state).toBe(state)
  })
})

describe('doctor, before a fabric starts', () => {
  test('finds a token that cannot be read or is empty', async () => {
    await mkdir(data, { mode: 0o700 })
    const token = join(data, 'admin.token')
    await writeFile(token, ' \n', { mode: 0o600 })
    expect((await diagnose(data)).findings['admin token']).toMatchObject({
      state: 'warning',
      message: `${token} is empty`,
    })
    await rm(token)
    await mkdir(token, { mode: 0o700 })
    expect((await diagnose(data)).findings['admin token']).toMatchObject({
      state: 'failed',
      code: 'UNAUTHENTICATED',
      message: `${token} cannot be read (EISDIR)`,
    })
  })

  test('finds the file of a fabric that is gone', async () => {
    await runOnce(data)
    expect((await diagnose(data)).findings.endpoint).toMatchObject({ state: 'ok' })
    await writeFile(join(data, 'endpoint.json'), JSON.stringify({ url: 'http://127.0.0.1:9', pid: 1 }))
    expect((await diagnose(data)).findings.endpoint).toMatchObject({
      state: 'warning',
      message: expect.stringContaining('was left by a fabric that is gone'),
      why: 'commands read there where the fabric is',
    })
  })

  test('finds what is wrong with infrafabric.yaml, and the line', async () => {
    const path = join(directory, 'infrafabric.yaml')
    await writeFile(path, 'resource_policy:\n  max_cost_per_tusk: 3\n')
    const { exit, findings } = await diagnose(data)
    expect(exit).toBe(2)
    expect(findings.configuration).toMatchObject({
      state: 'failed',
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/infrafabric\.yaml:2: error: .*max_cost_per_tusk/),
      fix: expect.stringContaining('ifab policy check'),
    })
    await writeFile(path, 'resource_policy:\n  max_cost_per_task: 3\n')
    expect((await diagnose(data)).findings.configuration).toMatchObject({ state: 'ok', message: path })
  })

  test('finds another program on the port that the configuration names', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const listen = `127.0.0.1:${(other.address() as AddressInfo).port}`
    await writeFile(join(directory, 'infrafabric.yaml'), `listen: ${listen}\n`)
    try {
      const { exit, findings } = await diagnose(data)
      expect(exit).toBe(0)
      expect(findings.address).toMatchObject({
        state: 'warning',
        message: expect.stringContaining(`another program listens on ${listen}`),
        fix: expect.stringContaining('--listen 127.0.0.1:0'),
      })
    } finally {
      await new Promise((resolve) => other.close(resolve))
    }
    expect((await diagnose(data)).findings.address).toMatchObject({ state: 'ok', message: `${listen} is free` })
  })

  test('finds a certificate that is over, soon over, or of another key', async () => {
    const pem = (name: string) => fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url))
    const config = (key: string) => `tls: { certificate: ${pem('certificate')}, key: ${key} }\n`
    const path = join(directory, 'infrafabric.yaml')
    await writeFile(path, config(pem('key')))
    expect((await diagnose(data)).findings.certificate).toMatchObject({ state: 'ok' })
    const read = await readConfigFile(data, path, {})
    const { validFrom, validTo } = new X509Certificate(await readFile(pem('certificate'), 'utf8'))
    const at = (time: string, days: number) => checkCertificate(read, Date.parse(time) + days * 86_400_000)
    expect(await at(validTo, 1)).toMatchObject({ state: 'failed', message: `it ended ${validTo}` })
    expect(await at(validTo, -1)).toMatchObject({ state: 'warning', message: `it ends ${validTo}` })
    expect(await at(validTo, -15)).toMatchObject({ state: 'ok' })
    expect(await at(validFrom, -1)).toMatchObject({ state: 'failed', message: `it begins ${validFrom}` })
    const other = join(directory, 'other.pem')
    const { privateKey } = generateKeyPairSync('ed25519')
    await writeFile(other, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await writeFile(path, config(other))
    expect((await diagnose(data)).findings.certificate).toMatchObject({
      state: 'failed',
      message: 'the key belongs to another certificate',
    })
    await writeFile(other, 'no key')
    expect((await diagnose(data)).findings.certificate?.message).toBe('its key is not PEM')
    await rm(other)
    expect((await diagnose(data)).findings.certificate).toMatchObject({ state: 'failed' })
    expect(await checkCertificate(undefined, 0)).toBeUndefined()
  })

  test('finds a clock that is behind the log of a stopped fabric', async () => {
    await runOnce(data)
    expect((await diagnose(data)).findings.clock).toMatchObject({ state: 'ok' })
    const { lastAt } = await checkLog(data)
    expect(Math.abs(Date.now() - (lastAt ?? 0))).toBeLessThan(60_000)
    expect(checkClock(lastAt, (lastAt ?? 0) - 3_600_000)).toMatchObject({
      state: 'warning',
      message: expect.stringMatching(/^it is 3600 s behind the last entry of the log, of 20/),
    })
    expect(checkClock(lastAt, (lastAt ?? 0) - 60_000).state).toBe('ok')
    expect(checkClock(undefined, 0).state).toBe('ok')
  })

  test.each([
    ['Max open files            1024                 4096                 files', 'warning', 'about 960 connections'],
    ['Max open files            4096                 4096                 files', 'ok', 'at most 4096'],
    ['Max open files            unlimited            unlimited            files', 'ok', 'at most unlimited'],
    [undefined, 'ok', 'does not say'],
  ])('judges the open files of %j', async (limits, state, words) => {
    const finding = await checkOpenFiles(undefined, async () => limits)
    expect(finding).toMatchObject({ state, message: expect.stringContaining(words) })
  })

  test.each([
    [0xef53, 'ok', 'local'],
    [0x6969, 'warning', 'is on NFS'],
    // As a signed number, which some systems give.
    [0xff534d42 | 0, 'warning', 'is on CIFS'],
    [0x65735546, 'warning', 'may be a network share'],
  ])('judges a file system of type %d', async (type, state, words) => {
    const finding = await checkFileSystem('/data', async () => ({ type }))
    expect(finding).toMatchObject({ state, message: expect.stringContaining(words) })
  })

  test('finds a client that is set up otherwise, and a configuration of one that is broken', async () => {
    const before = process.cwd()
    process.chdir(directory)
    try {
      await ifab({}, 'setup', 'claude')
      expect((await diagnose(data)).findings.clients).toMatchObject({
        state: 'ok',
        message: expect.stringContaining('Claude Code is set up'),
      })
      const path = join(directory, '.mcp.json')
      const entry = { mcpServers: { infrafabric: { command: '/gone/node', args: ['mcp'] } } }
      await writeFile(path, JSON.stringify(entry))
      const other = await diagnose(data)
      expect(other.exit).toBe(0)
      expect(other.findings.clients).toMatchObject({
        state: 'warning',
        fix: expect.stringContaining('`ifab setup claude` mends it'),
      })
      await writeFile(path, '{')
      expect((await diagnose(data)).findings.clients).toMatchObject({
        state: 'failed',
        code: 'INVALID_ARGUMENT',
        fix: expect.stringContaining('.mcp.json'),
      })
    } finally {
      process.chdir(before)
    }
  })
})

describe('doctor, beside a running fabric', () => {
  test('finds an endpoint of another process, and a token that is not good', async () => {
    await using site = await openSite()
    const siteData = site.env.IFAB_DATA ?? ''
    const { url, startedAt, version } = site.hosted.running
    await writeFile(join(siteData, 'endpoint.json'), JSON.stringify({ url, pid: 1, startedAt, version }))
    expect((await diagnose(siteData)).findings.endpoint).toMatchObject({
      state: 'warning',
      message: expect.stringContaining(`names process 1, and process ${process.pid} holds the data directory`),
    })
    const refused = await diagnose(siteData, { IFAB_TOKEN: 'wrong' })
    expect(refused.exit).toBe(6)
    expect(refused.findings.fabric).toMatchObject({
      state: 'failed',
      code: 'UNAUTHENTICATED',
      fix: expect.stringContaining('IFAB_TOKEN'),
    })
  })
})
