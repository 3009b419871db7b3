import { describe, expect, test } from 'vitest'
import { dependenciesOf, parseText, problemsOf, taskOf } from './support.js'

const FOUR = ['P0.1.1', 'P0.1.2', 'P0.1.3', 'P0.1.4']

describe('dependencies', () => {
  test.each(['', '-', '—', 'None', 'none', 'N/A', 'TBD', 'None (can start now)', 'No dependencies'])(
    'nothing: %j',
    (cell) => {
      expect(dependenciesOf(cell)).toEqual([])
    },
  )

  test.each([
    ['P0.1.1', ['P0.1.1']],
    ['`P0.1.1`, **P0.1.2**', ['P0.1.1', 'P0.1.2']],
    ['P0.1.1, P0.1.2 and P0.1.3', ['P0.1.1', 'P0.1.2', 'P0.1.3']],
    ['P0.1.1, P0.1.2, and P0.1.3 completed.', ['P0.1.1', 'P0.1.2', 'P0.1.3']],
    ['P0.1.1; P0.1.2 & P0.1.4', ['P0.1.1', 'P0.1.2', 'P0.1.4']],
    ['P0.1.1/P0.1.2', ['P0.1.1', 'P0.1.2']],
    ['P0.1.1<br>P0.1.2', ['P0.1.1', 'P0.1.2']],
    ['[P0.1.1](#p011) (the bus)', ['P0.1.1']],
    ['after P0.1.1 is done', ['P0.1.1']],
    ['P0.1.1, P0.1.1', ['P0.1.1']],
    ['P7.1', ['P7.1']],
    ['setup', ['setup']],
  ])('a list: %s', (cell, expected) => {
    expect(dependenciesOf(cell)).toEqual(expected)
  })

  test.each([
    'P0.1.1-P0.1.4',
    'P0.1.1 - P0.1.4',
    'P0.1.1–P0.1.4',
    'P0.1.1 to P0.1.4',
    'P0.1.1 through P0.1.4 completed',
    'P0.1.1..P0.1.4',
    'P0.1.1-4',
    'P0.1.4 - P0.1.1',
    'Tasks P0.1.1-P0.1.2 and P0.1.3 to P0.1.4',
  ])('a range: %s', (cell) => {
    expect(dependenciesOf(cell)).toEqual(FOUR)
  })

  test('a range across groups holds what the board lists between its ends', () => {
    expect(dependenciesOf('P0.1.3 - P0.2.1')).toEqual(['P0.1.3', 'P0.1.4', 'P0.2.1'])
  })

  test('a range of tasks outside of the board, and one with leading zeros', () => {
    expect(dependenciesOf('P3.1-P3.3')).toEqual(['P3.1', 'P3.2', 'P3.3'])
    expect(dependenciesOf('T-008 to T-010')).toEqual(['T-008', 'T-009', 'T-010'])
  })

  test('a listed id with a dash is no range', () => {
    const table = '| ID | Task | Deps |\n| --- | --- | --- |\n| A1-A3 | One | - |\n| A9 | Two | A1-A3 |\n'
    expect(taskOf(parseText(table), 'A9').spec.dependencies).toEqual(['A1-A3'])
  })

  test.each(['All above', 'all of the above', 'All above tasks completed', 'All previous'])('%s', (cell) => {
    expect(dependenciesOf(cell)).toEqual([...FOUR, 'P0.2.1'])
  })

  test('all above counts within its table; the first of a table means everything before it but fillers', () => {
    const table = (...rows: string[]) => ['| ID | Task | Deps |', '| --- | --- | --- |', ...rows, ''].join('\n')
    const text = [
      table('| A1 | One | - |', '| F1 | Filler | - |'),
      table('| B1 | Two | - |', '| B2 | Three | All above |'),
      table('| C1 | Last | All above |'),
    ].join('\n')
    const document = parseText(text)
    expect(taskOf(document, 'B2').spec.dependencies).toEqual(['B1'])
    expect(taskOf(document, 'C1').spec.dependencies).toEqual(['A1', 'B1', 'B2'])
  })

  test('all above counts within its heading for detail sections', () => {
    const text = '## One\n### A0.1: x\n## Two\n### A1.1: y\n### A1.2: z\n**Depends on:** All above\n'
    expect(taskOf(parseText(text), 'A1.2').spec.dependencies).toEqual(['A1.1'])
  })

  test('words that name no task are reported and dropped', () => {
    const table = '| ID | Task | Deps |\n| --- | --- | --- |\n| A1 | One | when the wind turns |\n'
    expect(problemsOf(parseText(table))).toEqual(['board.md:3 warning unknown_dependency'])
  })

  test('forward references are dependencies like others', () => {
    const table = '| ID | Task | Deps |\n| --- | --- | --- |\n| A1 | One | A2 |\n| A2 | Two | - |\n'
    expect(parseText(table).tasks.map(({ spec }) => [spec.id, spec.dependencies, spec.external])).toEqual([
      ['A1', ['A2'], false],
      ['A2', [], false],
    ])
  })
})
