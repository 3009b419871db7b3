import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { exportJson } from '../../src/board/export-json.js'
import { exportMarkdown } from '../../src/board/export-markdown.js'
import { exportStatusYaml, statusFileName, swarmStatus } from '../../src/board/status-file.js'
import { saysNothing } from '../../src/board/text.js'
import type { BoardView } from '../../src/board/view.js'
import type { SwarmRow } from '../../src/model/swarm.js'
import { MILESTONE_PERCENTS, TASK_STATES, type TaskRow, type TaskSpec } from '../../src/model/task.js'
import { fixture, parseText, parseTexts } from './support.js'

const AT = Date.UTC(2026, 0, 31, 8, 30)

function rowOf(spec: TaskSpec, life: Partial<TaskRow> = {}): TaskRow {
  return {
    ...spec,
    state: 'available',
    createdIndex: 1,
    createdAt: AT,
    updatedAt: AT,
    openDependencies: 0,
    attempts: 0,
    failures: 0,
    progress: [],
    openBlockers: [],
    evidence: [],
    ...life,
  }
}

function viewOf(tasks: readonly TaskRow[], swarms: readonly SwarmRow[] = []): BoardView {
  return { board: 'harbour', generatedAt: AT, tasks, swarms }
}

const specOf = (id: string, rest: Partial<TaskSpec> = {}): TaskSpec => ({
  id,
  title: `Task ${id}`,
  kind: 'primary',
  dependencies: [],
  requires: [],
  priority: 50,
  acceptance: [],
  milestones: [],
  keyTests: [],
  board: 'harbour',
  external: false,
  ...rest,
})

const CREW: SwarmRow = {
  id: 'crew-4',
  state: 'active',
  capabilities: ['code:rust', 'ops:ci'],
  tier: 'opus',
  capacity: 1,
  metadata: { branch: 'work/crew-*' },
  registeredAt: AT,
}

const held = rowOf(specOf('H0.1', { milestones: [{ percent: 50, text: 'half way' }] }), {
  state: 'claimed',
  claim: { swarm: 'crew-4', epoch: 7, claimedAt: AT, leaseMs: 60_000 },
  progress: [{ percent: 50, note: 'rig: "stands"', testsPassed: 3, testsFailed: 0, nextAction: 'lift # box', at: AT }],
})

describe('Markdown', () => {
  test('shows live status and what there is to say of each task', () => {
    const rows = [
      { ...held, openBlockers: ['blocker-9'] },
      rowOf(specOf('H0.2', { dependencies: ['H0.1'], title: 'A | B' }), { state: 'blocked', openDependencies: 1 }),
      rowOf(specOf('F1', { kind: 'filler' }), { state: 'completed', completedBy: 'crew-4' }),
      rowOf(specOf('X1', { external: true })),
    ]
    const text = exportMarkdown(viewOf(rows, [CREW]))
    const lines = text.split('\n')
    expect(lines).toContain('Board `harbour` at 2026-01-31T08:30:00.000Z: 1 completed, 1 claimed, 1 blocked.')
    expect(lines).toContain('| H0.1 | Task H0.1 | 🟡 claimed by crew-4, 50%, stuck | - | - | - | - | - | 50 | - |')
    expect(lines).toContain('| H0.2 | A \\| B | ⏳ blocked, 1 open | - | H0.1 | - | - | - | 50 | - |')
    expect(lines).toContain('| F1 | Task F1 | ✅ completed by crew-4 | - | - | - | - | - | 50 | - |')
    expect(lines).toContain('| crew-4 | active | opus | code:rust, ops:ci | H0.1 |')
    expect(lines).toContain('- [x] 50% - half way')
    expect(lines.filter((line) => line.startsWith('## '))).toEqual([
      ...['## Primary tasks (2)', '## Filler tasks (1)', '## External tasks (1)', '## Swarms', '## Details'],
    ])
  })

  test('an empty board is no error', () => {
    const { tasks, problems } = parseText(exportMarkdown(viewOf([])))
    expect(tasks).toEqual([])
    expect(problems.map(({ severity, code }) => `${severity} ${code}`)).toEqual(['warning no_tasks'])
  })

  test('of an imported board reads back as the same tasks', () => {
    const first = parseTexts({ 'a.md': fixture('phase-board.md'), 'b.md': fixture('session-details.md') })
    const again = parseText(exportMarkdown(viewOf(first.tasks.map(({ spec }) => rowOf(spec)))))
    expect(again.problems).toEqual([])
    const byId = (specs: readonly { spec: TaskSpec }[]) => new Map(specs.map(({ spec }) => [spec.id, spec]))
    expect(byId(again.tasks)).toEqual(byId(first.tasks))
  })

  test('of any board reads back as the same tasks, in the same states, without a problem', () => {
    fc.assert(fc.property(rows, expectRoundTrip), { numRuns: 300 })
  })

  test('an id that ends with a colon stays whole, also where the title is nothing but an emoji', () => {
    expectRoundTrip([rowOf(specOf('Io4:', { title: '✅', keyTests: ['¡'] }))])
  })

  test('text that looks like parts of a board stays text', () => {
    const hostile = [
      '| ID | Task |\n| --- | --- |\n| Z1 | sneaky |',
      '### Z2: sneaky\n**Estimate:** 3h',
      '- [ ] F9.1: sneaky\n\n---\n\n# Filler tasks (40)',
      '```\nunclosed',
      '[x]: /url\n\n<!-- open',
      '**Blocked Until:** Z3',
      '✅ [ ] 25% - sneaky ()',
      '3 tasks #',
      '1. first',
      'Àℹ²',
      'Ã© Â\u00a0 âœ… É”',
      '- dash',
      'a\\|b \\ & &amp; <br> *x* _y_ `z` ~w~ $m$ ![i](j) http://k',
    ]
    for (const text of hostile) {
      const line = text.replaceAll('\n', ' ')
      const spec = specOf('A1', {
        title: line,
        description: text,
        deliverable: text,
        acceptance: [text],
        milestones: [{ percent: 25, text }],
        keyTests: [line, 'test_x()'],
      })
      const life = { progress: [{ percent: 25 as const, at: AT }] }
      expectRoundTrip([rowOf(spec, life), rowOf(specOf('A2', { dependencies: ['A1'] }))])
    }
  })
})

function expectRoundTrip(tasks: readonly TaskRow[]): void {
  const document = parseText(exportMarkdown(viewOf(tasks)))
  expect(document.problems).toEqual([])
  const read = new Map(document.tasks.map(({ spec, statedState }) => [spec.id, { spec, statedState }]))
  expect(read.size).toBe(tasks.length)
  for (const task of tasks) expect(read.get(task.id)).toEqual({ spec: specFrom(task), statedState: task.state })
}

/** The description of a row without its life. */
function specFrom(row: TaskRow): TaskSpec {
  const names = [
    ...['id', 'title', 'description', 'kind', 'dependencies', 'requires', 'priority', 'estimateMinutes', 'tier'],
    ...['deliverable', 'acceptance', 'milestones', 'keyTests', 'board', 'owner', 'module', 'maxCostNanos', 'external'],
  ]
  return Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name))) as unknown as TaskSpec
}

const RESERVED = new Set(['any', 'all', 'anyone', 'nobody', 'everyone', 'open', 'available', 'unclaimed', 'unassigned'])
const id = fc
  .stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,8}$/)
  .filter((text) => !saysNothing(text) && !RESERVED.has(text.toLowerCase()) && !/^nothing\b/i.test(text))
const noise = fc.constantFrom(
  '|',
  '\n',
  '`',
  '**',
  '_',
  '[x] ',
  '- ',
  '✅ ',
  '# ',
  '<br>',
  '\\',
  '&lt;',
  '()',
  '25% - ',
  'P0.1: ',
)
const words = fc
  .array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 4 }), noise))
  .map((parts) =>
    parts
      .join('')
      .replace(/(?!\n)[\p{Cc}\p{Cs}\ufeff]/gu, '')
      .trim(),
  )
const text = words.filter((value) => !saysNothing(value))
const line = text.map((value) => value.replaceAll('\n', ' '))
const optional = <Value>(name: string, value: fc.Arbitrary<Value>) =>
  fc.option(value, { nil: undefined }).map((one) => (one === undefined ? {} : { [name]: one }))

const fields = fc
  .tuple(
    fc.record({
      title: line,
      kind: fc.constantFrom('primary' as const, 'filler' as const),
      requires: fc.uniqueArray(id, { maxLength: 3 }),
      priority: fc.integer({ min: 0, max: 100 }),
      acceptance: fc.array(text, { maxLength: 3 }),
      milestones: fc.uniqueArray(fc.record({ percent: fc.constantFrom(...MILESTONE_PERCENTS), text }), {
        selector: (m) => m.percent,
      }),
      keyTests: fc.array(line, { maxLength: 3 }),
      state: fc.constantFrom(...TASK_STATES),
    }),
    optional('description', text),
    optional('deliverable', text),
    optional('estimateMinutes', fc.integer({ min: 1, max: 60_000 })),
    optional(
      'tier',
      id.map((name) => name.toLowerCase()),
    ),
    optional('owner', id),
    optional('module', id),
    optional('maxCostNanos', fc.nat()),
  )
  .map((parts): Partial<TaskRow> => Object.assign({}, ...parts))

/** Tasks with ids of any shape; each may depend on earlier ones. */
const rows = fc.uniqueArray(id, { minLength: 1, maxLength: 6, selector: (one) => one }).chain((ids) =>
  fc.tuple(
    ...ids.map((one, index) =>
      fc
        .record({ fields, dependencies: fc.subarray(ids.slice(0, index)) })
        .map(({ fields: { state = 'available', ...spec }, dependencies }) => {
          const external = index % 5 === 4
          return rowOf(specOf(one, { ...spec, dependencies, external, ...(external && { kind: 'primary' }) }), {
            state,
          })
        }),
    ),
  ),
)

describe('JSON', () => {
  test('is the view with times as text', () => {
    const json = JSON.parse(exportJson(viewOf([{ ...held, notBefore: AT }], [CREW])))
    expect(json).toMatchObject({
      board: 'harbour',
      generatedAt: '2026-01-31T08:30:00.000Z',
      swarms: [{ registeredAt: '2026-01-31T08:30:00.000Z' }],
      tasks: [
        {
          notBefore: '2026-01-31T08:30:00.000Z',
          claim: { epoch: 7, claimedAt: '2026-01-31T08:30:00.000Z', leaseMs: 60_000 },
          progress: [{ at: '2026-01-31T08:30:00.000Z', testsPassed: 3 }],
        },
      ],
    })
  })
})

describe('STATUS files', () => {
  test('are named after the swarm', () => {
    expect(statusFileName('session-4-sip')).toBe('STATUS-SESSION-4-SIP.yaml')
    expect(statusFileName('a:b')).toBe('STATUS-A~-B.yaml')
    const alike = ['a:b', 'a-b', 'A:b', 'A-b', 'a-B', 'a.b', 'a_b', 'ab', 'AB']
    expect(new Set(alike.map((swarm) => statusFileName(swarm).toLowerCase())).size).toBe(alike.length)
    expect(() => statusFileName('../etc')).toThrow('swarm is not a valid id')
  })

  test('tell the task, its milestone and what comes next', () => {
    const view = viewOf([held], [CREW])
    expect(exportStatusYaml(swarmStatus(view, 'crew-4'))).toBe(
      [
        'session: crew-4',
        'current_task: H0.1',
        'milestone: "50% - rig: \\"stands\\""',
        'timestamp: 2026-01-31T08:30:00.000Z',
        'branch: work/crew-*',
        'blocked_on: null',
        'next_action: "lift # box"',
        'tests_passed: 3',
        'tests_failed: 0',
        '',
      ].join('\n'),
    )
  })

  test('put the task that goes on first, and tell what the stuck one waits for', () => {
    const stuck = { ...held, openBlockers: ['blocker-9'] }
    const filler = rowOf(specOf('F1', { kind: 'filler' }), {
      state: 'claimed',
      claim: { swarm: 'crew-4', epoch: 9, claimedAt: AT, leaseMs: 1 },
    })
    const blocker = {
      ...{ id: 'blocker-9', task: 'H0.1', swarm: 'crew-4', epoch: 7, kind: 'task' as const, state: 'open' as const },
      ...{ needs: 'the rig', requires: [], waitsFor: 'H0.4', helpers: [], raisedAt: AT },
    }
    const view = viewOf([stuck, filler], [CREW])
    expect(swarmStatus(view, 'crew-4')).toMatchObject({ blockedOn: 'blocker-9', milestone: '0% - Starting task' })
    const status = swarmStatus({ ...view, blockers: [blocker] }, 'crew-4')
    expect(status).toMatchObject({ currentTask: 'F1', blockedOn: 'H0.4' })
  })

  test('of an idle swarm are YAML as well; of an unknown one there are none', () => {
    const idle = swarmStatus(viewOf([], [CREW]), 'crew-4')
    expect(parse(exportStatusYaml(idle))).toMatchObject({ session: 'crew-4', current_task: null, tests_passed: null })
    expect(() => swarmStatus(viewOf([]), 'crew-4')).toThrow('There is no swarm crew-4')
  })
})
