import { describe, expect, test } from 'vitest'
import { parseBoard } from '../../src/board/parse.js'
import { LIMITS } from '../../src/model/limits.js'
import { fixture, misdecode, parseText, parseTexts, problemsOf, taskOf } from './support.js'

describe('a board of several files', () => {
  const document = parseTexts({
    'phase-board.md': fixture('phase-board.md'),
    'session-details.md': fixture('session-details.md'),
  })

  test('has no errors, and tells where files contradict each other', () => {
    expect(problemsOf(document)).toEqual([])
  })

  test('lists the tasks in the order of the files, placeholders last', () => {
    expect(document.tasks.map(({ spec }) => spec.id)).toEqual([
      ...['H0.1.1', 'H0.1.2', 'H0.1.3', 'H0.1.4', 'H0.1.5', 'H0.1.6', 'F1.1', 'F1.2', 'F2.1', 'F2.2'],
      ...['H0.2.6', 'F4.1', 'H0.2.1', 'H0.2.2'],
    ])
  })

  test('reads a row', () => {
    expect(taskOf(document, 'H0.1.1')).toEqual({
      location: { file: 'phase-board.md', line: 7 },
      statedState: 'completed',
      spec: {
        id: 'H0.1.1',
        title: 'Dredge the basin',
        kind: 'primary',
        dependencies: [],
        requires: [],
        priority: 50,
        estimateMinutes: 120,
        tier: 'sonnet',
        deliverable: 'docs/basin.md',
        acceptance: [],
        milestones: [],
        keyTests: [],
        board: 'harbour',
        owner: 'session-4-sip',
        external: false,
      },
    })
    expect(taskOf(document, 'H0.1.4').spec).toMatchObject({ tier: 'sonnet', deliverable: 'rails | switches' })
  })

  test('resolves lists, ranges, text around ids and everything above', () => {
    const dependencies = (id: string) => taskOf(document, id).spec.dependencies
    expect(dependencies('H0.1.3')).toEqual(['H0.1.1', 'H0.1.2'])
    expect(dependencies('H0.1.4')).toEqual(['H0.1.1', 'H0.1.2', 'H0.1.3'])
    expect(dependencies('H0.1.5')).toEqual(['H0.1.2', 'H0.1.3', 'H0.1.4'])
    expect(dependencies('H0.1.6')).toEqual(['H0.1.1', 'H0.1.2', 'H0.1.3', 'H0.1.4', 'H0.1.5'])
  })

  test('reads statuses and owners', () => {
    const states = ['H0.1.1', 'H0.1.2', 'H0.1.3', 'H0.1.4', 'H0.1.5', 'H0.1.6', 'F2.1', 'F2.2', 'H0.2.6']
    expect(states.map((id) => taskOf(document, id).statedState)).toEqual([
      ...['completed', 'claimed', 'available', 'blocked', 'blocked', 'available', undefined, 'completed', undefined],
    ])
    const owners = ['H0.1.1', 'H0.1.2', 'H0.1.3', 'H0.1.4', 'H0.1.5', 'H0.1.6', 'H0.2.6']
    expect(owners.map((id) => taskOf(document, id).spec.owner)).toEqual([
      ...['session-4-sip', 'crew-2', undefined, undefined, undefined, undefined, 'crew-7'],
    ])
  })

  test('fills a row with what its detail section says', () => {
    expect(taskOf(document, 'H0.1.5').spec).toEqual({
      id: 'H0.1.5',
      title: 'Test the crane',
      description: 'Bring a helmet:\n\n- a yellow one\n- or a red one',
      kind: 'primary',
      dependencies: ['H0.1.2', 'H0.1.3', 'H0.1.4'],
      requires: ['test:integration', 'harbour:crane'],
      priority: 50,
      estimateMinutes: 120,
      tier: 'sonnet',
      deliverable: 'tests/crane_test.ts',
      acceptance: ['Test: pick up → carry → set down', 'No box is ever dropped'],
      milestones: [
        { percent: 25, text: 'The rig stands' },
        { percent: 50, text: 'Lifts an empty box' },
        { percent: 75, text: 'Lifts a full box' },
        { percent: 100, text: 'Lifts all day' },
      ],
      keyTests: ['test_pick_up', 'test_set_down'],
      board: 'harbour',
      external: false,
    })
  })

  test('takes deeper headings for labels where they name a field, else for prose', () => {
    expect(taskOf(document, 'H0.2.6').spec).toMatchObject({
      priority: 75,
      acceptance: ['Every bolt is counted'],
      description: '##### Background\n\nThe bridge is old.',
    })
  })

  test('tells fillers by their heading, their column and their id', () => {
    const kinds = document.tasks.filter(({ spec }) => spec.kind === 'filler').map(({ spec }) => spec.id)
    expect(kinds).toEqual(['F1.1', 'F1.2', 'F2.1', 'F2.2', 'F4.1'])
    expect(taskOf(document, 'F1.1').spec).toMatchObject({ estimateMinutes: 15, description: 'Complexity: Low' })
    expect(taskOf(document, 'F2.1').spec).toMatchObject({ title: 'Sweep the pier', estimateMinutes: 15 })
    expect(taskOf(document, 'F2.2').spec).toMatchObject({ title: 'Feed the cat', estimateMinutes: 5, tier: 'haiku' })
  })

  test('holds a place for work that no file describes', () => {
    expect(taskOf(document, 'H0.2.1')).toMatchObject({
      location: { file: 'session-details.md', line: 39 },
      spec: { title: 'External task H0.2.1', external: true, dependencies: [] },
    })
  })

  test('reads the same from files that were decoded as Windows-1252', () => {
    const broken = parseTexts({
      'phase-board.md': misdecode(fixture('phase-board.md')),
      'session-details.md': misdecode(fixture('session-details.md')),
    })
    expect(broken.tasks).toEqual(document.tasks)
    expect(problemsOf(broken)).toEqual([
      'phase-board.md:7 warning unreadable',
      'session-details.md:9 warning unreadable',
    ])
  })

  test('reads the same with Windows line ends', () => {
    const crlf = parseTexts({
      'phase-board.md': fixture('phase-board.md').replaceAll('\n', '\r\n'),
      'session-details.md': fixture('session-details.md').replaceAll('\n', '\r\n'),
    })
    expect(crlf).toEqual(document)
  })
})

describe('problems', () => {
  const header = '| ID | Task | Depends on | Est |\n| --- | --- | --- | --- |\n'

  test('the same id twice in tables, in sections or in checklists', () => {
    const tables = `${header}| A1 | One | - | - |\n| A1 | Two | - | - |\n`
    expect(problemsOf(parseText(tables))).toEqual(['board.md:4 error duplicate_id'])
    const section = '### A0.1: One\n**Estimate:** 1h\n\n'
    expect(problemsOf(parseTexts({ 'a.md': section, 'b.md': section }))).toEqual(['b.md:1 error duplicate_id'])
    expect(parseTexts({ 'a.md': section, 'b.md': section }).problems[0]?.message).toContain('a.md:1')
    expect(problemsOf(parseText('- [ ] F1.1: One\n- [ ] F1.1: Two\n'))).toEqual(['board.md:2 error duplicate_id'])
  })

  test('a contradiction between a row and a section, which the row wins', () => {
    const document = parseText(
      `${header}| A0.1 | One | A0.2 | 1h |\n\n### A0.1: One\n**Estimate:** 2h\n**Deps:** A0.3\n`,
    )
    expect(problemsOf(document)).toEqual(['board.md:6 warning contradiction', 'board.md:7 warning contradiction'])
    expect(document.problems[0]?.message).toContain('120 here and 60 at board.md:3')
    expect(taskOf(document, 'A0.1').spec).toMatchObject({ estimateMinutes: 60, dependencies: ['A0.2', 'A0.3'] })
  })

  test('a cycle, with its path', () => {
    const rows = '| A1 | One | A3 | - |\n| A2 | Two | A1 | - |\n| A3 | Three | A2 | - |\n| A4 | Four | A4 | - |\n'
    const document = parseText(header + rows)
    expect(problemsOf(document)).toEqual(['board.md:3 error dependency_cycle', 'board.md:6 error dependency_cycle'])
    expect(document.problems.map(({ message }) => message.split('.')[0])).toEqual([
      'These tasks wait for each other: A1 -> A3 -> A2 -> A1',
      'These tasks wait for each other: A4 -> A4',
    ])
  })

  test('a long chain is no cycle', () => {
    const rows = Array.from({ length: 2_000 }, (_, index) => `| A${index} | One | A${index + 1} | - |`)
    expect(parseText(header + rows.join('\n')).problems).toEqual([])
  })

  test('an estimate that is none, in a row, a section and a checklist', () => {
    const text = `${header}| A1 | One | - | soon |\n\n### A0.2: Two\n**Estimate:** 1-2h\n\n## Chores\n- [ ] F1.1: x (15 mz, Low)`
    expect(problemsOf(parseText(text))).toEqual([
      'board.md:3 error bad_estimate',
      'board.md:6 error bad_estimate',
      'board.md:9 error bad_estimate',
    ])
  })

  test('ids that are none', () => {
    const long = 'x'.repeat(129)
    const rows = `| task-1; rm -rf / | One | - | - |\n| ${long} | Two | - | - |\n| | Three | - | 1h |\n`
    const text = `${header}${rows}\n### A0/1: Four\n**Estimate:** 1h\n`
    expect(problemsOf(parseText(text))).toEqual([
      ...['board.md:3 error bad_id', 'board.md:4 error bad_id', 'board.md:5 error bad_id', 'board.md:7 error bad_id'],
    ])
    expect(parseText(text).tasks).toEqual([])
  })

  test('a row that only groups those below it is skipped', () => {
    expect(parseText(`${header}| **Phase 1** | | | |\n| A1 | One | - | - |\n`).problems).toEqual([])
  })

  test('a heading whose count differs from what is below it', () => {
    const rows = '| A1 | One | - | - |\n| A2 | Two | - | - |\n'
    const counted = (heading: string) => problemsOf(parseText(`${heading}\n\n${header}${rows}`))
    const wrong = ['board.md:1 warning count_mismatch']
    expect(counted('## Filler Tasks (20)')).toEqual(wrong)
    expect(counted('### Phase 0 - 28 tasks')).toEqual(wrong)
    expect(counted('## 3 primary tasks')).toEqual(wrong)
    expect(counted('## Filler Tasks (2)')).toEqual([])
    expect(counted('### Phase 0 - 2 tasks')).toEqual([])
    expect(counted('## Phase 0 Tasks')).toEqual([])
    expect(counted('## Session (4)')).toEqual([])
  })

  test('statuses, tiers, owners and priorities that make no sense', () => {
    const head = '| ID | Task | Status | Model | Owner | Priority |\n| --- | --- | --- | --- | --- | --- |\n'
    const document = parseText(`${head}| A1 | One | perhaps | haiku or opus | crew-1, crew-2 | soon |\n`)
    expect(document.problems.map(({ code }) => code)).toEqual(['bad_status', 'bad_tier', 'bad_id', 'unreadable'])
    expect(document.problems.every(({ severity }) => severity === 'warning')).toBe(true)
  })

  test('a task without a title', () => {
    expect(problemsOf(parseText(`${header}| A1 | | - | - |\n`))).toEqual(['board.md:3 error missing_title'])
  })

  test('a dependency that looks like a slip, but not one outside of the board', () => {
    const rows = '| P0.1.1 | One | - | - |\n| P0.1.2 | Two | - | - |\n'
    const warned = (dependency: string) => parseText(`${header}${rows}| P0.2.1 | Three | ${dependency} | - |`).problems
    expect(warned('PO.1.1')[0]?.message).toContain('did you mean P0.1.1?')
    expect(warned('p0.1.2')[0]?.message).toContain('did you mean P0.1.2?')
    expect(warned('P0.1.9')[0]?.message).toContain('the board lists P0.1.1, P0.1.2 of that group')
    const typo = warned('P0.1.1-P0.1.99, P0.3.1')
    expect(typo.map(({ code, line }) => `${line} ${code}`)).toEqual(['5 unknown_dependency'])
    expect(typo[0]?.message).toContain('depends on P0.1.3 to P0.1.99, which no file defines')
    expect(warned('P0.1.4, P0.1.7')).toHaveLength(2)
    expect(warned('P0.1')[0]?.message).toContain('name of a group')
    expect(warned('the design review')[0]).toMatchObject({ code: 'unknown_dependency', severity: 'warning', line: 5 })
    expect(warned('P0.3.1')).toEqual([])
    expect(warned('P0.2.2')).toEqual([])
    expect(warned('approval')).toEqual([])
  })

  test('what is too large', () => {
    const row = (title: string, dependencies = '-') => `${header}| A1 | ${title} | ${dependencies} | - |`
    const criteria = Array.from({ length: LIMITS.listItems + 1 }, (_, index) => `- criterion ${index}`).join('\n')
    const many = Array.from({ length: LIMITS.dependencies + 1 }, (_, index) => `B${index}`).join(', ')
    const tooLarge = (line: number) => [`board.md:${line} error too_large`]
    expect(problemsOf(parseText(row('x'.repeat(LIMITS.titleChars + 1))))).toEqual(tooLarge(3))
    expect(problemsOf(parseText(row('x', many)))).toEqual(tooLarge(3))
    expect(problemsOf(parseText(row('x', `B1-B${LIMITS.dependencies + 1}`)))).toEqual(tooLarge(3))
    expect(problemsOf(parseText(`### A0.1: x\n**Acceptance Criteria:**\n${criteria}`))).toEqual(tooLarge(2))
    expect(problemsOf(parseText(`### A0.1: x\n\n${'word '.repeat(2_000)}`))).toEqual(tooLarge(3))
    expect(problemsOf(parseText(`\n${'x'.repeat(LIMITS.boardLineChars + 1)}`))).toEqual(tooLarge(2))
    expect(problemsOf(parseText(`\n${'- '.repeat(200)}x`))).toEqual(tooLarge(2))
    const long = Array.from({ length: LIMITS.listItems }, (_, index) => `- ${index}${'x'.repeat(500)}`).join('\n')
    expect(problemsOf(parseText(`### A0.1: x\n**Acceptance Criteria:**\n${long}`))).toEqual(tooLarge(1))
    const bytes = new Uint8Array(LIMITS.boardFileBytes + 1).fill(0x20)
    expect(problemsOf(parseBoard([{ name: 'board.md', bytes }], { board: 'b' }))).toEqual(tooLarge(1))
  })

  test('files that are no text', () => {
    const bad = (...bytes: number[]) => parseBoard([{ name: 'a.md', bytes: Uint8Array.from(bytes) }], { board: 'b' })
    expect(problemsOf(bad(0x61, 0x0a, 0xff, 0xfe))).toEqual(['a.md:2 error unreadable'])
    expect(problemsOf(bad(0x61, 0x00))).toEqual(['a.md:1 error unreadable'])
  })

  test('a flood of problems is cut', () => {
    const rows = Array.from({ length: LIMITS.boardProblems + 5 }, (_, index) => `| A${index} | One | - | soon |`)
    const { problems } = parseText(header + rows.join('\n'))
    expect(problems).toHaveLength(LIMITS.boardProblems + 1)
    expect(problems.at(-1)?.message).toContain('5 more problems')
  })

  test('come in the order of the files and their lines', () => {
    const bad = `${header}| A1 | One | - | soon |\n`
    const document = parseTexts({ 'z.md': `# Tasks (9)\n\n${bad}`, 'a.md': bad.replace('A1', 'A2') })
    expect(problemsOf(document)).toEqual([
      ...['z.md:1 warning count_mismatch', 'z.md:5 error bad_estimate', 'a.md:3 error bad_estimate'],
    ])
  })

  test('a board id that is none is refused', () => {
    expect(() => parseBoard([], { board: 'no board' })).toThrow('board is not a valid id')
  })
})
