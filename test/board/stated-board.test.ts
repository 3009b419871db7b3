import { expect, test } from 'vitest'
import { exportMarkdown } from '../../src/board/export-markdown.js'
import { statedBoard } from '../../src/board/stated-board.js'
import { parseTexts, problemsOf } from './support.js'

const stated = (name: string, text: string) => statedBoard({ name, bytes: new TextEncoder().encode(text) })

test('an exported board names itself, the tasks of several together do not', () => {
  const view = { board: 'harbour', generatedAt: 0, swarms: [] }
  const { tasks } = parseTexts({ 'a.md': '| ID | Task |\n| --- | --- |\n| A1 | Plan |\n' })
  const life = { openDependencies: 0, attempts: 0, failures: 0, progress: [], openBlockers: [], evidence: [] }
  const born = { state: 'available' as const, createdIndex: 1, createdAt: 0, updatedAt: 0 }
  const rows = tasks.map(({ spec }) => ({ ...spec, ...life, ...born }))
  expect(stated('x.md', exportMarkdown({ ...view, tasks: rows }))).toBe('harbour')
  expect(stated('x.md', exportMarkdown({ ...view, board: 'fabric', tasks: rows }))).toBeUndefined()
})

test('YAML and JSON name it by a key', () => {
  expect(stated('a.yaml', '# first\nboard: "phase-0" # why\ntasks: []\n')).toBe('phase-0')
  expect(stated('a.json', '{"tasks": [], "board": "phase-0"}')).toBe('phase-0')
})

test('what names no board is no error here', () => {
  expect(
    stated('a.md', '# Board\n\n> <!-- board: quoted -->\n<!-- board: no id -->\n<!-- board: -x -->\n'),
  ).toBeUndefined()
  expect(stated('a.yaml', '- board: x\n')).toBeUndefined()
  expect(stated('a.yaml', 'board: [x]\n')).toBeUndefined()
  expect(stated('a.yaml', `board: ${'['.repeat(20_000)}`)).toBeUndefined()
  expect(statedBoard({ name: 'a.md', bytes: Uint8Array.of(0xff) })).toBeUndefined()
})

test('a file read as another board than it names is a warning', () => {
  const document = parseTexts({ 'a.md': '# Tasks\n<!-- board: pier -->\n\n- [ ] F1.1: Sweep\n' })
  expect(problemsOf(document)).toEqual(['a.md:2 warning bad_id'])
})
