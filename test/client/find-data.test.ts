import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findDataDirectory } from '../../src/client/find-data.js'

let root: string

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'ifab-find-')))
})
afterEach(() => rm(root, { recursive: true }))

/** Git as it is without the settings of whoever runs the tests. */
function git(cwd: string, ...argv: string[]): void {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'protocol.file.allow=always']
  const env = { PATH: process.env.PATH, HOME: root, GIT_CONFIG_NOSYSTEM: '1' }
  execFileSync('git', [...identity, ...argv], { cwd, env, stdio: 'pipe' })
}

async function repository(path = join(root, 'main')): Promise<string> {
  await mkdir(join(path, 'src/deep'), { recursive: true })
  git(path, 'init', '--quiet')
  git(path, 'commit', '--quiet', '--allow-empty', '-m', 'first')
  return path
}

function found(cwd: string): Promise<string> {
  return findDataDirectory(undefined, {}, cwd)
}

describe('the data directory', () => {
  test('is the option, else IFAB_DATA, as they were given', async () => {
    expect(await findDataDirectory('y', { IFAB_DATA: 'x' }, root)).toBe('y')
    expect(await findDataDirectory('', { IFAB_DATA: 'x' }, root)).toBe('x')
    expect(await findDataDirectory(undefined, { IFAB_DATA: '' }, root)).toBe(join(root, '.infrafabric'))
  })

  test('outside of a repository is in the directory itself, whatever lies above', async () => {
    await mkdir(join(root, '.infrafabric'))
    await mkdir(join(root, 'below'))
    expect(await found(join(root, 'below'))).toBe(join(root, 'below/.infrafabric'))
    expect(await found(root)).toBe(join(root, '.infrafabric'))
  })

  test('is the nearest one up to the root of the repository', async () => {
    const main = await repository()
    await mkdir(join(root, '.infrafabric'))
    expect(await found(join(main, 'src/deep'))).toBe(join(main, '.infrafabric'))
    await mkdir(join(main, 'src/.infrafabric'))
    expect(await found(join(main, 'src/deep'))).toBe(join(main, 'src/.infrafabric'))
    expect(await found(main)).toBe(join(main, '.infrafabric'))
  })

  test('is looked for in IFAB_WORKSPACE where a client starts programs elsewhere', async () => {
    const main = await repository()
    const environment = { IFAB_WORKSPACE: join(main, 'src') }
    expect(await findDataDirectory(undefined, environment, root)).toBe(join(main, '.infrafabric'))
    expect(await findDataDirectory(undefined, { IFAB_WORKSPACE: '' }, root)).toBe(join(root, '.infrafabric'))
  })

  test('of a linked worktree is that of the main one, unless it has its own', async () => {
    const main = await repository()
    const linked = join(root, 'linked')
    git(main, 'worktree', 'add', '--quiet', linked)
    git(main, 'worktree', 'add', '--quiet', '.claude/worktrees/inner')
    await mkdir(join(linked, 'deep'))
    expect(await found(join(linked, 'deep'))).toBe(join(main, '.infrafabric'))
    expect(await found(join(main, '.claude/worktrees/inner'))).toBe(join(main, '.infrafabric'))
    await mkdir(join(linked, '.infrafabric'))
    expect(await found(join(linked, 'deep'))).toBe(join(linked, '.infrafabric'))
  })

  test('of the worktrees of a bare repository is in that repository', async () => {
    const main = await repository()
    const bare = join(root, 'project.git')
    git(root, 'clone', '--quiet', '--bare', main, bare)
    git(bare, 'worktree', 'add', '--quiet', join(root, 'linked'))
    expect(await found(join(root, 'linked'))).toBe(join(bare, '.infrafabric'))
  })

  test('of a submodule is its own, also in its linked worktrees', async () => {
    const library = await repository(join(root, 'library'))
    const main = await repository()
    git(main, 'submodule', '--quiet', 'add', library, 'part')
    const part = join(main, 'part')
    git(part, 'worktree', 'add', '--quiet', join(root, 'linked-part'))
    expect(await found(part)).toBe(join(part, '.infrafabric'))
    expect(await found(join(root, 'linked-part'))).toBe(join(part, '.infrafabric'))
  })

  test('is found past a file .git that leads nowhere', async () => {
    const main = await repository()
    await writeFile(join(main, 'src/.git'), 'nonsense\n')
    expect(await found(join(main, 'src/deep'))).toBe(join(main, '.infrafabric'))
  })
})
