import { describe, expect, test } from 'vitest'
import { parseText, parseTexts, problemsOf, taskOf } from './support.js'

describe('control characters', () => {
  test('in a file become spaces, with one warning at the first', () => {
    const document = parseText('| ID | Task |\n| --- | --- |\n| A1 | red\u001b[31m |\n| A2 | beep\u0007 |\n')
    expect(document.tasks.map(({ spec }) => spec.title)).toEqual(['red [31m', 'beep'])
    expect(problemsOf(document)).toEqual(['board.md:3 warning unreadable'])
  })

  test('that a reference or an escape brings in do so too; a title is one line', () => {
    const row = parseText('| ID | Task | Note |\n| --- | --- | --- |\n| A1 | red&#12;<br>tape | x&#12;y |\n')
    expect(taskOf(row, 'A1').spec).toMatchObject({ title: 'red  tape', description: 'Note: x y' })
    expect(problemsOf(row)).toEqual(['board.md:3 warning unreadable'])
    const yaml = parseTexts({ 'a.yaml': 'tasks:\n  - id: A1\n    title: "a\\ud800\\nb"\n    deliverable: "\\a"\n' })
    expect(taskOf(yaml, 'A1').spec.title).toBe('a  b')
    expect(taskOf(yaml, 'A1').spec.deliverable).toBeUndefined()
    expect(problemsOf(yaml)).toEqual(['a.yaml:3 warning unreadable', 'a.yaml:4 warning unreadable'])
  })
})
