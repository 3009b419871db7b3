import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readEndpoint } from '../../src/cli/data-directory.js'
import { inspectOwner } from '../../src/journal/file/lock.js'
import { livenessOf } from '../../src/journal/file/process-identity.js'
import { SEGMENT_HEADER_BYTES, segmentHeader } from '../../src/journal/file/segment.js'
import { temporaryDirectory } from './console.js'
import { PROGRAM, ProgramRun, program } from './program-run.js'

let directory: string
let data: string
let env: Record<string, string>
let started: ProgramRun[]

beforeEach(async () => {
  directory = await temporaryDirectory()
  data = join(directory, 'data')
  env = { IFAB_DATA: data }
  started = []
})

afterEach(async () => {
  for (const { child, done } of started) {
    child.kill('SIGKILL')
    await done
  }
  const owner = await inspectOwner(data)
  if (owner?.state === 'alive') process.kill(owner.pid, 'SIGKILL')
  await rm(directory, { recursive: true, force: true, maxRetries: 5 })
})

const UP = ['up', '--listen', '127.0.0.1:0']

async function up(): Promise<ProgramRun> {
  const run = new ProgramRun(UP, env)
  started.push(run)
  await run.prints('Next: ')
  return run
}

function headerOfNextVersion(): Buffer {
  const header = segmentHeader(16 * 1024 * 1024)
  header.writeUInt32LE(header.readUInt32LE(8) + 1, 8)
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12)
  return header
}

describe('ifab up', () => {
  test('serves until SIGTERM, then ends cleanly and a new start has everything', async () => {
    const first = await up()
    expect(await program(env, 'task', 'create', 'kept', '--title', 'Kept')).toMatchObject({ exit: 0, err: '' })
    first.child.kill('SIGTERM')
    expect(await first.done).toMatchObject({
      exit: 0,
      err: expect.stringMatching(/ started .*\n.* stopping\n.* stopped\n$/),
    })
    expect(await readEndpoint(data)).toBeUndefined()
    expect(await inspectOwner(data)).toMatchObject({ state: 'released' })
    await up()
    expect((await program(env, 'task', 'show', 'kept')).out).toContain('Kept')
  })

  test('refuses a second owner and names the first, in the foreground and in the background', async () => {
    const first = await up()
    for (const argv of [UP, [...UP, '--detach']]) {
      const second = await program(env, ...argv)
      expect(second).toMatchObject({ exit: 8, out: '' })
      expect(second.err).toContain(`DATA_LOCKED: ${data} is in use by process ${first.child.pid} `)
    }
    expect(await program(env, 'status')).toMatchObject({ exit: 0 })
  })

  test('takes over after SIGKILL with nothing acknowledged missing', async () => {
    const first = await up()
    await program(env, 'swarm', 'register', 'alice')
    await program(env, 'task', 'create', 'survivor', '--title', 'Survivor')
    const claimed = JSON.parse((await program(env, 'claim', 'survivor', '--as', 'alice', '--json')).out)
    first.child.kill('SIGKILL')
    await first.done
    expect(await program(env, 'status')).toMatchObject({ exit: 7, out: '' })
    expect((await program(env, 'doctor')).out).toMatch(/warning +owner +process \d+ on .* died without closing/)
    expect((await program(env, 'down')).out).toBe(`No fabric runs in ${data}.\n`)
    await up()
    expect(await program(env, 'beat', 'survivor', '--epoch', String(claimed.epoch))).toMatchObject({ exit: 0 })
  })

  test('refuses data of a newer version and leaves it alone', async () => {
    const run = await up()
    run.child.kill('SIGTERM')
    await run.done
    const [segment = ''] = (await readdir(join(data, 'log'))).filter((name) => name.endsWith('.log'))
    const path = join(data, 'log', segment)
    const bytes = Buffer.concat([headerOfNextVersion(), (await readFile(path)).subarray(SEGMENT_HEADER_BYTES)])
    await writeFile(path, bytes)
    const refused = await program(env, ...UP)
    expect(refused).toMatchObject({ exit: 8, out: '' })
    expect(refused.err).toMatch(/^DATA_TOO_NEW: .*\n$/)
    expect(bytes.equals(await readFile(path))).toBe(true)
  })

  test('says which port is taken', async () => {
    await up()
    const { port } = new URL((await readEndpoint(data))?.url ?? '')
    const other = { IFAB_DATA: join(directory, 'other') }
    const refused = await program(other, 'up', '--listen', `127.0.0.1:${port}`, '--detach')
    expect(refused).toMatchObject({ exit: 2, out: '' })
    expect(refused.err).toContain(`Cannot listen on 127.0.0.1:${port}: another program listens there.`)
    expect(await inspectOwner(other.IFAB_DATA)).toMatchObject({ state: 'released' })
  })
})

describe('ifab up --detach', () => {
  test('returns when the fabric answers; down ends it and waits', async () => {
    const { exit, out, err } = await program(env, ...UP, '--detach', '--json')
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    const running = JSON.parse(out)
    expect(running).toMatchObject({ url: expect.stringContaining('http://127.0.0.1:'), pid: expect.any(Number), data })
    expect(await program(env, 'status')).toMatchObject({ exit: 0 })
    expect((await stat(join(data, 'ifab.log'))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(data, 'ifab.log'), 'utf8')).toContain(running.url)
    const owner = await inspectOwner(data)
    expect(owner).toMatchObject({ pid: running.pid, state: 'alive', note: running.url })
    const down = await program(env, 'down')
    expect(down).toMatchObject({ exit: 0, out: `The fabric in ${data} (process ${running.pid}) has ended.\n` })
    expect(owner && livenessOf(owner)).toBe('dead')
    expect(await inspectOwner(data)).toMatchObject({ state: 'released' })
  })

  test('down says so when the process does not end in time', async () => {
    const run = await up()
    run.child.kill('SIGSTOP')
    const late = await program(env, 'down', '--timeout', '200ms')
    expect(late).toMatchObject({ exit: 7, out: '' })
    expect(late.err).toContain(`Process ${run.child.pid} still runs after 0.2s.`)
    run.child.kill('SIGCONT')
    // It was told to end while it was stopped.
    expect(await run.done).toMatchObject({ exit: 0 })
  })

  test('sets a large log aside', async () => {
    await program(env, ...UP, '--detach')
    await program(env, 'down')
    const log = join(data, 'ifab.log')
    await truncate(log, 1024 * 1024)
    await appendFile(log, 'the end\n')
    await program(env, ...UP, '--detach')
    await program(env, 'down')
    expect((await stat(log)).size).toBeLessThan(10_000)
    expect((await stat(`${log}.1`)).size).toBe(1024 * 1024 + 8)
  })
})

describe('the program', () => {
  test('is quiet when the reader of its output leaves', async () => {
    const child = spawn(process.execPath, [PROGRAM, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let err = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect({ code, err }).toEqual({ code: 0, err: '' })
  })

  test.each([['--help'], ['--json', 'doctor']])(
    'says in one line that the output of %s %s has no place',
    async (...argv) => {
      await using full = await open('/dev/full', 'w')
      const child = spawn(process.execPath, [PROGRAM, ...argv.filter(Boolean)], {
        env: { ...process.env, ...env },
        stdio: ['ignore', full.fd, 'pipe'],
      })
      const err = await text(child.stderr ?? Readable.from([]))
      const said = argv[0] === '--json' ? JSON.parse(err) : { code: err.split(':')[0], message: err }
      expect(said.code).toBe('STORAGE_FAILED')
      expect(said.message).toContain('cannot write the answer to stdout: the disk is full.')
      expect(err.trimEnd()).not.toContain('\n')
      expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(8)
    },
  )

  test('shows no stack for a mistake and exits with its class', async () => {
    expect(await program(env, 'beat', 'T')).toEqual({
      exit: 2,
      out: '',
      err: "INVALID_ARGUMENT: Required option '--epoch <number>' not specified. See `ifab beat --help`.\n",
    })
  })

  test('loads nothing slow for its help', async () => {
    const trace = `
      import { register } from 'node:module'
      const loader = 'export async function load(url, context, next) { process._rawDebug(url); return next(url, context) }'
      register('data:text/javascript,' + encodeURIComponent(loader))
    `
    const preload = `data:text/javascript,${encodeURIComponent(trace)}`
    const { exit, err } = await program({ NODE_OPTIONS: `--import=${preload}` }, '--help')
    expect(exit).toBe(0)
    expect(err).toContain('/dist/cli/program.js')
    const loaded = err
      .split('\n')
      .filter((url) =>
        /\/node_modules\/(?!commander\/)|\/dist\/(operations|server|fabric|governor|coordinator)\//.test(url),
      )
    expect(loaded).toEqual([])
  })
})
