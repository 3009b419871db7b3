import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { boundedWriter } from '../../src/cli/bounded-writer.js'
import { hostFabric } from '../../src/cli/host.js'
import { runCli } from '../../src/cli/run.js'
import { inspectOwner } from '../../src/journal/file/lock.js'
import { ifab, RecordingTerminal, temporaryDirectory } from './console.js'

let directory: string
let data: string
beforeEach(async () => {
  directory = await temporaryDirectory()
  data = join(directory, 'deep', 'data')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const LISTEN = ['--listen', '127.0.0.1:0']

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}

describe('up in this process', () => {
  test('prepares the data directory, says where it listens, and leaves no trace of itself', async () => {
    const terminal = new RecordingTerminal({ IFAB_DATA: data })
    const running = runCli(['up', ...LISTEN, '--name', 'demo'], terminal)
    await terminal.shows((output) => output.includes('Next: '))
    expect(await modeOf(data)).toBe(0o700)
    expect(await modeOf(join(data, 'admin.token'))).toBe(0o600)
    expect(await modeOf(join(data, 'endpoint.json'))).toBe(0o600)
    const endpoint = JSON.parse(await readFile(join(data, 'endpoint.json'), 'utf8'))
    expect(endpoint).toMatchObject({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), pid: process.pid })
    expect(terminal.output).toContain(`The fabric runs at ${endpoint.url} (process ${process.pid}, data in ${data}).`)
    expect(terminal.outcomes).toEqual([{ started: endpoint }])
    expect(await inspectOwner(data)).toMatchObject({ state: 'alive', note: endpoint.url })
    expect((await ifab({ IFAB_DATA: data }, 'status')).out).toMatch(/^fabric +demo, running/)

    terminal.interrupt()
    expect(await running).toBe(0)
    const said = terminal.errors.trim().split('\n')
    expect(said.map((line) => line.replace(/^\S+Z /, ''))).toEqual([
      expect.stringMatching(/^info {2}started name=demo url=http:/),
      'info  stopping',
      'info  stopped',
    ])
    expect(await readdir(data)).not.toContain('endpoint.json')
    expect(await inspectOwner(data)).toMatchObject({ state: 'released' })
    expect(await readdir(join(data, 'snapshots'))).not.toEqual([])
  })

  test('takes leases, stalls and retries as it is told, and refuses what makes no sense', async () => {
    const terminal = new RecordingTerminal({ IFAB_DATA: data })
    const timing = ['--lease', '5s', '--stall-after', '2s', '--max-failures', '1']
    const running = runCli(['up', ...LISTEN, ...timing], terminal)
    await terminal.shows((output) => output.includes('Next: '))
    const run = (...argv: string[]) => ifab({ IFAB_DATA: data }, ...argv)
    await run('swarm', 'register', 'worker')
    await run('task', 'create', 'A', '--title', 'Once')
    const { epoch, leaseMs } = JSON.parse((await run('claim', 'A', '--as', 'worker', '--json')).out)
    expect(leaseMs).toBe(5_000)
    await run('fail', 'A', '--epoch', String(epoch), '--reason', 'broken')
    expect((await run('task', 'show', 'A')).out).toMatch(/^state +failed$/m)
    terminal.interrupt()
    expect(await running).toBe(0)
    const refused = await ifab({ IFAB_DATA: data }, 'up', ...LISTEN, '--max-failures', '0')
    expect(refused).toMatchObject({ exit: 2, err: expect.stringContaining("The policy's maxFailures is 0") })
  })

  test('with --json prints one document, and keeps token and name when it comes back', async () => {
    const start = async () => {
      const terminal = new RecordingTerminal({ IFAB_DATA: data })
      const running = runCli(['up', ...LISTEN, '--json', '--name', 'first'], terminal)
      await terminal.shows((output) => output.endsWith('\n'))
      const token = await readFile(join(data, 'admin.token'), 'utf8')
      const status = JSON.parse((await ifab({ IFAB_DATA: data }, 'status', '--json')).out)
      terminal.interrupt()
      expect(await running).toBe(0)
      return { token, name: status.name, printed: JSON.parse(terminal.output) }
    }
    const first = await start()
    expect(first.printed).toMatchObject({ pid: process.pid, data, version: expect.any(String) })
    const second = await start()
    expect(second).toMatchObject({ token: first.token, name: 'first' })
    expect(first.token).toMatch(/^[\w-]{43}\n$/)
    const renamed = await ifab({ IFAB_DATA: data }, 'up', ...LISTEN, '--name', 'second')
    expect(renamed).toMatchObject({ exit: 4, out: '' })
    expect(renamed.err).toContain(`CONFLICT: The fabric in ${data} is named first and keeps its name.`)
    expect(await inspectOwner(data)).toMatchObject({ state: 'released' })
  })

  test('names the holder of a data directory that is in use', async () => {
    const hosted = await hostFabric({ data, listen: '127.0.0.1:0', onFault: () => undefined })
    const terminal = new RecordingTerminal({ IFAB_DATA: data })
    expect(await runCli(['up', ...LISTEN], terminal)).toBe(8)
    expect(terminal.errors).toContain(`DATA_LOCKED: ${data} is in use by process ${process.pid} `)
    expect(terminal.errors).toContain(hosted.running.url)
    expect(terminal.outcomes).toMatchObject([{ failed: { code: 'DATA_LOCKED' } }])
    // The one that runs is not touched.
    expect((await ifab({ IFAB_DATA: data }, 'status')).exit).toBe(0)
    await hosted.close()
  })

  test('says which port is taken and how to get another, and lets the data directory go', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const { exit, err } = await ifab({ IFAB_DATA: data }, 'up', '--listen', `127.0.0.1:${port}`)
    await new Promise((resolve) => other.close(resolve))
    expect(exit).toBe(2)
    expect(err).toBe(
      `INVALID_ARGUMENT: Cannot listen on 127.0.0.1:${port}: another program listens there. ` +
        'Stop it, or listen elsewhere. `--listen 127.0.0.1:0` takes a free port.\n',
    )
    expect(await inspectOwner(data)).toMatchObject({ state: 'released' })
  })

  test('refuses an address beyond this machine and a directory that cannot be', async () => {
    const beyond = await ifab({ IFAB_DATA: data }, 'up', '--listen', '0.0.0.0:0')
    expect(beyond.exit).toBe(2)
    expect(beyond.err).toContain('reachable from other machines')
    const file = join(directory, 'file')
    await writeFile(file, '')
    for (const argv of [['up', ...LISTEN], ['down']]) {
      const { exit, err } = await ifab({ IFAB_DATA: file }, ...argv)
      expect(exit).toBe(2)
      expect(err).toContain(`INVALID_ARGUMENT: ${file} is a file, not a directory.`)
    }
    expect(await ifab({ IFAB_DATA: join(file, 'below') }, 'up', ...LISTEN)).toMatchObject({
      exit: 8,
      err: expect.stringMatching(/^STORAGE_FAILED: /),
    })
  })

  test('replaces a token that others could have read, or put there', async () => {
    const first = await hostFabric({ data, listen: '127.0.0.1:0', onFault: () => undefined })
    await first.close()
    const path = join(data, 'admin.token')
    const token = await readFile(path, 'utf8')
    await rm(path)
    await writeFile(path, token, { mode: 0o644 })
    const second = await hostFabric({ data, listen: '127.0.0.1:0', onFault: () => undefined })
    await second.close()
    expect(await modeOf(path)).toBe(0o600)
    expect(await readFile(path, 'utf8')).not.toBe(token)
    const third = await hostFabric({ data, listen: '127.0.0.1:0', onFault: () => undefined })
    const kept = await readFile(path, 'utf8')
    await third.close()
    expect(kept).toBe(await readFile(path, 'utf8'))
  })
})

test('a bounded writer says once that it is full', () => {
  const written: string[] = []
  const write = boundedWriter((text) => written.push(text), 10, 'full')
  for (const text of ['1234', '5678', '9abcdef', 'more', 'and more']) write(text)
  expect(written).toEqual(['1234', '5678', 'full'])
})
