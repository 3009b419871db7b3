import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hostFabric } from '../../src/cli/host.js'
import { runCli } from '../../src/cli/run.js'
import type { StatusView } from '../../src/operations/views.js'
import { openSite, RecordingTerminal, type Site, temporaryDirectory } from './console.js'

let site: Site
beforeAll(async () => {
  site = await openSite()
  await site.run('swarm', 'register', 'alice')
})
afterAll(() => site[Symbol.asyncDispose]())

test('status counts what there is and lists who works on what', async () => {
  const before = await site.json<StatusView>('status')
  expect(before).toMatchObject({ name: 'fabric', state: 'running', swarms: 1, journal: { driver: 'file' } })
  await site.run('task', 'create', 'shown', '--title', 'Shown')
  await site.run('claim', 'shown', '--as', 'alice')
  const text = await site.run('status')
  expect(text).toContain(site.hosted.running.url)
  expect(text).toMatch(/\ntasks +1 claimed\n/)
  expect(text).toMatch(/\nshown +claimed +50 +- +alice +Shown\n$/)
})

test('status --watch shows each change once and stays silent in between', async () => {
  const terminal = new RecordingTerminal(site.env)
  const watching = runCli(['status', '--watch'], terminal)
  const lines = () => terminal.output.trimEnd().split('\n')
  await terminal.shows((output) => output.includes('\n'))
  await site.run('task', 'create', 'watched', '--title', 'Watched')
  await terminal.shows(() => lines().length === 2)
  await site.run('task', 'cancel', 'watched')
  await terminal.shows(() => lines().length === 3)
  const entries = lines().map((line) => Number(/^(\d+) entries; /.exec(line)?.[1]))
  expect(entries).toEqual([...new Set(entries)].sort((a, b) => a - b))
  expect(lines()[1]).toContain('1 available')
  expect(lines()[2]).toContain('1 cancelled')
  terminal.interrupt()
  expect(await watching).toBe(0)
  expect(terminal.errors).toBe('')
  expect(terminal.output).not.toContain('\u001b')
})

test('status --watch draws over itself on a screen', async () => {
  const terminal = new RecordingTerminal(site.env, true)
  const watching = runCli(['status', '--watch'], terminal)
  await terminal.shows((output) => output.includes('log '))
  terminal.interrupt()
  expect(await watching).toBe(0)
  expect(terminal.output.startsWith('\u001b[H\u001b[2Jfabric ')).toBe(true)
})

test('status --watch keeps its first lines on a small screen', async () => {
  const terminal = new RecordingTerminal(site.env, true, { rows: 4, columns: 30 })
  const watching = runCli(['status', '--watch'], terminal)
  await terminal.shows((output) => output.includes('tasks '))
  terminal.interrupt()
  expect(await watching).toBe(0)
  const [screen = ''] = terminal.output.split('\u001b[H\u001b[2J').slice(1)
  const lines = screen.trimEnd().split('\n')
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['fabric', 'address', 'tasks'])
  expect(Math.max(...lines.map((line) => line.length))).toBe(30)
})

test.each([false, true])(
  'status --watch says when the fabric is gone and finds it again (screen: %s)',
  async (screen) => {
    const directory = await temporaryDirectory()
    const data = join(directory, 'data')
    const host = () => hostFabric({ data, listen: '127.0.0.1:0', onFault: () => undefined })
    const first = await host()
    const terminal = new RecordingTerminal({ IFAB_DATA: data }, screen)
    const watching = runCli(['status', '--watch'], terminal)
    await terminal.shows((output) => output.includes('none'))
    await first.close()
    await terminal.shows((output) => /not reachable since .*Z; trying again/.test(output))
    expect(terminal.output.match(/not reachable/g)).toHaveLength(1)
    const before = terminal.output.length
    // The first port is kept busy, so that the fabric comes back on another one.
    const squatter = createServer().listen(Number(new URL(first.running.url).port), '127.0.0.1')
    const second = await host()
    await terminal.shows((output) => output.slice(before).includes('none'))
    if (screen) expect(terminal.output.slice(before)).toContain(second.running.url)
    terminal.interrupt()
    expect(await watching).toBe(0)
    squatter.close()
    await second.close()
    await rm(directory, { recursive: true })
  },
)
