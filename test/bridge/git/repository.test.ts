import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Repository } from '../../../src/bridge/git/repository.js'
import { gitOutput, gitRunner } from '../../../src/bridge/git/run-git.js'
import { parseTree, treeText } from '../../../src/bridge/git/tree.js'
import { git } from '../team.js'

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ifab-git-'))
  git(directory, 'init', '--quiet')
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const env = { PATH: process.env.PATH, HOME: '/nonexistent' }

/** A command of the repository's own configuration. */
function alias(name: string, command: string): void {
  git(directory, 'config', `alias.${name}`, `!${command}`)
}

describe('a call of git', () => {
  test('that takes too long is ended with all that it started', async () => {
    alias('slow', 'sleep 600')
    await expect(gitRunner({ directory, env })({ args: ['slow'], timeoutMs: 200 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('longer than 200 ms'),
    })
  })

  test('that does not end when it is asked to is killed', async () => {
    alias('stubborn', `trap '' TERM; while true; do sleep 1; done`)
    await expect(gitRunner({ directory, env })({ args: ['stubborn'], timeoutMs: 200 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  })

  test('that says too much is ended', async () => {
    alias('loud', 'yes')
    await expect(gitRunner({ directory, env })({ args: ['loud'], outputBytes: 10_000 })).rejects.toMatchObject({
      message: expect.stringContaining('more than 10000 bytes'),
    })
  })

  test('ends when its bridge does', async () => {
    const ending = new AbortController()
    const call = gitRunner({ directory, env, signal: ending.signal })({ args: ['slow'] })
    ending.abort()
    await expect(call).rejects.toMatchObject({ message: expect.stringContaining('interrupted') })
  })

  test('sees no token of the fabric, no other repository, and nobody to ask', async () => {
    alias('show-env', 'env')
    const given = {
      ...env,
      IFAB_TOKEN: 'secret',
      GIT_DIR: '/elsewhere',
      GIT_INDEX_FILE: '/x',
      GIT_SSH_COMMAND: 'ssh -i key',
    }
    const { output } = await gitRunner({ directory, env: given })({ args: ['show-env'] })
    const seen = output.toString('utf8').split('\n')
    expect(seen).toEqual(
      expect.arrayContaining(['GIT_TERMINAL_PROMPT=0', 'GIT_ASKPASS=', 'GIT_SSH_COMMAND=ssh -i key']),
    )
    expect(seen.filter((line) => /secret|elsewhere|INDEX_FILE/.test(line))).toEqual([])
  })

  test('that fails is told without the password of a URL', async () => {
    alias('fail', 'f() { echo "fatal: cannot reach https://me:pass@host.invalid/x" >&2; exit 3; }; f')
    const failed = gitOutput(gitRunner({ directory, env }), { args: ['fail'] })
    await expect(failed).rejects.toMatchObject({ message: expect.stringContaining('https://***@host.invalid/x') })
  })
})

describe('a repository', () => {
  test('is one, and has the remote', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'ifab-nothing-'))
    await expect(Repository.open({ directory: elsewhere, remote: 'origin', env })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { field: 'repository' },
    })
    await expect(Repository.open({ directory, remote: 'origin', env })).rejects.toMatchObject({
      details: { field: 'remote' },
    })
    await expect(Repository.open({ directory: join(elsewhere, 'x'), remote: 'origin', env })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    rmSync(elsewhere, { recursive: true })
  })

  test('that cannot be reached says so, and for whoever may not push, too', async () => {
    git(directory, 'remote', 'add', 'gone', join(directory, 'gone.git'))
    const repository = await Repository.open({ directory, remote: 'gone', env })
    await expect(repository.fetch(['agents/'])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const commit = await repository.commit(undefined, [{ name: 'A.md', content: 'A\n' }], 'Begin')
    await expect(repository.push(commit, 'fabric/coordination')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('keeps the files of a branch that are not written, whatever they are called', async () => {
    writeFileSync(join(directory, 'ä b\n.txt'), 'odd\n')
    git(directory, 'add', '--all')
    git(directory, 'commit', '--quiet', '--message', 'Odd')
    const repository = await Repository.open({ directory, remote: 'gone', env })
    const parent = git(directory, 'rev-parse', 'HEAD')
    const commit = await repository.commit(parent, [{ name: 'A.md', content: 'A\n' }], 'Write')
    expect(git(directory, 'diff', '--name-status', parent, commit)).toBe('A\tA.md')
    const removed = await repository.commit(commit, [{ name: 'A.md', content: undefined }], 'Remove')
    expect(git(directory, 'diff', '--name-status', parent, removed)).toBe('')
    expect(await repository.root(removed)).toEqual(await repository.root(parent))
  })

  test('is given nothing but hashes', async () => {
    const repository = await Repository.open({ directory, remote: 'gone', env })
    await expect(repository.root('--output=/tmp/x')).rejects.toMatchObject({ code: 'INTERNAL' })
    await expect(async () => repository.readBlob('HEAD:README.md', 10)).rejects.toMatchObject({ code: 'INTERNAL' })
  })
})

test('rows of a tree are read and written with names of any bytes', () => {
  const hash = 'a'.repeat(40)
  const rows = Buffer.concat([
    Buffer.from(`100644 blob ${hash}       7\tSTATUS.yaml\0`),
    Buffer.from(`160000 commit ${hash}       -\tmodule\0`),
    Buffer.from(`120000 blob ${hash}       3\t`),
    Buffer.from([0xff, 0x0a, 0x00]),
    Buffer.from('no row\0'),
  ])
  const entries = parseTree(rows)
  expect(entries.map(({ name, size }) => [name, size])).toEqual([
    ['STATUS.yaml', 7],
    ['module', undefined],
    ['\u00ff\n', 3],
  ])
  expect(treeText(entries)).toContain(`120000 blob ${hash}\t\u00ff\n\0`)
})
