import type { Table, TableRow } from 'mdast'
import { isId } from '../model/ids.js'
import type { TaskDraft } from './draft.js'
import { type FieldName, fieldNamed, LIST_FIELDS, normalizeName } from './fields.js'
import { kindOfSection } from './kinds.js'
import { lineOf, plainText, type Section } from './markdown.js'
import type { Problems } from './problems.js'
import { stateField } from './readers.js'
import { quote, saysNothing, withoutEmoji } from './text.js'

interface Column {
  readonly header: string
  readonly field: FieldName | undefined
  /** Unit that the header gives to bare numbers: `Est (h)`. */
  readonly unit: string
}

/** Tasks of a table, one per row; empty when the table is about something else. */
export function readTable(table: Table, section: Section, file: string, problems: Problems): TaskDraft[] {
  const columns = columnsOf(table)
  if (columns === undefined) return []
  const scope = `${file}:${lineOf(table)}`
  const drafts: TaskDraft[] = []
  for (const row of table.children.slice(1)) {
    const cells = row.children.map((cell) => plainText(cell))
    const draft = readRow(row, cells, columns, { file, scope }, problems)
    if (draft === undefined) continue
    const kind = kindOfTable(columns) ?? kindOfSection(section)
    if (kind !== undefined) stateField(draft, 'kind', [kind], draft, problems)
    drafts.push(draft)
  }
  return drafts
}

/** Whether a table lists tasks: it has ids, and a title or two other fields of a task. */
export function isTaskTable(table: Table): boolean {
  return columnsOf(table) !== undefined
}

function columnsOf(table: Table): Column[] | undefined {
  const columns = (table.children[0]?.children ?? []).map((cell) => columnNamed(plainText(cell)))
  const taken = new Set<FieldName>()
  const unique = columns.map((column) => {
    if (column.field === undefined || taken.has(column.field)) return { ...column, field: undefined }
    taken.add(column.field)
    return column
  })
  if (taken.has('id')) return tellsOfTasks(unique) ? unique : undefined
  return withIdsUnderTask(table, unique)
}

function columnNamed(header: string): Column {
  const unit = /\b(?:h|hours?)\b/i.test(header) ? 'h' : /\b(?:m|min|mins|minutes)\b/i.test(header) ? 'm' : ''
  return { header: withoutEmoji(header), field: fieldNamed(withoutEmoji(header)), unit }
}

/** Many tables have an `ID` and a `Name`; one of tasks says `Task`, or more than that. */
function tellsOfTasks(columns: readonly Column[]): boolean {
  const fields = columns.filter(({ field }) => field !== undefined && field !== 'id')
  const names = fields.map(({ header }) => normalizeName(header))
  const ofTasks = columns.some(({ header }) => normalizeName(header) === 'task id') && hasText(columns)
  return ofTasks || names.some((name) => /^(?:task|filler)\b/.test(name)) || (fields.length >= 2 && hasText(columns))
}

function hasText(columns: readonly Column[]): boolean {
  return columns.some(({ field }) => field === 'title' || field === 'description')
}

/** `| Task | Description | ...` with ids in the column `Task`. */
function withIdsUnderTask(table: Table, columns: readonly Column[]): Column[] | undefined {
  const index = columns.findIndex(({ header }) => normalizeName(header) === 'task')
  const rows = table.children.slice(1)
  if (index === -1 || rows.length === 0 || !columns.some(({ field }) => field === 'description')) return undefined
  const allIds = rows.every(({ children }) => {
    const cell = children[index]
    return cell !== undefined && isId(plainText(cell)) && /\d/.test(plainText(cell))
  })
  if (!allIds) return undefined
  return columns.map((column, position) => {
    if (position === index) return { ...column, field: 'id' }
    return column.field === 'description' ? { ...column, field: 'title' } : column
  })
}

function kindOfTable(columns: readonly Column[]): 'filler' | undefined {
  return columns.some(({ header }) => /^filler\b/.test(normalizeName(header))) ? 'filler' : undefined
}

function readRow(
  row: TableRow,
  cells: readonly string[],
  columns: readonly Column[],
  place: { readonly file: string; readonly scope: string },
  problems: Problems,
): TaskDraft | undefined {
  const at = { file: place.file, line: lineOf(row) }
  const written = cells[columns.findIndex(({ field }) => field === 'id')] ?? ''
  const id = isId(written) ? written : withoutEmoji(written)
  if (!isId(id)) {
    const filled = cells.filter((cell) => !saysNothing(cell))
    if (filled.length > 1 || (filled.length === 1 && id === '')) problems.error('bad_id', at, badIdMessage(id))
    return undefined
  }
  const draft: TaskDraft = { ...at, id, form: 'row', scope: place.scope, fields: {}, notes: [] }
  for (const [index, column] of columns.entries()) {
    const text = cells[index] ?? ''
    if (column.field === 'id' || text === '') continue
    if (column.field !== undefined) stateField(draft, column.field, itemsOf(text, column, column.field), at, problems)
    else if (column.header !== '' && !saysNothing(text)) draft.notes.push(`${column.header}: ${text}`)
  }
  return draft
}

function itemsOf(text: string, { unit }: Column, field: FieldName): string[] {
  if (field === 'estimateMinutes' && /^\d+(?:\.\d+)?$/.test(text)) return [`${text}${unit}`]
  return LIST_FIELDS.has(field) ? text.split('\n').map((line) => line.trim()) : [text]
}

export function badIdMessage(id: string): string {
  if (id === '') return 'The row has no id. Give the task one, like P0.1.2.'
  return `${quote(id)} is no id. Use up to 128 letters, digits, '.', '_', ':' or '-', starting with a letter or digit.`
}
