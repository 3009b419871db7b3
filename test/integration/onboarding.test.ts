import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { program } from '../cli/program-run.js'

const previous = process.cwd()
let place: string

beforeEach(async () => {
  place = await realpath(await mkdtemp(join(tmpdir(), 'ifab-onboarding-')))
})
afterEach(async () => {
  process.chdir(previous)
  await program({}, 'down', '--data', join(place, 'main/.infrafabric'))
  await rm(place, { recursive: true, force: true, maxRetries: 5 })
})

function git(cwd: string, ...argv: string[]): void {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com']
  execFileSync('git', [...identity, ...argv], { cwd, stdio: 'pipe' })
}

async function run(...argv: string[]): Promise<string> {
  const { exit, out, err } = await program({}, ...argv)
  expect({ argv, exit, err }).toEqual({ argv, exit: 0, err: '' })
  return out
}

/** Starts what a client's configuration says, calls a tool as the client does, and ends the session. */
async function callTool(name: string, input: object): Promise<unknown> {
  const { command, args } = JSON.parse(await readFile('.mcp.json', 'utf8')).mcpServers.infrafabric
  const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const send = (message: object) => server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const clientInfo = { name: 'claude-code', version: '2' }
  send({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } })
  send({ method: 'notifications/initialized' })
  send({ id: 2, method: 'tools/call', params: { name, arguments: input } })
  try {
    for await (const line of createInterface({ input: server.stdout })) {
      const { id, result } = JSON.parse(line)
      if (id === 2) return result.structuredContent
    }
    throw new Error(`the server ended before it answered ${name}`)
  } finally {
    server.stdin.end()
    if (server.exitCode === null) await once(server, 'exit')
  }
}

test('two commands in a repository, and a session in another worktree works its board', async () => {
  const main = join(place, 'main')
  await mkdir(main)
  process.chdir(main)
  git(main, 'init', '--quiet')
  await run('init')
  await run('setup', 'claude')
  git(main, 'add', '.')
  git(main, 'commit', '--quiet', '--message', 'Share the board')
  git(main, 'worktree', 'add', '--quiet', '../linked')

  process.chdir(join(place, 'linked'))
  // The first call starts the fabric beside the main worktree.
  expect(await callTool('next_task', {})).toEqual({ kind: 'none' })
  await run('board', 'import', 'BOARD.md')
  expect(await callTool('next_task', {})).toMatchObject({ task: { id: 'EX-1' } })
  const briefing = JSON.parse(await run('prime', '--as', 'claude-code-linked', '--json'))
  expect(briefing).toMatchObject({ swarm: 'claude-code-linked', claims: [{ task: 'EX-1', percent: 0 }] })
})
