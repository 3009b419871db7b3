import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { joinedWords, linesFor } from '../../../src/cli/completion/shells.js'
import { ifab, openSite, type Site } from '../console.js'
import { PROGRAM } from '../program-run.js'

let site: Site
let bin: string
beforeAll(async () => {
  site = await openSite()
  bin = await mkdtemp(join(tmpdir(), 'ifab-bin-'))
  await writeFile(join(bin, 'ifab'), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`, { mode: 0o755 })
  for (const id of ['P0.1', 'P0.2', 'NET:sip']) await site.run('task', 'create', id, '--title', `The "${id}"`)
  await site.run('swarm', 'register', 'alice', '--capabilities', 'code:rust')
  await site.run('claim', 'P0.2', '--as', 'alice')
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await rm(bin, { recursive: true })
})

const complete = (shell: string, ...words: string[]) => site.run('complete', shell, ['ifab', ...words].join('\n'))

describe('ifab complete', () => {
  test.each([
    [['wh'], 'whoami\n'],
    [['claim', ''], 'NET:sip\nP0.1\n'],
    [['claim', 'P0'], 'P0.1\n'],
    [['done', '--as', 'alice', ''], 'P0.2\n'],
    [['done', '--as', 'nobody', ''], ''],
    [['task', 'show', 'P0.1'], ''],
    [['claim', 'NET', ':', 's'], 'sip\n'],
    [['next', '--as', '='], 'alice\n'],
    [['next', '--as', '=', 'al'], 'alice\n'],
    [['board', 'import', ''], ':files\n'],
    [[''], expect.stringContaining('init\n')],
  ])('of %j for bash', async (words, lines) => {
    expect(await complete('bash', ...words)).toEqual(lines)
  })

  test('gives each shell what it reads', async () => {
    expect(await complete('zsh', 'claim', '')).toBe('NET\\:sip:The "NET:sip"\nP0.1:The "P0.1"\n')
    expect(await complete('fish', 'claim', 'NET:')).toBe('NET:sip\tThe "NET:sip"\n')
    expect(await complete('fish', 'next', '--as=')).toBe('--as=alice\tcode:rust\n')
  })

  test('is silent where no fabric runs, or it is not let in', async () => {
    const line = 'ifab\nclaim\n'
    for (const env of [{ IFAB_DATA: join(bin, 'nowhere') }, { ...site.env, IFAB_TOKEN: 'wrong' }]) {
      expect(await ifab(env, 'complete', 'bash', line)).toEqual({ exit: 0, out: '', err: '' })
    }
    expect(await complete('bash', '--data', join(bin, 'nowhere'), 'claim', '')).toBe('')
  })
})

describe('the script', () => {
  test('completes in bash', async () => {
    const script = `
      source <(ifab completion bash)
      words() {
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        _ifab_complete ifab "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
        printf '[%s]' "\${COMPREPLY[@]}"
        echo
      }
      words ifab claim ''
      words ifab claim NET : s
      words ifab claim X --as = a
      words ifab task cre
      complete -p ifab infrafabric
    `
    const env = { ...site.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
    const { stdout, stderr } = await promisify(execFile)('bash', ['--norc', '-c', script], { env })
    expect(stderr).toBe('')
    expect(stdout.trim().split('\n')).toEqual([
      ...['[NET:sip][P0.1]', '[sip]', '[alice]', '[create]'],
      ...['complete -F _ifab_complete ifab', 'complete -F _ifab_complete infrafabric'],
    ])
  })

  test.each([
    ['zsh', ['#compdef ifab infrafabric', '" complete zsh "', '_describe ifab lines', 'compdef _ifab_complete ifab']],
    ['fish', ['$words[1] complete fish $line', "complete -c ifab -f -a '(__ifab_complete)'"]],
  ])('of %s asks the program', async (shell, parts) => {
    const script = await site.run('completion', shell)
    for (const part of parts) expect(script).toContain(part)
  })
})

test('words are joined where bash parts them and nowhere else', () => {
  expect(joinedWords('bash', ['ifab', 'a', ':', 'b', '--x', '=', 'c', 'd'])).toEqual(['ifab', 'a:b', '--x=c', 'd'])
  expect(joinedWords('zsh', ['ifab', 'a:', 'b'])).toEqual(['ifab', 'a:', 'b'])
})

test('descriptions take one line', () => {
  expect(linesFor('fish', [{ value: 'a', description: 'one\n two' }, { value: 'b' }], '')).toEqual(['a\tone two', 'b'])
})
