import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml'
import type { SourceLocation } from '../model/board.js'
import { isId } from '../model/ids.js'
import type { TaskDraft } from './draft.js'
import { type FieldName, fieldNamed, LIST_FIELDS } from './fields.js'
import type { Problems } from './problems.js'
import { stateField } from './readers.js'
import { checkStatedBoard } from './stated-board.js'
import { badIdMessage } from './table.js'
import { quote } from './text.js'
import { firstTooDeepLine } from './yaml-depth.js'

/** A YAML (or JSON) board: `{ board, tasks: [{ id, title, dependencies, ... }] }`. Unknown keys are errors. */
export function readYaml(file: string, source: string, board: string, problems: Problems): TaskDraft[] {
  const tooDeep = firstTooDeepLine(source)
  if (tooDeep !== undefined) {
    problems.error('unreadable', { file, line: tooDeep }, 'The YAML is nested deeper than a board is. Make it flatter.')
    return []
  }
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: true, schema: 'core' })
  for (const { message, pos } of document.errors) {
    const text = message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '')
    problems.error(
      'unreadable',
      { file, line: Math.max(1, lines.linePos(pos[0]).line) },
      `The YAML is broken: ${text}.`,
    )
  }
  if (document.errors.length > 0) return []
  return new YamlReader(file, board, lines, problems).read(document.contents)
}

class YamlReader {
  readonly #file: string
  readonly #board: string
  readonly #lines: LineCounter
  readonly #problems: Problems

  constructor(file: string, board: string, lines: LineCounter, problems: Problems) {
    this.#file = file
    this.#board = board
    this.#lines = lines
    this.#problems = problems
  }

  read(contents: Node | null): TaskDraft[] {
    const drafts: TaskDraft[] = []
    if (!isMap(contents)) {
      this.#fail(contents, 'A YAML board is a map with the keys board and tasks.')
      return drafts
    }
    for (const pair of contents.items) {
      const key = keyOf(pair)
      const value = pair.value as Node | null
      if (key === 'board') this.#checkBoard(value)
      else if (key === 'tasks' && isSeq(value)) {
        for (const item of value.items) drafts.push(...this.#readTask(item as Node | null))
      } else if (key === 'tasks') this.#fail(value ?? pair.key, 'tasks is not a list. Write one item per task.')
      else this.#fail(pair.key, `${quote(key)} is no key of a board. Use board and tasks.`)
    }
    return drafts
  }

  #checkBoard(value: Node | null): void {
    const name = isScalar(value) ? String(value.value) : ''
    checkStatedBoard(name, this.#board, this.#at(value), this.#problems)
  }

  #readTask(node: Node | null): TaskDraft[] {
    if (!isMap(node)) {
      this.#fail(node, 'A task is a map with at least the keys id and title.')
      return []
    }
    const id =
      node.items.filter((pair) => keyOf(pair) === 'id').map(({ value }) => textOf(value as Node | null))[0] ?? ''
    if (!isId(id)) {
      this.#problems.error('bad_id', this.#at(node), badIdMessage(id).replace('The row', 'The task'))
      return []
    }
    const scope = `${this.#file}:tasks`
    const draft: TaskDraft = { ...this.#at(node), id, form: 'row', scope, fields: {}, notes: [] }
    for (const pair of node.items) this.#readKey(draft, pair)
    return [draft]
  }

  #readKey(draft: TaskDraft, pair: Pair): void {
    const key = keyOf(pair)
    const value = pair.value as Node | null
    if (key === 'id') return
    const field = fieldNamed(key.replace(/(?<=[a-z])(?=[A-Z])/g, ' '))
    if (key === 'external') this.#readExternal(draft, value)
    else if (field === undefined || field === 'id') {
      this.#fail(pair.key, `${draft.id}: ${quote(key)} is no key of a task. Remove it, or see the list of keys.`)
    } else {
      const items = this.#itemsOf(draft, field, value)
      if (items !== undefined) stateField(draft, field, items, this.#at(value ?? pair.key), this.#problems)
    }
  }

  #readExternal(draft: TaskDraft, value: Node | null): void {
    if (!isScalar(value) || typeof value.value !== 'boolean') {
      this.#fail(value, `${draft.id}: external is neither true nor false.`)
    } else if (value.value) stateField(draft, 'kind', ['external'], this.#at(value), this.#problems)
  }

  /** One text per item; a bare number is an estimate in minutes. */
  #itemsOf(draft: TaskDraft, field: FieldName, value: Node | null): string[] | undefined {
    if (value === null || (isScalar(value) && value.value === null)) return []
    const nodes = isSeq(value) && LIST_FIELDS.has(field) ? (value.items as Node[]) : [value]
    const items: string[] = []
    for (const node of nodes) {
      const text = field === 'milestones' ? milestoneText(node) : textOf(node)
      if (text === undefined) {
        this.#fail(node, `${draft.id}: this is no value for ${field}. Write a text, or a list where several are meant.`)
        return undefined
      }
      items.push(field === 'estimateMinutes' && /^\d+$/.test(text) ? `${text}m` : text)
    }
    return items
  }

  #fail(node: unknown, message: string): void {
    this.#problems.error('unreadable', this.#at(node), message)
  }

  #at(node: unknown): SourceLocation {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined
    const line = range ? this.#lines.linePos(range[0]).line : 1
    return { file: this.#file, line: Math.max(1, line) }
  }
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : ''
}

function textOf(node: Node | null): string | undefined {
  if (!isScalar(node)) return undefined
  const { value, source } = node
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? (source ?? String(value)) : undefined
}

/** `25% - text`, or `{ percent: 25, text: ... }`. */
function milestoneText(node: Node): string | undefined {
  if (!isMap(node)) return textOf(node)
  const percent = node.get('percent')
  const text = node.get('text')
  const complete = node.items.length === 2 && typeof percent === 'number' && typeof text === 'string'
  return complete ? `${percent}% - ${text}` : undefined
}
