import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readStatus } from '../../../src/bridge/status/read-status.js'
import type { AgentStatus } from '../../../src/bridge/status/status.js'
import { LIMITS } from '../../../src/model/limits.js'

function read(text: string, name = 'STATUS-A.yaml') {
  return readStatus(name, new TextEncoder().encode(text))
}

/** What a file says, without what it leaves open. */
function said(text: string, name?: string): Partial<AgentStatus> {
  const { status, problems } = read(text, name)
  expect(problems).toEqual([])
  return Object.fromEntries(Object.entries(status ?? {}).filter(([, value]) => !isEmpty(value)))
}

function isEmpty(value: unknown): boolean {
  return value === false || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
}

describe('status files as agents write them', () => {
  test('one that works, reports and waits', () => {
    const text = `session: session-4-sip
current_task: P0.1.5
milestone: "50% - Task lifecycle and blocker tests passing"
timestamp: 2025-11-12T14:30:00Z
branch: claude/sip-escalate-integration-*
blocked_on: P0.1.4
next_action: "Waiting for coordinator latency tests"
tests_passed: 3
tests_failed: 0
`
    expect(said(text)).toEqual({
      swarm: 'session-4-sip',
      tasks: [{ task: 'P0.1.5', line: 2 }],
      progress: {
        percent: 50,
        note: 'Task lifecycle and blocker tests passing',
        testsPassed: 3,
        testsFailed: 0,
        nextAction: 'Waiting for coordinator latency tests',
      },
      blockers: [{ kind: 'external', needs: 'P0.1.4', waitsFor: 'P0.1.4', line: 6 }],
    })
  })

  test('one that claims, one that completes, and one that polls', () => {
    expect(said('session: a\nclaiming: P0.1.5\nmilestone: "0% - Starting task"\n')).toEqual({
      swarm: 'a',
      tasks: [{ task: 'P0.1.5', line: 2 }],
      progress: { note: 'Starting task' },
    })
    const done =
      'session: a\ncompleted: P0.1.5\nmilestone: "100% - Complete"\ndeliverable: tests/a.py\ntests_pass: true\n'
    expect(said(done)).toEqual({
      swarm: 'a',
      completed: [{ task: 'P0.1.5', line: 2 }],
      progress: { percent: 100, note: 'Complete' },
      deliverable: 'tests/a.py',
    })
    const polls =
      'session: a\nstatus: polling\nlast_poll: 2025-11-12T14:30:00+00:00\nbranch: work/a\ncurrent_task: none\n'
    expect(said(polls)).toEqual({ swarm: 'a', isIdle: true })
  })

  test.each<[string, string, Partial<AgentStatus>]>([
    [
      'camel case',
      'agentId: a\ncurrentTask: P0.1.2\nprogressPercent: 75',
      { swarm: 'a', tasks: [{ task: 'P0.1.2', line: 2 }], progress: { percent: 75 } },
    ],
    [
      'words with spaces',
      'Agent Name: Session 4 (SIP)\nWorking On: "P0.1.2: Atomic claims"',
      { swarm: 'session-4-sip', tasks: [{ task: 'P0.1.2', line: 2 }] },
    ],
    [
      'maps in maps',
      'agent:\n  id: a\ntask:\n  id: P0.1.2\n  progress: 60%\n',
      { swarm: 'a', tasks: [{ task: 'P0.1.2', line: 4 }], progress: { percent: 50 } },
    ],
    [
      'everything below one key',
      'status:\n  session: a\n  state: in progress\n  current_task: P0.1.2\n',
      { swarm: 'a', state: 'claimed', tasks: [{ task: 'P0.1.2', line: 4 }] },
    ],
    ['a list of one', '- session: a\n  current_task: P0.1.2\n', { swarm: 'a', tasks: [{ task: 'P0.1.2', line: 2 }] }],
    [
      'a state that finishes',
      'id: a\ntask: P0.1.2\nstatus: done',
      { swarm: 'a', state: 'completed', tasks: [{ task: 'P0.1.2', line: 2 }] },
    ],
    [
      'lists of maps',
      'completed_tasks:\n  - id: P0.1.1\n    commit: abc\n  - P0.1.2\n',
      {
        completed: [
          { task: 'P0.1.1', line: 1 },
          { task: 'P0.1.2', line: 1 },
        ],
      },
    ],
    ['counts', 'tasks_completed: 5\ncurrent_task: P0.1.2', { tasks: [{ task: 'P0.1.2', line: 2 }] }],
    ['a fraction', 'task: A\nprogress: 0.5', { tasks: [{ task: 'A', line: 1 }], progress: { percent: 50 } }],
    [
      'a percentage between quarters',
      'task: A\nprogress: 60% - halfway and on',
      { tasks: [{ task: 'A', line: 1 }], progress: { percent: 50, note: '60% - halfway and on' } },
    ],
    [
      'a flag and a reason',
      'task: A\nblocked: true\nreason: the registry is down',
      {
        tasks: [{ task: 'A', line: 1 }],
        reason: 'the registry is down',
        blockers: [{ kind: 'external', needs: 'the registry is down', line: 2 }],
      },
    ],
    [
      'help and a question',
      'task: A\nneeds: someone who knows leases\nquestion: may I drop the table?',
      {
        tasks: [{ task: 'A', line: 1 }],
        blockers: [
          { kind: 'help', needs: 'someone who knows leases', line: 2 },
          { kind: 'human', needs: 'may I drop the table?', line: 3 },
        ],
      },
    ],
    [
      'commits in evidence',
      'done: A\nevidence: [commit 1a2b3c4d, "https://example.com/commit/1a2b3c4d5e6f"]',
      { completed: [{ task: 'A', line: 1 }], commits: ['1a2b3c4d', '1a2b3c4d5e6f'] },
    ],
    [
      'a failure',
      'failed: A\nerror: it does not link',
      { failed: [{ task: 'A', line: 1 }], reason: 'it does not link' },
    ],
    ['capabilities', 'session: a\nskills: code:rust, net:sip', { swarm: 'a', capabilities: ['code:rust', 'net:sip'] }],
    ['a mark of the end', '---\nsession: a\n---\n', { swarm: 'a' }],
  ])('%s', (_, text, expected) => {
    expect(said(text)).toEqual(expected)
  })

  test('JSON', () => {
    const text = '{\n\t"session": "a",\n\t"current_task": "P0.1.2"\n}\n'
    expect(said(text, 'STATUS-A.json')).toEqual({ swarm: 'a', tasks: [{ task: 'P0.1.2', line: 3 }] })
  })

  test('nothing that blocks is something else than no word of it', () => {
    expect(read('task: A\nblocked_on: null').status?.blockers).toEqual([])
    expect(read('task: A\nblockers: []').status?.blockers).toEqual([])
    expect(read('task: A\nblocked: false').status?.blockers).toEqual([])
    expect(read('task: A').status?.blockers).toBeUndefined()
  })
})

describe('status files with mistakes', () => {
  test.each<[string, string, number, RegExp]>([
    [
      'a colon in a text',
      'session: a\nnext_action: Waiting: for tests\ncurrent_task: P0.1.2\n',
      2,
      /Only what stands on lines of its own was read/,
    ],
    ['a tab', 'session: a\n\tx: 1\ncurrent_task: P0.1.2\n', 2, /Only what stands on lines of its own was read/],
    [
      'a quote that does not end',
      'session: a\ncurrent_task: P0.1.2\nnote: "it\n',
      4,
      /Only what stands on lines of its own was read/,
    ],
  ])('%s: what can be read is read, and the line is told', (_, text, line, problem) => {
    const { status, problems } = read(text)
    expect(status).toMatchObject({ swarm: 'a', tasks: [{ task: 'P0.1.2' }] })
    expect(problems).toEqual([{ line, problem: expect.stringMatching(problem) }])
  })

  test.each<[string, string, number, RegExp]>([
    ['a conflict of a merge', 'session: a\n<<<<<<< HEAD\ntask: A\n=======\ntask: B\n>>>>>>> main\n', 2, /conflict/],
    ['two documents', 'session: a\n---\nsession: b\n', 2, /second document/],
    ['too deep', `a: ${'['.repeat(5_000)}`, 1, /nested too deeply/],
    ['no map', 'all is well\n', 1, /map of fields/],
    ['nothing', '', 1, /No field/],
    ['too large', `note: ${'x'.repeat(LIMITS.statusFileBytes)}`, 1, /too large/],
  ])('%s: nothing is read', (_, text, line, problem) => {
    const reading = read(text)
    expect(reading.status).toBeUndefined()
    expect(reading.problems[0]).toEqual({ line, problem: expect.stringMatching(problem) })
  })

  test('a slip is told, a field of its own is not', () => {
    const { problems } = read('session: a\ncurent_task: P0.1.2\nmood: fine\n')
    expect(problems).toEqual([{ line: 2, problem: 'There is no such field. Did you mean current_task?' }])
  })

  test('aliases are not followed, however often', () => {
    const bomb = [
      'a: &a [x, x]',
      ...Array.from({ length: 20 }, (_, at) => `b${at}: [${Array(100).fill('*a').join(', ')}]`),
    ]
    const { status, problems } = read(`${bomb.join('\n')}\ncurrent_task: P0.1.2\n`)
    expect(status?.tasks).toEqual([{ task: 'P0.1.2', line: 22 }])
    expect(problems).toHaveLength(LIMITS.statusProblems)
  })

  test('a text that was saved in a wrong encoding, or has control characters, is read as it was meant', () => {
    const { status } = read('task: A\nmilestone: "50% - âœ… done\\u0007"\n')
    expect(status?.progress).toEqual({ percent: 50, note: '✅ done' })
  })
})

describe('whatever is in a file', () => {
  const name = fc.constantFrom(
    'current_task',
    'completed',
    'blocked_on',
    'milestone',
    'session',
    'status',
    'x',
    'blocked',
    'needs',
  )
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      'P0.1.2',
      '50%',
      'null',
      '[a, b]',
      '{a: b}',
      '&a x',
      '*a',
      '!!set {}',
      '- x',
      '"',
      '|',
      '>',
      '1e999',
      '.nan',
      '0x10',
      '<<: *a',
    ),
  )
  const line = fc
    .tuple(fc.constantFrom('', '  ', '- ', '? ', '\t'), name, fc.constantFrom(': ', ':', ' ', ':\n  '), value)
    .map((parts) => parts.join(''))

  test('is read or answered, within bounds, and never thrown', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const { status, problems } = read(lines.join('\n'))
        expect(problems.length).toBeLessThanOrEqual(LIMITS.statusProblems)
        if (status === undefined) expect(problems.length).toBeGreaterThan(0)
        for (const { line: at, problem } of problems) {
          expect(at).toBeGreaterThan(0)
          expect(problem.length).toBeLessThanOrEqual(LIMITS.noteChars)
        }
        for (const blocker of status?.blockers ?? []) expect(blocker.needs.trim()).not.toBe('')
      }),
    )
  })

  test('also bytes that are no text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const { status, problems } = readStatus('STATUS-A.yaml', bytes)
        expect(status === undefined && problems.length === 0).toBe(false)
      }),
    )
  })
})
