import { describe, expect, test } from 'vitest'
import { readStatus } from '../../src/board/status.js'
import { parseText, problemsOf, taskOf } from './support.js'

describe('tables', () => {
  test('columns in any order, under other names', () => {
    const table = [
      '| Prio | Assignee | Description | Title | Blocked by | # | Time (h) | Tier | Requires | Max cost | Notes |',
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
      '| High | @ann | Long<br>text | Short | B1 | A1 | 3 | Opus | code:rust, docs | $1.25 | beware |',
    ]
    expect(taskOf(parseText(table.join('\n')), 'A1').spec).toMatchObject({
      priority: 75,
      owner: 'ann',
      title: 'Short',
      description: 'Long\ntext\n\nNotes: beware',
      dependencies: ['B1'],
      estimateMinutes: 180,
      tier: 'opus',
      requires: ['code:rust', 'docs'],
      maxCostNanos: 1_250_000_000,
    })
  })

  test('a column says the kind, before heading and id', () => {
    const rows = '| A1 | One | filler |\n| F1 | Two | primary |\n| A2 | Three | external |\n'
    const document = parseText(`# Filler tasks\n\n| ID | Task | Kind |\n| --- | --- | --- |\n${rows}`)
    expect(document.tasks.map(({ spec }) => [spec.kind, spec.external])).toEqual([
      ['filler', false],
      ['primary', false],
      ['primary', true],
    ])
  })

  test('ids under the header Task, beside a description', () => {
    const document = parseText('| Task | Description |\n| --- | --- |\n| A1 | Do it |\n')
    expect(taskOf(document, 'A1').spec).toMatchObject({ title: 'Do it' })
  })

  test('tables of other things are not tasks', () => {
    expect(parseText('| ID | Name |\n| --- | --- |\n| 1 | Ann |\n').tasks).toEqual([])
    expect(parseText('| Task | Status |\n| --- | --- |\n| Do | it |\n').tasks).toEqual([])
    expect(parseText('> | ID | Task |\n> | --- | --- |\n> | A1 | quoted |\n').tasks).toEqual([])
  })
})

describe('detail sections', () => {
  test.each([
    '### P0.1.2: Title',
    '### **P0.1.2: Title** 🚀',
    '#### 🔧 P0.1.2 - Title',
    '### [P0.1.2] Title',
    '## Task P0.1.2 — Title',
    '### `P0.1.2`: Title',
    '### P0.1.2:Title',
  ])('a heading: %s', (heading) => {
    const [task] = parseText(`${heading}\n\n**Estimate**: 2h\n`).tasks
    expect(task).toMatchObject({ spec: { id: 'P0.1.2', title: 'Title', estimateMinutes: 120 } })
    expect(task?.statedState).toBeUndefined()
  })

  test.each(['# Phase 0: Harbour', '### v1.0: Release', '## P0.1 - 28 tasks', '## UTF-8 is fine', '## Q4: Goals'])(
    'no task: %s',
    (heading) => {
      expect(parseText(`${heading}\n\nWords.\n`).tasks).toEqual([])
    },
  )

  test('a heading that groups tasks is none itself', () => {
    const document = parseText('## P0.1: Coordinator\nAbout it.\n### P0.1.1: One\n### P0.1.2: Two\n')
    expect(document.tasks.map(({ spec }) => spec.id)).toEqual(['P0.1.1', 'P0.1.2'])
  })

  test('a heading with an id from a table is a section, whatever its shape', () => {
    const document = parseText('| ID | Task |\n| --- | --- |\n| setup | Prepare |\n\n## setup\nWith care.\n')
    expect(taskOf(document, 'setup').spec).toMatchObject({ title: 'Prepare', description: 'With care.' })
  })

  test('labels in a list, values in lists beneath labels, prose kept as written', () => {
    const text = [
      '### A0.1: One',
      '- **Estimate:** 15 min',
      '- **Status:** done',
      '',
      '**Depends on:**',
      '- B0.1',
      '- B0.2 completed',
      '',
      '**Deliverable:**',
      '',
      'a `file`',
      '',
      '**Files:** kept',
      '',
      '```yaml',
      'id: x',
      '```',
      '',
      '- [ ] 25% - quarter',
      '- [ ] 60% - odd',
      '',
      '- [ ] B0.9: a note, no task',
    ]
    const document = parseText(text.join('\n'))
    expect(document.tasks.map(({ spec }) => spec.id)).toEqual(['A0.1', 'B0.1', 'B0.2'])
    expect(document.tasks[0]).toMatchObject({
      statedState: 'completed',
      spec: { estimateMinutes: 15, dependencies: ['B0.1', 'B0.2'], deliverable: 'a file' },
    })
    expect(document.tasks[0]?.spec.description).toContain('**Files:** kept\n\n```yaml\nid: x\n```')
  })

  test('milestones by their percent alone, and odd ones reported', () => {
    const document = parseText(
      '### A0.1: x\n\n- [ ] 25% - quarter\n- [ ] 60% - odd\n- [x] **100%**: all\n- 25% again\n',
    )
    expect(document.tasks[0]?.spec.milestones).toEqual([
      { percent: 25, text: 'quarter' },
      { percent: 100, text: 'all' },
    ])
    expect(problemsOf(document)).toEqual(['board.md:3 warning unreadable', 'board.md:3 warning unreadable'])
  })
})

describe('checklists', () => {
  test('nested items, brackets that are part of the title, and more words', () => {
    const text = [
      '- [ ] F1.1: Paint (blue, not red)',
      '  with a brush',
      '  - [x] F1.2: Dry (1h, Medium, sonnet)',
      '  - slowly',
      '- [ ] **F1.3**: Sell it ✅',
      '- [ ] later: no id',
    ]
    const document = parseText(text.join('\n'))
    expect(document.tasks.map(({ spec }) => spec.title)).toEqual([
      'Paint (blue, not red) with a brush',
      'Dry',
      'Sell it',
    ])
    expect(taskOf(document, 'F1.2')).toMatchObject({
      statedState: 'completed',
      spec: { estimateMinutes: 60, tier: 'sonnet', description: 'Complexity: Medium' },
    })
  })
})

describe('statuses', () => {
  test.each([
    ['🔵 AVAILABLE', 'available'],
    ['⚪', 'available'],
    ['Unclaimed', 'available'],
    ['Not started', 'available'],
    ['to do', 'available'],
    ['🟡 Claimed by session-4', 'claimed'],
    ['in-progress (50%)', 'claimed'],
    ['🚧', 'claimed'],
    ['WORKING', 'claimed'],
    ['⏳', 'blocked'],
    ['Blocked on P0.1.4', 'blocked'],
    ['waiting', 'blocked'],
    ['✅', 'completed'],
    ['✔️ Done', 'completed'],
    ['complete!', 'completed'],
    ['❌', 'failed'],
    ['Failed (twice)', 'failed'],
    ['🚫 Canceled', 'cancelled'],
    ['🚀', undefined],
    ['🔧', undefined],
    ['incomplete', undefined],
    ['🟢', undefined],
  ])('%s', (text, state) => {
    expect(readStatus(text)).toBe(state)
  })
})
