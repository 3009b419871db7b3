import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { FileProblem } from '../../user-file/file-problem.js'
import { readYamlTree, type YamlTree } from '../../user-file/yaml-tree.js'
import { fieldOf, meantName, type StatusField } from './fields.js'
import type { StatusProblem } from './status.js'

/** What a file says about one field. */
export interface Statement {
  readonly field: StatusField
  /** Plain YAML: text, number, boolean, null, list or map. */
  readonly value: unknown
  readonly line: number
}

export interface Statements {
  readonly statements: readonly Statement[]
  readonly problems: readonly StatusProblem[]
}

/** Reads the fields of a status file, in their order. Where the YAML is broken, what stands on lines of their own is read. */
export function readStatements(file: string, text: string): Statements {
  try {
    return ofTree(readYamlTree(file, withoutEnd(text), LIMITS.statusFileBytes))
  } catch (error) {
    if (!(error instanceof FabricError) || error.code !== 'INVALID_ARGUMENT') throw error
    const problems = problemsOf(error)
    const several = problems.find(({ problem }) => problem.startsWith('A second document'))
    const isBroken = Array.isArray(error.details.problems) && several === undefined
    const statements = isBroken ? ofLines(text) : []
    if (statements.length === 0) return { statements, problems: several === undefined ? problems : [several] }
    const [first] = problems
    const problem = `${first?.problem ?? 'The YAML is broken.'} Only what stands on lines of its own was read.`
    return { statements, problems: [{ line: first?.line ?? 1, problem }] }
  }
}

/** A line that ends the document begins no other. */
function withoutEnd(text: string): string {
  return text.replace(/\n(?:---|\.\.\.)\s*$/, '\n')
}

function problemsOf({ message, details }: FabricError): StatusProblem[] {
  const { problems, line } = details as { problems?: readonly FileProblem[]; line?: number }
  const rows = problems?.map((one) => ({ line: one.line, problem: one.message }))
  return rows ?? [{ line: line ?? 1, problem: message.replace(/^.*?:\d+: /, '') }]
}

function ofTree({ value, lineOf, problems }: YamlTree): Statements {
  const told = problems.map(({ line, message }) => ({ line, problem: message }))
  const isAlone = Array.isArray(value) && value.length === 1
  const root: unknown = isAlone ? value[0] : value
  const at = isAlone ? [0] : []
  if (!isMap(root)) {
    const problem = 'A status is a map of fields, such as current_task: P0.1.2.'
    return { statements: [], problems: [...told, { line: 1, problem }] }
  }
  const statements: Statement[] = []
  for (const [key, item] of Object.entries(root)) {
    const line = lineOf([...at, key])
    const inner = isMap(item) ? ofMap(key, item, (child) => lineOf([...at, key, child])) : []
    const field = fieldOf(key)
    if (inner.length > 0) statements.push(...inner)
    else if (field !== undefined) statements.push({ field, value: item, line })
    else told.push(...slip(key, line))
  }
  return { statements, problems: told }
}

/** `task: {id: P0.1.2, progress: 50}` says what `task_id` and `progress` do. */
function ofMap(around: string, map: object, lineOf: (key: string) => number): Statement[] {
  return Object.entries(map).flatMap(([key, value]) => {
    const field = fieldOf(key, around)
    return field === undefined ? [] : [{ field, value, line: lineOf(key) }]
  })
}

function slip(key: string, line: number): StatusProblem[] {
  const meant = meantName(key)
  return meant === undefined ? [] : [{ line, problem: `There is no such field. Did you mean ${meant}?` }]
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const FIELD_LINE = /^["']?([A-Za-z][\w .-]{0,60}?)["']?\s*:(?:\s+(.*))?$/
const ITEM_LINE = /^\s*-\s+(.*)$/

/** `key: text` and lists below a key, whatever the text has in it. */
function ofLines(text: string): Statement[] {
  const statements: { field: StatusField; value: unknown; line: number }[] = []
  let items: string[] | undefined
  for (const [index, content] of text.split('\n').entries()) {
    const [, item] = ITEM_LINE.exec(content) ?? []
    if (item !== undefined) {
      items?.push(unquoted(item))
      continue
    }
    const [, key, rest = ''] = FIELD_LINE.exec(content) ?? []
    // A line that is indented belongs to something of which nothing is known here.
    if (key === undefined) continue
    items = rest.trim() === '' ? [] : undefined
    const field = fieldOf(key)
    if (field !== undefined) statements.push({ field, value: items ?? unquoted(rest), line: index + 1 })
  }
  return statements.filter(({ value }) => !Array.isArray(value) || value.length > 0)
}

function unquoted(text: string): string {
  const plain = text.replace(/(?<=\s)#.*$/, '').trim()
  return /^(["']).*\1$/.test(plain) ? plain.slice(1, -1) : plain
}
