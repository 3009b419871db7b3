import { describe, expect, test } from 'vitest'
import { wantedAfter } from '../../../src/cli/completion/wanted.js'
import { createProgram } from '../../../src/cli/program.js'

const program = createProgram(
  async () => undefined,
  () => undefined,
)
const wantedFor = (line: string, typed = '') => wantedAfter(program, line.split(' ').filter(Boolean), typed)

function words(line: string, typed = ''): string[] {
  const wanted = wantedFor(line, typed)
  if (wanted.kind !== 'words') throw new Error(`${line} wants ${wanted.kind}`)
  return wanted.words.map(({ value }) => value)
}

describe('what may follow', () => {
  test('is a command, with what it does', () => {
    expect(wantedFor('')).toMatchObject({ kind: 'words' })
    expect(words('')).toEqual(expect.arrayContaining(['init', 'claim', 'task', 'help']))
    expect(words('')).not.toContain('complete')
    expect(words('--data x --json task')).toEqual(['create', 'list', 'show', 'cancel', 'retry'])
  })

  test('is an option of the command or of the program', () => {
    expect(words('claim', '--')).toEqual(expect.arrayContaining(['--as', '--lease', '--help', '--json', '--data']))
    expect(words('claim A1', '-')).not.toContain('--epoch')
  })

  test.each([
    ['task list --state', ['available', 'blocked']],
    ['setup', ['claude', 'codex', 'cursor']],
    ['completion', ['bash', 'zsh', 'fish']],
    ['board export --format', ['markdown', 'json', 'status']],
  ])('%s is one of a few words', (line, some) => {
    expect(words(line)).toEqual(expect.arrayContaining(some))
  })

  test.each([
    ['claim', { of: 'task', state: 'available' }],
    ['claim --lease 30m', { of: 'task', state: 'available' }],
    ['done --epoch 3', { of: 'task', state: 'claimed' }],
    ['--url http://x beat --as alice', { of: 'task', state: 'claimed', options: { url: 'http://x', as: 'alice' } }],
    ['task show', { of: 'task' }],
    ['block A1 --waits-for', { of: 'task' }],
    ['next --as', { of: 'swarm' }],
    ['governor match', { of: 'task' }],
    ['escalation answer', { of: 'escalation' }],
    ['blocker accept', { of: 'blocker' }],
  ])('%s is an id', (line, wanted) => {
    expect(wantedFor(line)).toMatchObject({ kind: 'ids', ...wanted })
    if (!('state' in wanted)) expect(wantedFor(line)).not.toHaveProperty('state')
  })

  test.each([
    ['board import', 'files'],
    ['board import A.md', 'files'],
    ['--data', 'files'],
    ['claim A1', 'nothing'],
    ['task create A1 --title', 'nothing'],
    ['whoami', 'nothing'],
    ['nonsense', 'nothing'],
  ])('%s is %s', (line, kind) => {
    expect(wantedFor(line)).toEqual({ kind })
  })
})
