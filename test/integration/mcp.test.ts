import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { connectLocal } from '../../src/client/connect-local.js'
import { PROGRAM, program } from '../cli/program-run.js'
import { Agent, type Revision } from '../server/mcp/agent.js'
import { until } from './place.js'

/** A repository with a second worktree, and nothing set up in it. */
let place = ''
let env: Record<string, string> = {}

beforeEach(async () => {
  place = await realpath(await mkdtemp(join(tmpdir(), 'ifab-mcp-')))
  env = { HOME: place, PATH: process.env.PATH ?? '' }
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...args], {
      cwd: join(place, 'main'),
      stdio: 'ignore',
    })
  execFileSync('git', ['init', '-q', join(place, 'main')])
  git('commit', '-q', '--allow-empty', '-m', 'start')
  git('worktree', 'add', '-q', join(place, 'feature'))
  // The usual port is that of whoever works on this machine.
  await listenOn(0)
})

afterEach(async () => {
  await program({ ...env, IFAB_DATA: join(place, 'main', '.infrafabric') }, 'down')
  await rm(place, { recursive: true, force: true })
})

/** Configures where the fabric is to listen. */
async function listenOn(port: number): Promise<void> {
  await writeFile(join(place, 'main', 'infrafabric.yaml'), `listen: 127.0.0.1:${port}\n`)
}

interface Spawned {
  readonly agent: Agent
  readonly transport: StdioClientTransport
}

/** `ifab mcp` as a client starts it in a worktree. */
async function spawnIn(worktree: string, revision: Revision, name: string): Promise<Spawned> {
  const cwd = join(place, worktree)
  const transport = new StdioClientTransport({ command: process.execPath, args: [PROGRAM, 'mcp'], cwd, env })
  return { agent: await Agent.connect(transport, revision, name), transport }
}

async function agentIn(worktree: string, revision: Revision, name: string): Promise<Agent> {
  return (await spawnIn(worktree, revision, name)).agent
}

async function endpoint(): Promise<{ url: string; pid: number }> {
  return JSON.parse(await readFile(join(place, 'main', '.infrafabric', 'endpoint.json'), 'utf8'))
}

test('agents in two worktrees work one board, which the first of them starts', { timeout: 60_000 }, async () => {
  // Where the fabric of another repository has the port, this one takes any other.
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  await listenOn((other.address() as AddressInfo).port)
  await using claude = await agentIn('main', '2026-07-28', 'claude-code')
  await using codex = await agentIn('feature', '2025-06-18', 'codex')
  // Both find no fabric, and one of them starts it.
  await Promise.all([
    claude.done('create_task', { id: 'A', title: 'The first', priority: 90 }),
    codex.done('create_task', { id: 'B', title: 'The second', priority: 10 }),
  ])
  const { epoch, task } = await claude.done('next_task')
  expect(task).toMatchObject({ id: 'A', holder: 'claude-code-main' })
  expect(await codex.refused('claim_task', { task: 'A' })).toMatchObject({
    code: 'ALREADY_CLAIMED',
    holder: 'claude-code-main',
  })
  const second = await codex.done('claim_task', { task: 'B' })
  await codex.done('complete_task', { task: 'B', epoch: second.epoch })
  await claude.done('create_task', { id: 'C', title: 'The third', dependencies: ['A'] })
  const wait = codex.done('wait_for_work')
  const admin = await connectLocal({ data: join(place, 'main', '.infrafabric') })
  await until(async () => (await admin.fabric.status()).waitingSwarms === 1)
  await claude.done('complete_task', { task: 'A', epoch })
  expect(await wait).toMatchObject({ kind: 'primary', task: { id: 'C', holder: 'codex-feature' } })
})

test('a session survives its fabric, which it starts again after a crash', { timeout: 60_000 }, async () => {
  const { agent, transport } = await spawnIn('feature', '2026-07-28', 'claude-code')
  await agent.done('create_task', { id: 'A', title: 'Through a crash' })
  const { epoch } = await agent.done('next_task')
  const { pid } = await endpoint()
  process.kill(pid, 'SIGKILL')
  expect(await agent.done('complete_task', { task: 'A', epoch })).toMatchObject({ task: 'A', state: 'completed' })
  expect((await endpoint()).pid).not.toBe(pid)
  // A client that is in a hurry sends a signal.
  const admin = await connectLocal({ data: join(place, 'main', '.infrafabric') })
  expect((await admin.token.list()).items).toHaveLength(1)
  process.kill(Number(transport.pid), 'SIGTERM')
  await until(async () => (await admin.token.list()).items.length === 0)
  await agent.client.close()
})
