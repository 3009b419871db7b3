import { describe, expect, test } from 'vitest'
import { parseText, parseTexts, problemsOf, taskOf } from './support.js'

describe('tasks that are not recognised', () => {
  const table = (head: string, ...rows: string[]) =>
    ['# Tasks', '', head, head.replace(/[^|]+/g, ' --- '), ...rows].join('\n')

  test('leave a file without tasks, which is a warning', () => {
    expect(problemsOf(parseText(''))).toEqual(['board.md:1 warning no_tasks'])
    expect(problemsOf(parseText('Just prose.\n'))).toEqual(['board.md:1 warning no_tasks'])
    expect(problemsOf(parseTexts({ 'a.yaml': 'tasks: []\n' }))).toEqual(['a.yaml:1 warning no_tasks'])
    expect(problemsOf(parseTexts({ 'a.md': '- [ ] F1.1: Sweep\n', 'b.md': '' }))).toEqual(['b.md:1 warning no_tasks'])
    expect(problemsOf(parseTexts({ 'a.yaml': '[' }))).not.toContain('a.yaml:1 warning no_tasks')
  })

  test('in a table with columns of other names are a warning there', () => {
    const tables = [
      table('| Nr | Aufgabe | Dauer |', '| 1 | Planen | 2h |', '| 2 | Bauen | 3h |'),
      table('| Task ID | Titel |', '| A1 | Planen |'),
      table('| Kennung | Titel |', '| P0.1 | Planen |'),
    ]
    for (const text of tables) {
      expect(problemsOf(parseText(`${text}\n\n- [ ] F1.1: Sweep\n`))).toEqual(['board.md:3 warning no_tasks'])
    }
  })

  test('are none in tables about swarms, other things, or tasks known from elsewhere', () => {
    const sweep = '\n\n- [ ] F1.1: Sweep\n'
    expect(problemsOf(parseText(`${table('| Swarm | Room |', '| crew-4 | 12 |')}${sweep}`))).toEqual([])
    expect(problemsOf(parseText(`${table('| Port | Use |', '| 8080 | HTTP |')}${sweep}`))).toEqual([])
    expect(problemsOf(parseText(`${table('| ID | Note |', '| F1.1 | soon |')}${sweep}`))).toEqual([])
  })

  test('are read under Task ID and Title', () => {
    const document = parseText(table('| Task ID | Title |', '| A1 | Plan |'))
    expect(taskOf(document, 'A1').spec.title).toBe('Plan')
    expect(document.problems).toEqual([])
  })
})
