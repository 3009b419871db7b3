import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/run.js'
import { git, Team } from '../bridge/team.js'
import { openSite, RecordingTerminal } from './console.js'

describe('ifab bridge git', () => {
  test('hears agents until it is stopped, and tells what it did', async () => {
    await using team = await Team.open()
    await using site = await openSite()
    await site.run('task', 'create', 'P0.1.5', '--title', 'Integration tests')
    const agent = team.agent('sip', 'work/sip-011')
    const terminal = new RecordingTerminal({ ...process.env, ...site.env })
    const running = runCli(
      ['bridge', 'git', '--repository', team.clone, '--agents', 'work/sip-*=session-4-sip', '--every', '1s'],
      terminal,
    )
    await terminal.shows((output) => output.includes('The bridge hears work/sip-*'))
    agent.says({ 'STATUS-SESSION-4-SIP.yaml': 'session: session-4-sip\nclaiming: P0.1.5\n' })
    await terminal.shows((output) => output.includes('Heard session-4-sip; 3 files written in '))
    expect(team.answer('session-4-sip')).toMatchObject({ claim: 'granted', task: 'P0.1.5' })
    terminal.interrupt()
    expect(await running).toBe(0)
    expect(terminal.errors).toBe('')
    const again = await site.json(
      'bridge',
      'git',
      '--repository',
      team.clone,
      '--agents',
      'work/sip-*=session-4-sip',
      '--once',
    )
    expect(again).toEqual({ heard: [], written: [], commit: null, faults: [] })
  })

  test('goes on when the remote is away for a while', async () => {
    await using team = await Team.open()
    await using site = await openSite()
    git(team.clone, 'remote', 'set-url', 'origin', join(team.directory, 'away.git'))
    const terminal = new RecordingTerminal({ ...process.env, ...site.env })
    const running = runCli(['bridge', 'git', '--repository', team.clone, '--every', '1s'], terminal)
    await terminal.shows((output) => output.includes('The bridge hears'))
    git(team.directory, 'clone', '--quiet', '--bare', team.remote, join(team.directory, 'away.git'))
    await terminal.shows((output) => output.includes('written in'))
    terminal.interrupt()
    expect(await running).toBe(0)
  })

  test('reads bridge.yaml, and says which line of it is wrong', async () => {
    await using team = await Team.open()
    await using site = await openSite()
    const path = join(team.directory, 'bridge.yaml')
    writeFileSync(path, 'branch: team/board\nagents:\n  - branch: work/{swarm}\nboard_file: TASKS.md\n')
    await site.run('bridge', 'git', '--repository', team.clone, '--config', path, '--once')
    expect(git(team.remote, 'ls-tree', '--name-only', 'team/board')).toBe('BRIDGE.json\nTASKS.md')
    writeFileSync(path, 'agents:\n  - branch: work/*\n')
    const refused = await site.refused('bridge', 'git', '--repository', team.clone, '--config', path, '--once')
    expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('bridge.yaml:2:') })
    rmSync(path)
  })

  test.each([
    [['--agents', 'work/*'], '--agents'],
    [['--agents', '--upload-pack=x'], '--agents'],
    [['--branch=--force'], '--branch'],
    [['--remote', 'https://example.com/x.git'], '--remote'],
    [['--board-file', '../BOARD.md'], '--board-file'],
    [['--lease', '10s'], 'lease'],
    [['--every', '2h'], 'every'],
  ])('refuses %j', async (options, field) => {
    await using site = await openSite()
    const refused = await site.refused('bridge', 'git', '--once', ...options)
    expect(refused).toMatchObject({ exit: 2, code: 'INVALID_ARGUMENT', message: expect.stringContaining(field) })
  })

  test('asks for the token of an administrator', async () => {
    await using team = await Team.open()
    await using site = await openSite()
    const { token } = await site.json<{ token: string }>('token', 'issue', 'ops', '--role', 'orchestrator')
    const terminal = new RecordingTerminal({ ...process.env, ...site.env, IFAB_TOKEN: token })
    expect(await runCli(['bridge', 'git', '--repository', team.clone, '--once'], terminal)).toBe(6)
    expect(terminal.errors).toContain("Use an administrator's token")
  })
})
