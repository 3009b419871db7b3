import type { Table } from 'mdast'
import type { TaskDraft } from './draft.js'
import { fieldNamed } from './fields.js'
import { isDistinctId } from './identify.js'
import { lineOf, type MarkdownFile, plainText } from './markdown.js'
import type { Problems } from './problems.js'
import { isTaskTable } from './table.js'
import { withoutEmoji } from './text.js'

/** Warns of files without tasks, and of tables that look like tasks and are read as something else. */
export function checkOverlooked(
  files: readonly string[],
  markdown: readonly MarkdownFile[],
  drafts: readonly TaskDraft[],
  problems: Problems,
): void {
  const known = new Set(drafts.map(({ id }) => id))
  const filesWithTasks = new Set(drafts.map(({ file }) => file))
  for (const file of files) {
    if (filesWithTasks.has(file) || problems.hasError(file)) continue
    const message = 'The file holds no task that could be recognised. Write a table with the columns ID and Task.'
    problems.warn('no_tasks', { file, line: 1 }, message)
  }
  for (const { name, sections } of markdown) {
    for (const block of sections.flatMap(({ blocks }) => blocks)) {
      if (block.type !== 'table' || !isOverlooked(block, known)) continue
      const message = 'The table looks like one of tasks and is not read as one. Name its columns ID and Task.'
      problems.warn('no_tasks', { file: name, line: lineOf(block) }, message)
    }
  }
}

/** A table under an id column, or of ids in its first column, that tells of other ids than the tasks found. */
function isOverlooked(table: Table, known: ReadonlySet<string>): boolean {
  if (isTaskTable(table)) return false
  const [head, ...rows] = table.children
  const fields = (head?.children ?? []).map((cell) => fieldNamed(withoutEmoji(plainText(cell))))
  const named = fields.indexOf('id')
  const column = Math.max(named, 0)
  const ids = rows.map(({ children }) => plainText(children[column] ?? [])).filter((text) => text !== '')
  if (ids.length === 0 || ids.every((id) => known.has(id))) return false
  if (named !== -1) return ids.every((id) => /^\S*\d\S*$/.test(id))
  const other = fields[0] !== undefined && fields[0] !== 'title'
  return !other && ids.every(isDistinctId)
}
