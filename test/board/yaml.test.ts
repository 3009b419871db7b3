import { describe, expect, test } from 'vitest'
import { parseTexts, problemsOf, taskOf } from './support.js'

const read = (text: string) => parseTexts({ 'board.yaml': text })

describe('YAML boards', () => {
  test('state every field', () => {
    const document = read(`
board: harbour
tasks:
  - id: A0.1
    title: Dredge
    description: |
      Deep.
      Deeper.
    kind: filler
    deps: [B0.1, A0.2-A0.3]
    requires: [code:rust]
    priority: 70
    estimate: 90
    tier: Opus
    deliverable: mud
    acceptance: [clean, deep]
    milestones:
      - 25% - started
      - { percent: 100, text: done }
    key_tests: [test_mud]
    owner: crew-1
    worker_module: dredger
    status: completed
    max_cost: 2.5
  - { id: B0.1, title: Elsewhere, external: true }
`)
    expect(document.problems).toEqual([])
    expect(taskOf(document, 'A0.1')).toEqual({
      location: { file: 'board.yaml', line: 4 },
      statedState: 'completed',
      spec: {
        ...{ id: 'A0.1', title: 'Dredge', description: 'Deep.\nDeeper.', kind: 'filler', board: 'harbour' },
        ...{ dependencies: ['B0.1', 'A0.2', 'A0.3'], requires: ['code:rust'], priority: 70, estimateMinutes: 90 },
        ...{ tier: 'opus', deliverable: 'mud', acceptance: ['clean', 'deep'], keyTests: ['test_mud'], owner: 'crew-1' },
        module: 'dredger',
        milestones: [
          { percent: 25, text: 'started' },
          { percent: 100, text: 'done' },
        ],
        maxCostNanos: 2_500_000_000,
        external: false,
      },
    })
    expect(taskOf(document, 'B0.1').spec.external).toBe(true)
  })

  test('JSON is YAML', () => {
    const document = parseTexts({ 'board.json': '{"board":"harbour","tasks":[{"id":"A1","title":"One"}]}' })
    expect(document.problems).toEqual([])
    expect(document.tasks).toHaveLength(1)
  })

  test('make one board with Markdown', () => {
    const document = parseTexts({
      'board.yaml': 'board: harbour\ntasks:\n  - { id: A0.1, title: One }\n',
      'details.md': '### A0.1: One\n**Estimate:** 2h\n',
    })
    expect(taskOf(document, 'A0.1').spec.estimateMinutes).toBe(120)
  })

  test.each([
    ['an unknown key of a task', 'tasks:\n  - id: A1\n    title: One\n    colour: red\n', 4],
    ['an unknown key of the board', 'tasks: []\ncolour: red\n', 2],
    ['a key twice', 'tasks:\n  - id: A1\n    title: One\n    title: Two\n', 4],
    ['broken YAML', 'tasks:\n  - id: "A1\n', 3],
    ['a list as a title', 'tasks:\n  - id: A1\n    title: [One]\n', 3],
    ['an alias', 'tasks:\n  - id: A1\n    title: &t One\n    owner: *t\n', 4],
    ['a tag that is no text', 'tasks:\n  - id: A1\n    title: One\n    external: maybe\n', 4],
    ['no map', '- id: A1\n', 1],
    ['no list of tasks', 'tasks: 5\n', 1],
    ['nesting that no board needs', `tasks:\n  - id: A1\n    requires: ${'['.repeat(60_000)}\n`, 3],
    ['a task that is no map', 'tasks:\n  - A1\n', 2],
  ])('%s is an error with its line', (_name, text, line) => {
    expect(problemsOf(read(text))).toContain(`board.yaml:${line} error unreadable`)
  })

  test('ids, titles, estimates and duplicates are checked as in Markdown', () => {
    const text =
      'tasks:\n  - { id: a b, title: x }\n  - { id: A1 }\n  - { id: A2, title: x, estimate: soon }\n  - { id: A2, title: x }\n'
    expect(problemsOf(read(text))).toEqual([
      ...['board.yaml:2 error bad_id', 'board.yaml:3 error missing_title'],
      ...['board.yaml:4 error bad_estimate', 'board.yaml:5 error duplicate_id'],
    ])
  })

  test('the name of another board is a warning', () => {
    expect(problemsOf(read('board: castle\ntasks: []\n'))).toEqual([
      'board.yaml:1 warning bad_id',
      'board.yaml:1 warning no_tasks',
    ])
  })
})
