import { describe, expect, test } from 'vitest'
import { readBridgeConfig } from '../../../src/bridge/speakers/bridge-config.js'
import { isStatusFile, readRule, speakerOf, swarmsOf } from '../../../src/bridge/speakers/speakers.js'
import { isFabricError } from '../../../src/model/errors.js'

function swarms(branch: string, ...rules: string[]): readonly string[] | undefined {
  const read = rules.map(readRule)
  return swarmsOf(
    branch,
    read.filter((rule) => rule !== undefined),
  )
}

describe('who a branch speaks for', () => {
  test.each<[string, string[], string[] | undefined]>([
    ['agents/alice', ['agents/{swarm}'], ['alice']],
    ['agents/alice/fix', ['agents/{swarm}'], undefined],
    ['agents/alice/fix', ['agents/{swarm}/*'], ['alice']],
    ['work/sip-011CV2', ['work/sip-*=session-4-sip'], ['session-4-sip']],
    ['work/sip-', ['work/sip-*=session-4-sip'], ['session-4-sip']],
    ['work/sip/x', ['work/sip-*=session-4-sip'], undefined],
    ['team', ['team=alice,bob'], ['alice', 'bob']],
    ['agents/a.b+c', ['agents/a.b+c=x'], ['x']],
    ['agents/aXb+c', ['agents/a.b+c=x'], undefined],
    ['agents/-alice', ['agents/{swarm}'], undefined],
    ['agents/alice', ['agents/alice=first', 'agents/{swarm}'], ['first']],
  ])('%s under %j', (branch, rules, expected) => {
    expect(swarms(branch, ...rules)).toEqual(expected)
  })

  test.each([
    '--upload-pack=x',
    '-x=y',
    'agents/*',
    'agents/{swarm}=alice',
    '{swarm}/{swarm}',
    'a b=x',
    'a..b=x',
    'a=-x',
    'a=',
    '/a=x',
    'a/.b=x',
    'a.lock=x',
    'a:b=x',
    'a@{1}=x',
    'a\n=x',
    '',
  ])('%j is no rule', (text) => {
    expect(readRule(text)).toBeUndefined()
  })
})

describe('whose file it is', () => {
  test.each<[string, string | undefined, string[], string | undefined]>([
    ['STATUS-SESSION-4-SIP.yaml', undefined, ['session-4-sip'], 'session-4-sip'],
    ['STATUS-SESSION-4-SIP.yaml', 'session-4-sip', ['session-4-sip'], 'session-4-sip'],
    ['STATUS-~ALICE.yaml', undefined, ['Alice'], 'Alice'],
    ['STATUS.yaml', undefined, ['alice'], 'alice'],
    ['STATUS.yaml', undefined, ['alice', 'bob'], undefined],
    ['STATUS.yml', 'bob', ['alice', 'bob'], 'bob'],
    ['STATUS-ALICE.json', 'Alice', ['alice'], 'alice'],
    ['STATUS-ALICE.yaml', 'bob', ['alice'], undefined],
    ['STATUS-BOB.yaml', undefined, ['alice'], undefined],
  ])('%s that says %s', (name, stated, allowed, expected) => {
    expect(speakerOf(name, stated, allowed)).toBe(expected)
  })

  test('only files at the root that are called so', () => {
    expect(['STATUS.yaml', 'status_a.yml', 'STATUS-a.json'].every(isStatusFile)).toBe(true)
    expect(['STATUS.md', 'MY-STATUS.yaml', 'STATUS-.yaml.bak'].some(isStatusFile)).toBe(false)
  })
})

describe('bridge.yaml', () => {
  const WHOLE = `remote: upstream
branch: coordination
agents:
  - branch: agents/{swarm}
  - branch: work/sip-*
    swarm: session-4-sip
  - branch: team
    swarms: [alice, bob]
migrated: [session-2-webrtc]
every: 30s
lease: 4h
board: phase-0
board_file: PHASE-0-TASK-BOARD.md
`

  test('says everything that the options say', () => {
    expect(readBridgeConfig('bridge.yaml', WHOLE)).toEqual({
      remote: 'upstream',
      branch: 'coordination',
      agents: ['agents/{swarm}', 'work/sip-*=session-4-sip', 'team=alice,bob'].map(readRule),
      migrated: ['session-2-webrtc'],
      everyMs: 30_000,
      leaseMs: 14_400_000,
      board: 'phase-0',
      boardFile: 'PHASE-0-TASK-BOARD.md',
    })
  })

  test.each<[string, string, number, RegExp]>([
    ['an option of git', 'agents:\n  - branch: --upload-pack=x\n    swarm: a\n', 2, /branch is no name of a branch/],
    ['nobody who speaks', 'agents:\n  - branch: work/*\n', 2, /says not once whom/],
    ['two ways to say it', 'agents:\n  - branch: work/{swarm}\n    swarm: a\n', 2, /says not once whom/],
    ['a URL', 'remote: https://example.com/a.git\n', 1, /remote is no name of a remote/],
    ['an answer as the board', 'board_file: ANSWER-A.md\n', 1, /board_file is no name/],
    ['a slip', 'agents:\n  - branch: a\n    swarm: b\nmigratd: [x]\n', 4, /Did you mean migrated/],
  ])('%s is refused with its line', (_, text, line, problem) => {
    let thrown: unknown
    try {
      readBridgeConfig('bridge.yaml', text)
    } catch (error) {
      thrown = error
    }
    expect(isFabricError(thrown, 'INVALID_ARGUMENT')).toBe(true)
    expect((thrown as Error).message).toMatch(problem)
    expect((thrown as Error).message).toContain(`bridge.yaml:${line}:`)
  })
})
