import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CliCommand, type Work } from '../../src/cli/command.js'
import { addWitnessServe } from '../../src/cli/witness-serve.js'
import type { RunningServer, ServerFault } from '../../src/server/app.js'
import { startCosignerServer } from '../../src/server/cosigner-server.js'
import { type OpenedCosigner, openCosigner } from '../../src/witness/cosign/open.js'
import { formatAddCheckpoint } from '../../src/witness/cosign/request.js'
import { originHash } from '../../src/witness/cosign/store.js'
import { submitCheckpoint } from '../../src/witness/cosign/submit.js'
import { openCheckpoint } from '../../src/witness/note/checkpoint.js'
import { NoteSigner } from '../../src/witness/note/signer.js'
import { parseVkey } from '../../src/witness/note/verifier.js'
import { RecordingTerminal } from '../cli/console.js'
import { rawBytes, rawRequest } from '../support/raw-http.js'
import { SampleLog } from '../witness/cosign/sample-log.js'

const HASH = originHash('example.com/log')
const FREE_PORT = '127.0.0.1:0'
let directory: string
let log: SampleLog
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ifab-cosigner-server-'))
  log = await SampleLog.of(40)
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function requestBody(oldSize: number, size: number): Promise<string> {
  return formatAddCheckpoint({ oldSize, proof: await log.proof(oldSize, size), checkpoint: await log.note(size) })
}

describe('the witness server', () => {
  let opened: OpenedCosigner
  let server: RunningServer
  let faults: ServerFault[]
  beforeEach(async () => {
    faults = []
    opened = await openCosigner({ data: directory, name: 'witness.example/w1', logs: [log.signer.verifier] })
    server = await startCosignerServer({
      cosigner: opened.cosigner,
      listen: FREE_PORT,
      onFault: (fault) => faults.push(fault),
    })
  })
  afterEach(async () => {
    await server.close()
    await opened.close()
  })

  const post = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/add-checkpoint`, { method: 'POST', body, headers })

  const add = async (oldSize: number, size: number) => post(await requestBody(oldSize, size))

  test('cosigns, and serves what it cosigned, its key and its health', async () => {
    expect((await fetch(`${server.url}/${HASH}/checkpoint`)).status).toBe(404)
    const answer = await add(0, 7)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    const line = await answer.text()

    const key = await fetch(`${server.url}/vkey`)
    expect(key.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    const vkey = await key.text()
    expect(vkey).toBe(`${opened.cosigner.vkey}\n`)

    const checkpoint = await fetch(`${server.url}/${HASH}/checkpoint`)
    expect(checkpoint.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    const note = await checkpoint.text()
    expect(note).toBe(`${await log.note(7)}${line}`)
    expect(openCheckpoint(note, [log.signer.verifier], [parseVkey(vkey.trim())]).verified).toHaveLength(2)
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' })
  })

  test('is what a fabric submits its checkpoints to', async () => {
    const witness = { verifier: parseVkey(opened.cosigner.vkey), url: server.url }
    const submit = async (size: number, knownSize: number) =>
      submitCheckpoint({ witness, note: await log.note(size), tree: log.tree, knownSize })
    expect(await submit(7, 0)).toMatchObject({ outcome: 'cosigned' })
    expect(await submit(20, 3)).toMatchObject({ outcome: 'cosigned' })
    expect(await submit(9, 9)).toEqual({ outcome: 'ahead', size: 20 })
  })

  test('gives the size of a conflict its own content type', async () => {
    await add(0, 7)
    const answer = await add(3, 20)
    expect(answer.status).toBe(409)
    expect(answer.headers.get('content-type')).toBe('text/x.tlog.size')
    expect(await answer.text()).toBe('7\n')
  })

  test('answers every refusal of the protocol with its status and one line', async () => {
    await add(0, 7)
    const stranger = await SampleLog.of(9, NoteSigner.generate('example.com/stranger'))
    const homonym = await SampleLog.of(9, NoteSigner.generate('example.com/log'))
    const fork = await SampleLog.of(9, log.signer, 'other')
    const first = (checkpoint: string, oldSize = 0) => formatAddCheckpoint({ oldSize, proof: [], checkpoint })
    const cases: [number, string][] = [
      [400, ''],
      [400, 'garbage'],
      [400, first(await log.note(7), 8)],
      [403, first(await homonym.note(9))],
      [404, first(await stranger.note(9))],
      [422, first(await fork.note(7), 7)],
      [422, first(await log.note(20), 7)],
    ]
    for (const [status, body] of cases) {
      const answer = await post(body)
      expect([answer.status, await answer.text()]).toEqual([status, expect.stringMatching(/^[^\n]+\n$/)])
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    }
  })

  test('reads the body whatever it is called, and as bytes', async () => {
    const body = await requestBody(0, 7)
    for (const type of ['application/json', 'text/plain', 'application/octet-stream', 'x/y']) {
      expect((await post(body, { 'content-type': type })).status).toBe(type === 'application/json' ? 200 : 409)
    }
    expect((await post(Buffer.from(body))).status).toBe(409)
    expect((await post(Buffer.concat([Buffer.from(body), Buffer.of(0xff)]))).status).toBe(400)
    expect((await fetch(`${server.url}/add-checkpoint`, { method: 'POST' })).status).toBe(400)
  })

  test('takes bodies of 64 KiB and no more', async () => {
    expect((await post('x'.repeat(64 * 1024))).status).toBe(400)
    expect((await post('x'.repeat(64 * 1024 + 1))).status).toBe(413)
  })

  test('knows no other routes, methods and names of logs', async () => {
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/add-checkpoint'],
      ['PUT', '/add-checkpoint'],
      ['GET', `/${HASH}`],
      ['GET', `/${HASH.toUpperCase()}/checkpoint`],
      ['GET', '/key/checkpoint'],
      ['GET', '/..%2fkey/checkpoint'],
      ['GET', `/${'x'.repeat(100)}/checkpoint`],
      ['POST', `/${HASH}/checkpoint`],
      ['POST', '/sign-subtree'],
    ] as const) {
      const answer = await rawRequest(`${server.url}${path}`, { method })
      expect([path, answer.type?.split(';')[0]]).toEqual([path, 'application/problem+json'])
      expect([404, 405, 414]).toContain(answer.status)
    }
    expect(await rawBytes(server.url, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('refuses names that were bound to its address, and pages of other sites', async () => {
    const evil = await rawRequest(`${server.url}/vkey`, { headers: { host: 'evil.example' } })
    expect(evil).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
    const page = await rawRequest(`${server.url}/vkey`, { headers: { origin: 'http://evil.example' } })
    expect(page).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
  })

  test('says nothing of damage on its machine but a reference, and cosigns nothing', async () => {
    await writeFile(join(directory, 'cosigner', HASH), 'damaged')
    for (const ask of [() => add(0, 7), () => fetch(`${server.url}/${HASH}/checkpoint`)]) {
      const answer = await ask()
      expect(answer.status).toBe(500)
      const text = await answer.text()
      expect(text).not.toContain('    at ')
      expect(text).not.toContain(directory)
      expect(JSON.parse(text)).toMatchObject({ code: 'DATA_CORRUPT', details: { reference: faults.at(-1)?.reference } })
    }
    expect(faults).toHaveLength(2)
  })

  test('listens only where others cannot reach it, and says so when the port is taken', async () => {
    const { cosigner } = opened
    const onFault = () => {}
    await expect(startCosignerServer({ cosigner, listen: '0.0.0.0:0', onFault })).rejects.toThrow('other machines')
    const taken = new URL(server.url).host
    await expect(startCosignerServer({ cosigner, listen: taken, onFault })).rejects.toThrow('another program listens')
  })

  test('closes once, and then answers nobody', async () => {
    await fetch(`${server.url}/healthz`)
    await Promise.all([server.close(), server.close()])
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
  })
})

describe('ifab witness serve', () => {
  /** Runs the command as the program does, with the data directory of the test. */
  function start(...argv: string[]) {
    const terminal = new RecordingTerminal()
    const run = async (work: Work) => {
      const connect = () => Promise.reject(new Error('a witness asks no fabric'))
      const show = ({ lines }: { lines: readonly string[] }) => terminal.out(`${lines.join('\n')}\n`)
      await work({ terminal, json: false, data: join(directory, 'data'), url: undefined, connect, show })
    }
    const group = new CliCommand(run, 'witness').exitOverride()
    addWitnessServe(group)
    return { terminal, done: group.parseAsync(['serve', '--listen', FREE_PORT, ...argv], { from: 'user' }) }
  }

  async function startedAt(terminal: RecordingTerminal): Promise<string> {
    await terminal.shows((output) => output.includes('Next: '))
    return /http:\/\/\S+/.exec(terminal.output)?.[0] ?? ''
  }

  test('makes a key, prints it, cosigns until it is interrupted, and remembers', async () => {
    const logs = ['--log', log.signer.vkey]
    const first = start('--name', 'witness.example/w1', ...logs)
    const url = await startedAt(first.terminal)
    const [vkey = ''] = /witness\.example\/w1\+[0-9a-f]{8}\+\S+/.exec(first.terminal.output) ?? []
    expect(parseVkey(vkey).type).toBe('cosignature')
    expect(await (await fetch(`${url}/vkey`)).text()).toBe(`${vkey}\n`)
    await fetch(`${url}/add-checkpoint`, { method: 'POST', body: await requestBody(0, 7) })
    first.terminal.interrupt()
    await first.done

    const second = start(...logs)
    const again = await startedAt(second.terminal)
    expect(second.terminal.output).toContain(vkey)
    const stale = await fetch(`${again}/add-checkpoint`, { method: 'POST', body: await requestBody(0, 9) })
    expect([stale.status, await stale.text()]).toEqual([409, '7\n'])
    second.terminal.interrupt()
    await second.done
    expect(first.terminal.errors + second.terminal.errors).toBe('')
  })

  test('watches the logs of several options and policies, and names each once', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => NoteSigner.generate(`${name}.example`).vkey)
    const [first, second] = [join(directory, 'first'), join(directory, 'second')]
    await writeFile(first, `log ${a}\nlog ${b} https://b.example\nquorum none\n`)
    await writeFile(second, `log ${b}\nquorum none\n`)
    const options = ['--policy', first, '--policy', second, '--log', c ?? '', '--log', a ?? '']
    const { terminal, done } = start('--name', 'w', ...options)
    await startedAt(terminal)
    expect(terminal.output).toMatch(/watches (?=.*a\.example)(?=.*b\.example)(?=.*c\.example)[^,]+, [^,]+, [^,]+\.$/m)
    terminal.interrupt()
    await done
  })

  test('says what is missing or wrong before it makes anything', async () => {
    const policy = join(directory, 'policy')
    await writeFile(policy, `log ${log.signer.vkey}\nquorum nobody\n`)
    const given = ['--log', log.signer.vkey]
    await expect(start('--name', 'w').done).rejects.toThrow('A witness watches at least one log')
    await expect(start('--name', 'w', '--log', 'nonsense').done).rejects.toThrow('This is not a verifier key')
    await expect(start('--name', 'w', '--policy', policy).done).rejects.toThrow('Trust policy, line 2')
    await expect(start('--name', 'w', '--policy', `${policy}.not`).done).rejects.toThrow('there is no such file')
    await writeFile(policy, '#'.repeat(300_000))
    await expect(start('--name', 'w', '--policy', policy).done).rejects.toThrow('at most 262144 are allowed')
    await expect(start(...given).done).rejects.toThrow('Give it with --name')
    await expect(start('--name', 'w', ...given, '--listen', '0.0.0.0:1').done).rejects.toThrow('other machines')
  })

  test('is alone in its directory', async () => {
    const options = ['--name', 'w', '--log', log.signer.vkey]
    const { terminal, done } = start(...options)
    const url = await startedAt(terminal)
    await expect(start(...options).done).rejects.toMatchObject({
      code: 'DATA_LOCKED',
      message: expect.stringContaining(url),
    })
    terminal.interrupt()
    await done
  })
})
