import { readFileSync } from 'node:fs'
import { parseBoard } from '../../src/board/parse.js'
import type { BoardDocument, BoardTask } from '../../src/model/board.js'

const encoder = new TextEncoder()

/** Parses texts as the files of the board `harbour`. */
export function parseTexts(texts: Readonly<Record<string, string>>): BoardDocument {
  const files = Object.entries(texts).map(([name, text]) => ({ name, bytes: encoder.encode(text) }))
  return parseBoard(files, { board: 'harbour' })
}

export function parseText(text: string): BoardDocument {
  return parseTexts({ 'board.md': text })
}

/** A Markdown file of the wild; kept as `.txt` so that no formatter tidies it. */
export function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name.replace('.md', '.txt')}`, import.meta.url), 'utf8')
}

export function taskOf(document: BoardDocument, id: string): BoardTask {
  const task = document.tasks.find(({ spec }) => spec.id === id)
  if (task === undefined) throw new Error(`no task ${id} among ${document.tasks.map(({ spec }) => spec.id).join(', ')}`)
  return task
}

/** Problems as `file:line severity code`. */
export function problemsOf(document: BoardDocument): string[] {
  return document.problems.map(({ file, line, severity, code }) => `${file}:${line} ${severity} ${code}`)
}

/** Ids that a dependency cell resolves to, on a board that lists `P0.1.1` to `P0.1.4` and `P0.2.1` before it. */
export function dependenciesOf(cell: string): readonly string[] {
  const rows = ['P0.1.1', 'P0.1.2', 'P0.1.3', 'P0.1.4', 'P0.2.1'].map((id) => `| ${id} | Before | - |`)
  const table = ['| ID | Task | Depends on |', '| --- | --- | --- |', ...rows, `| P9 | After | ${cell} |`]
  return taskOf(parseText(table.join('\n')), 'P9').spec.dependencies
}

/** The bytes of a text in UTF-8, decoded as Windows-1252 the way browsers do. */
export function misdecode(text: string): string {
  return [...encoder.encode(text)].map(characterOf).join('')
}

const HIGH = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'

function characterOf(byte: number): string {
  return byte >= 0x80 && byte < 0xa0 ? (HIGH[byte - 0x80] ?? '') : String.fromCharCode(byte)
}
