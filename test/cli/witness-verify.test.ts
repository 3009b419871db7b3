import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CosignatureSigner, NoteSigner } from '../../src/witness/note/signer.js'
import type { ExportedLog } from '../../src/witness/verify/export.js'
import type { VerificationReport } from '../../src/witness/verify/report.js'
import { entriesOf, ORIGIN, Place, signer } from '../witness/verify/logs.js'
import { ifab, openSite, type Site } from './console.js'

let place: Place
let env: Record<string, string>
beforeEach(async () => {
  place = await Place.open()
  env = { IFAB_DATA: place.path('data'), XDG_STATE_HOME: place.path('state') }
})
afterEach(() => place[Symbol.asyncDispose]())

interface Verified extends VerificationReport {
  readonly code: number
  /** `status code` of each verdict. */
  readonly said: Record<string, string>
}

async function verify(...argv: string[]): Promise<Verified> {
  const { exit, out, err } = await ifab(env, 'witness', 'verify', ...argv, '--json')
  expect(err).toBe('')
  const report: VerificationReport = JSON.parse(out)
  const verdicts = Object.entries(report.verdicts)
  return {
    ...report,
    code: exit,
    said: Object.fromEntries(verdicts.map(([name, v]) => [name, `${v.status} ${v.code}`])),
  }
}

async function refused(...argv: string[]): Promise<{ exit: number; code: string; message: string }> {
  const { exit, out, err } = await ifab(env, 'witness', ...argv, '--json')
  expect(out).toBe('')
  return { exit, ...JSON.parse(err) }
}

describe('ifab witness verify of an exported directory', () => {
  let log: string
  beforeEach(async () => {
    log = await place.export({ entries: entriesOf(300) })
  })

  test('is unchecked the first time and clean the second', async () => {
    const first = await verify(log, '--key', signer.vkey)
    expect(first.said).toEqual({
      integrity: 'ok intact',
      signature: 'ok signed',
      freshness: 'unchecked nothing_remembered',
      completeness: 'not_asked not_asked',
    })
    expect(first).toMatchObject({ code: 14, exit: 14, checkpoint: { origin: ORIGIN, size: 300 }, source: log })
    expect(first.remembered.path).toBe(place.path('state', 'infrafabric', 'marks.json'))
    const second = await verify(log, '--key', signer.vkey)
    expect(second).toMatchObject({ code: 0, exit: 0, said: { freshness: 'ok unchanged' } })
  })

  test('says each verdict in a line, then what it proves and what not', async () => {
    const { exit, out } = await ifab(env, 'witness', 'verify', log, '--key', signer.vkey)
    expect(exit).toBe(14)
    const lines = out.trimEnd().split('\n')
    expect(lines.map((line) => line.split(/ {2,}/).slice(0, 2).join(': '))).toEqual([
      `log.example, 300 entries, from ${log}`,
      'integrity: ok',
      'signature: ok',
      'freshness: unchecked',
      'completeness: not asked',
      `${place.path('state', 'infrafabric', 'marks.json')} remembers this log from now on: verify it again later.`,
      expect.stringMatching(/^This run proves that the 300 entries are exactly/),
      expect.stringMatching(/^It does not prove that everything that happened was written/),
    ])
  })

  test('tells by its exit code what failed first', async () => {
    expect((await verify(log, '--key', NoteSigner.generate(ORIGIN).vkey)).code).toBe(11)
    expect(await verify(log)).toMatchObject({ code: 14, said: { signature: 'unchecked no_trusted_key' } })
    await verify(log, '--key', signer.vkey)
    const older = await place.export({ entries: entriesOf(299) }, 'older')
    expect(await verify(older, '--key', signer.vkey)).toMatchObject({
      code: 12,
      said: { freshness: 'failed rolled_back' },
    })
    await rm(join(log, 'tile', '0', '000'))
    expect(await verify(log, '--key', signer.vkey)).toMatchObject({
      code: 10,
      said: { integrity: 'failed tile_missing' },
    })
  })

  test('takes keys and quorum from a policy file, and marks from another place', async () => {
    const policy = place.path('trust.policy')
    await writeFile(policy, `log ${signer.vkey}\nquorum none\n`)
    const marks = place.path('elsewhere', 'marks.json')
    expect(await verify(log, '--policy', policy, '--marks', marks)).toMatchObject({ said: { signature: 'ok signed' } })
    expect(await verify(log, '--policy', policy, '--marks', marks)).toMatchObject({ code: 0 })
    expect(JSON.parse(await readFile(marks, 'utf8')).marks).toHaveLength(1)
  })

  test('takes cosignatures for fresh as long as --max-age says', async () => {
    const witness = CosignatureSigner.generate('guard.example')
    const policy = place.path('trust.policy')
    await writeFile(policy, `log ${signer.vkey}\nwitness guard ${witness.vkey}\nquorum guard\n`)
    const anHourAgo = Math.floor(Date.now() / 1_000) - 3_600
    const sign = (text: string) => [signer.sign(text), witness.sign(text, anHourAgo)]
    const cosigned = await place.export({ entries: entriesOf(300), sign }, 'cosigned')
    const look = (marks: string, ...argv: string[]) =>
      verify(cosigned, '--policy', policy, '--marks', place.path(marks), ...argv)
    expect(await look('a')).toMatchObject({ code: 0, said: { freshness: 'ok quorum_met' } })
    expect(await look('b', '--max-age', '30m')).toMatchObject({ code: 14, said: { freshness: 'unchecked quorum_old' } })
    expect(await look('b', '--max-age', '30m')).toMatchObject({ code: 0, said: { freshness: 'ok unchanged' } })
  })

  test('holds the result of a query against the entries', async () => {
    const event = (index: number) => ({
      specversion: '1.0',
      id: String(index),
      source: '/fabrics/log.example',
      type: 'infrafabric.coordinator.task_claimed.v1',
      subject: `t${index}`,
      time: '2026-01-31T08:30:00.000Z',
      actor: 'admin',
      data: {},
    })
    const events = [0, 1, 2].map(event)
    const queried = await place.export({ entries: events.map((one) => Buffer.from(JSON.stringify(one))) }, 'queried')
    const result = place.path('result.json')
    await writeFile(result, JSON.stringify({ filter: { task: 't1' }, from: 0, entries: [events[1]], size: 3 }))
    expect((await verify(queried, '--result', result)).said.completeness).toBe('ok complete')
    await writeFile(result, JSON.stringify({ filter: { task: 't1' }, from: 0, entries: [], size: 3 }))
    await verify(queried, '--key', signer.vkey)
    expect(await verify(queried, '--key', signer.vkey, '--result', result)).toMatchObject({
      code: 13,
      said: { completeness: 'failed entries_missing' },
    })
  })

  test('shows no control characters of a hostile log', async () => {
    const hostile = await place.export(
      { entries: [], origin: 'log\u009b31m.example', sign: (text) => [signer.sign(text)] },
      'hostile',
    )
    const { out } = await ifab(env, 'witness', 'verify', hostile)
    expect(out).toContain('log\\u009b31m.example')
  })
})

describe('ifab witness verify refuses with a code', () => {
  test.each([
    ['a URL of another kind', 'ftp://log.example', 'INVALID_ARGUMENT', 2],
    ['a URL where nobody answers', 'http://127.0.0.1:1', 'UNAVAILABLE', 7],
    ['a directory that does not exist', 'nowhere', 'INVALID_ARGUMENT', 2],
  ])('%s', async (_, source, code, exit) => {
    expect(await refused('verify', source)).toMatchObject({ code, exit })
  })

  test('a file, an empty directory and a data directory in place of an export', async () => {
    await writeFile(place.path('file'), '')
    expect(await refused('verify', place.path('file'))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    await mkdir(place.path('empty'))
    expect(await refused('verify', place.path('empty'))).toMatchObject({ code: 'NOT_FOUND' })
    await mkdir(place.path('empty', 'log'))
    const { code, message } = await refused('verify', place.path('empty'))
    expect(code).toBe('INVALID_ARGUMENT')
    expect(message).toContain(`--data ${place.path('empty')}`)
  })

  test('no fabric at all', async () => {
    expect(await refused('verify')).toMatchObject({ code: 'NOT_FOUND', exit: 3 })
    expect(await refused('export', place.path('out'))).toMatchObject({ code: 'NOT_FOUND', exit: 3 })
  })

  test('keys, policies, results and marks that are not what they should be', async () => {
    const log = await place.export({ entries: entriesOf(3) })
    await writeFile(place.path('bad'), '{"no":1}')
    const bad = place.path('bad')
    expect(await refused('verify', log, '--key', 'no key')).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await refused('verify', log, '--policy', bad)).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await refused('verify', log, '--policy', place.path('none'))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await refused('verify', log, '--result', bad)).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await refused('verify', log, '--marks', bad)).toMatchObject({ code: 'DATA_CORRUPT' })
  })
})

describe('a token', () => {
  const tokens: (string | undefined)[] = []
  let server: Server
  let port: number
  beforeEach(async () => {
    tokens.length = 0
    server = createServer((request, reply) => {
      tokens.push(request.headers.authorization)
      reply.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  const asked = async (...argv: string[]) => {
    tokens.length = 0
    expect(await refused('verify', ...argv)).toMatchObject({ code: 'NOT_FOUND' })
    return tokens
  }

  test.each(['0.0.0.0', '127.0.0.1', 'localhost'])(
    'from the environment goes to the fabric that is named with it and to nobody else at %s',
    async (host) => {
      const url = `http://${host}:${port}`
      env.IFAB_TOKEN = 'secret'
      expect(await asked(url)).toEqual([undefined])
      env.IFAB_URL = 'http://127.0.0.1:1'
      expect(await asked(url)).toEqual([undefined])
      env.IFAB_URL = `${url}/`
      expect(await asked(url)).toEqual(['Bearer secret'])
      expect(await asked()).toEqual(['Bearer secret'])
    },
  )

  test('of a data directory goes to the address of its fabric and to no other port', async () => {
    const data = place.path('data')
    await mkdir(data)
    await writeFile(join(data, 'admin.token'), 'secret\n', { mode: 0o600 })
    const endpoint = (url: string) => writeFile(join(data, 'endpoint.json'), JSON.stringify({ url, pid: 1 }))
    const url = `http://127.0.0.1:${port}`
    expect(await asked(url)).toEqual([undefined])
    await endpoint('http://127.0.0.1:1')
    expect(await asked(url)).toEqual([undefined])
    await endpoint(url)
    expect(await asked(url)).toEqual(['Bearer secret'])
    await rm(join(data, 'endpoint.json'))
    expect(await asked('--url', url)).toEqual(['Bearer secret'])
  })
})

describe('the witness of a fabric', () => {
  let site: Site
  beforeEach(async () => {
    site = await openSite()
    env.IFAB_DATA = site.env.IFAB_DATA ?? ''
    await site.run('swarm', 'register', 'alice')
    await site.run('task', 'create', 't1', '--title', 'First')
  })
  afterEach(() => site[Symbol.asyncDispose]())

  test('is verified while it runs and after, with its own key, said as such', async () => {
    const { size } = (await verify()).checkpoint ?? { size: 0 }
    expect(size).toBeGreaterThan(2)
    await site.run('claim', 't1', '--as', 'alice')
    const running = await verify()
    expect(running).toMatchObject({ code: 0, source: site.hosted.running.url })
    expect(running.said).toMatchObject({ signature: 'ok signed_by_own_key', freshness: 'ok extends' })
    expect(await verify(site.hosted.running.url)).toMatchObject({ code: 0 })
    await site.hosted.close()
    const stopped = await verify()
    expect(stopped).toMatchObject({ code: 0, source: env.IFAB_DATA })
    expect(stopped.said).toMatchObject({ integrity: 'ok intact', signature: 'ok signed_by_own_key' })
  })

  test('is exported while it runs and after, into one directory that others can verify', async () => {
    const out = place.path('out')
    const exportLog = async (...argv: string[]): Promise<ExportedLog> => {
      const { exit, out: text, err } = await ifab(env, 'witness', 'export', out, ...argv, '--json')
      expect({ exit, err }).toEqual({ exit: 0, err: '' })
      return JSON.parse(text)
    }
    const first = await exportLog()
    await site.run('claim', 't1', '--as', 'alice')
    const second = await exportLog('--from', site.hosted.running.url)
    expect(second.size).toBeGreaterThan(first.size)
    await site.hosted.close()
    await exportLog()
    const vkey = (await readFile(join(out, 'vkey.txt'), 'utf8')).trim()
    expect((await verify(out, '--key', vkey)).said).toMatchObject({ integrity: 'ok intact', signature: 'ok signed' })
    const copy = await ifab(env, 'witness', 'export', place.path('copy'), '--from', out)
    expect(copy.out).toMatch(/copy holds \d+ entries of fabric; \d+ came now, in \d+ files\.\n$/)
  })

  test('confirms the result of a query, and finds what was taken out of it', async () => {
    const result = place.path('result.json')
    const text = await site.run('witness', 'query', '--task', 't1', '--all', '--json')
    await writeFile(result, text)
    await site.run('witness', 'checkpoint')
    expect((await verify('--result', result)).said.completeness).toBe('ok complete')
    await writeFile(result, JSON.stringify({ ...JSON.parse(text), entries: [] }))
    expect(await verify('--result', result)).toMatchObject({
      code: 13,
      said: { completeness: 'failed entries_missing' },
    })
    await writeFile(result, text)
    await site.run('task', 'create', 't2', '--title', 'Second')
    await site.run('witness', 'checkpoint')
    expect(await verify('--result', result)).toMatchObject({
      code: 14,
      said: { completeness: 'unchecked result_older' },
    })
  })

  test('is followed from a key that it no longer has to the one it has now', async () => {
    const { vkey } = await site.json<{ vkey: string }>('witness', 'checkpoint')
    expect((await verify('--key', vkey)).said.signature).toBe('ok signed')
    await site.run('witness', 'rotate-key')
    await site.run('witness', 'checkpoint')
    await site.run('task', 'create', 't2', '--title', 'Second')
    await site.run('witness', 'checkpoint')
    const found = await verify('--key', vkey)
    expect(found).toMatchObject({ code: 0, said: { signature: 'ok signed_by_successor', freshness: 'ok extends' } })
    expect((await verify()).said).toMatchObject({ signature: 'ok signed_by_own_key', freshness: 'ok unchanged' })
  })

  test('wants a token for its entries', async () => {
    const { url } = site.hosted.running
    env.IFAB_DATA = place.path('other')
    expect(await refused('verify', url)).toMatchObject({ code: 'UNAUTHENTICATED', exit: 6 })
    await chmod(join(site.env.IFAB_DATA ?? '', 'admin.token'), 0o600)
    env.IFAB_TOKEN = (await readFile(join(site.env.IFAB_DATA ?? '', 'admin.token'), 'utf8')).trim()
    expect(await refused('verify', url)).toMatchObject({ code: 'UNAUTHENTICATED', exit: 6 })
    env.IFAB_URL = url
    expect((await verify(url)).said).toMatchObject({ integrity: 'ok intact', signature: 'unchecked no_trusted_key' })
  })
})
