import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDataDirectory } from '../../../src/cli/data-directory.js'
import { hostFabric } from '../../../src/cli/host.js'
import { SAMPLE_CONFIG } from '../../../src/cli/init/sample-config.js'
import { readConfig } from '../../../src/governor/policy/config.js'
import { inspectOwner } from '../../../src/journal/file/lock.js'
import { ifab } from '../console.js'

const previous = process.cwd()
let root: string

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'ifab-init-')))
  process.chdir(root)
})
afterEach(async () => {
  process.chdir(previous)
  await rm(root, { recursive: true })
})

const git = (...argv: string[]) => execFileSync('git', argv, { cwd: root, encoding: 'utf8', stdio: 'pipe' })

async function done(...argv: string[]): Promise<string> {
  const { exit, out, err } = await ifab({ PATH: '' }, ...argv)
  expect({ exit, err }).toEqual({ exit: 0, err: '' })
  return out
}

const BOARD = '| ID | Task |\n| --- | --- |\n| A1 | One |\n| A2 | Two |\n'

describe('ifab init', () => {
  test('makes what a project needs once, and says what is next', async () => {
    git('init', '--quiet')
    await writeFile('.gitignore', 'dist\n')
    const out = await done('init')
    expect(out).toContain(`InfraFabric is ready in ${root}.
  created  .infrafabric  the log, its keys and tokens: not for version control
  created  infrafabric.yaml  who gets work, and what it may cost
  created  BOARD.md  a sample board, to write your own over
  changed  .gitignore  keeps .infrafabric/ out of version control
`)
    expect(out).toMatch(/^Next: .* setup claude .*\nThen: .* up --detach && .* board import BOARD.md/m)
    expect((await stat('.infrafabric')).mode & 0o777).toBe(0o700)
    expect(await readFile('.gitignore', 'utf8')).toBe('dist\n.infrafabric/\n')
    expect(git('status', '--porcelain', '--untracked-files=all')).toBe(
      '?? .gitignore\n?? BOARD.md\n?? infrafabric.yaml\n',
    )
  })

  test('needs no line in .gitignore for keys and tokens to stay out of git', async () => {
    git('init', '--quiet')
    await createDataDirectory('state/data')
    await writeFile('state/data/admin.token', 'secret')
    expect(git('status', '--porcelain', '--untracked-files=all')).toBe('')
  })

  test('changes nothing of what is there', async () => {
    git('init', '--quiet')
    await writeFile('infrafabric.yaml', '# mine\n')
    await symlink('nowhere', 'BOARD.md')
    await done('init')
    const files = await Promise.all(['infrafabric.yaml', '.gitignore'].map((path) => readFile(path, 'utf8')))
    expect(await done('init')).toContain(`InfraFabric was ready in ${root} already.`)
    const { files: rows } = JSON.parse(await done('init', '--json'))
    expect(rows.map(({ state }: { state: string }) => state)).toEqual(['kept', 'kept', 'kept', 'kept'])
    expect(await Promise.all(['infrafabric.yaml', '.gitignore'].map((path) => readFile(path, 'utf8')))).toEqual(files)
    expect(files[0]).toBe('# mine\n')
  })

  test('writes a configuration and a board that are taken as they are', async () => {
    await done('init')
    expect(await done('policy', 'check', 'infrafabric.yaml')).toContain('is valid, with 0 warnings')
    expect(await done('board', 'lint', 'BOARD.md')).toBe('Board BOARD: 4 tasks, 0 errors, 0 warnings.\n')
    const { files, data } = JSON.parse(await done('init', '--json'))
    expect(files).toHaveLength(3)
    expect(data).toBe(join(root, '.infrafabric'))
  })

  test('takes over a board that is named, with no fabric left running', async () => {
    await writeFile('TASKS.md', BOARD)
    const out = await done('init', '--board', 'TASKS.md', '--name', 'orchard')
    expect(out).toContain('Imported board TASKS: 2 created.\n')
    expect((await readdir('.')).sort()).toEqual(['.infrafabric', 'TASKS.md', 'infrafabric.yaml'])
    expect((await inspectOwner('.infrafabric'))?.state).toBe('released')
    const hosted = await hostFabric({ data: '.infrafabric', listen: '127.0.0.1:0', onFault: () => undefined })
    try {
      expect(JSON.parse(await done('status', '--json'))).toMatchObject({ name: 'orchard', tasks: { available: 2 } })
      // A fabric that runs takes the board over itself.
      await writeFile('TASKS.md', BOARD.replace('Two', 'Two again'))
      expect(await done('init', '--board', 'TASKS.md', '--name', 'orchard')).toContain('1 updated, 1 unchanged')
      expect((await ifab({}, 'init', '--name', 'other')).err).toMatch(
        /^CONFLICT: .* is named orchard and keeps its name/,
      )
    } finally {
      await hosted.close()
    }
    expect((await ifab({}, 'init', '--name', 'other')).err).toMatch(/^CONFLICT: .* is named orchard and keeps its name/)
  })

  test('makes nothing for a board with errors', async () => {
    await writeFile('TASKS.md', `${BOARD}| A1 | Twice |\n`)
    const { exit, err } = await ifab({}, 'init', '--board', 'TASKS.md')
    expect(exit).toBe(2)
    expect(err).toContain('The files have 1 error.')
    expect(await readdir('.')).toEqual(['TASKS.md'])
  })

  test('in a worktree makes it all beside the main one', async () => {
    git('init', '--quiet', 'main')
    execFileSync(
      'git',
      ['-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-qm', 'x', '--allow-empty'],
      {
        cwd: join(root, 'main'),
      },
    )
    execFileSync('git', ['worktree', 'add', '-q', '../linked'], { cwd: join(root, 'main'), stdio: 'pipe' })
    process.chdir(join(root, 'linked'))
    expect(await done('init')).toContain(`InfraFabric is ready in ${join(root, 'main')}.`)
    expect(await readdir(join(root, 'linked'))).toEqual(['.git'])
    expect((await readdir(join(root, 'main'))).sort()).toEqual([
      ...['.git', '.gitignore', '.infrafabric', 'BOARD.md', 'infrafabric.yaml'],
    ])
  })
})

test('every setting that is commented out holds', () => {
  const { policy, host, warnings } = readConfig('infrafabric.yaml', SAMPLE_CONFIG.replace(/^( *)#(?! )/gm, '$1'))
  expect(warnings).toEqual([])
  expect(host).toMatchObject({ listen: '127.0.0.1:7420', channels: [{ name: 'team-chat' }] })
  expect(policy.budgets).not.toEqual(readConfig('infrafabric.yaml', SAMPLE_CONFIG).policy.budgets)
  expect(policy).toMatchObject({ capabilityRegistry: expect.anything(), prices: { version: 'my-prices-1' } })
})
