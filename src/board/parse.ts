import type { BoardDocument, BoardTask } from '../model/board.js'
import { findCycles } from '../model/graph.js'
import { requireId } from '../model/ids.js'
import { LIMITS } from '../model/limits.js'
import { collectDetails, collectRows } from './collect.js'
import { checkCounts } from './count.js'
import { type BoardFile, decodeFile, isYaml } from './decode.js'
import type { TaskDraft } from './draft.js'
import { Likeness } from './likeness.js'
import { type MarkdownFile, parseMarkdown } from './markdown.js'
import { type MergedTask, mergeDrafts } from './merge.js'
import { checkOverlooked } from './overlooked.js'
import { Problems } from './problems.js'
import { runsOf } from './range.js'
import { Directory } from './references.js'
import { boardTask, externalTask } from './spec.js'
import { checkBoardComment } from './stated-board.js'
import { readYaml } from './yaml.js'

export interface ParseOptions {
  /** Id of the board that the files make up together. */
  readonly board: string
}

/**
 * Reads the files of one board: Markdown tables, detail sections and checklists, and YAML. Bad input never throws; it
 * becomes problems, each with its file and line. A board with an error is not to be imported.
 *
 * Throws INVALID_ARGUMENT when `options.board` is no id.
 */
export function parseBoard(files: readonly BoardFile[], options: ParseOptions): BoardDocument {
  const board = requireId(options.board, 'board')
  const problems = new Problems()
  const { drafts, markdown } = readFiles(files, board, problems)
  const merged = mergeDrafts(drafts, new Directory(drafts), problems)
  const names = files.map(({ name }) => name)
  checkOverlooked(names, markdown, drafts, problems)
  checkCounts(markdown, drafts, merged, problems)
  checkCycles(merged, problems)
  const tasks = merged.map((task) => boardTask(task, board, problems))
  const externals = placeholders(merged, board, problems)
  const total = tasks.length + externals.length
  if (total > LIMITS.importTasks) {
    const message = `The board has ${total} tasks, more than ${LIMITS.importTasks}. Import it as several boards.`
    problems.error('too_large', tasks[0]?.location ?? { file: files[0]?.name ?? '', line: 1 }, message)
  }
  return { board, tasks: [...tasks, ...externals], problems: problems.list(names) }
}

function readFiles(files: readonly BoardFile[], board: string, problems: Problems) {
  const markdown: MarkdownFile[] = []
  const rows: TaskDraft[] = []
  for (const file of files) {
    const source = decodeFile(file, problems)
    if (source === undefined) continue
    guard(file.name, problems, () => {
      if (isYaml(file.name)) {
        rows.push(...readYaml(file.name, source, board, problems))
        return
      }
      checkBoardComment(file.name, source, board, problems)
      const parsed = parseMarkdown(file.name, source)
      markdown.push(parsed)
      rows.push(...collectRows(parsed, problems))
    })
  }
  const known = new Set(rows.map(({ id }) => id))
  const details: TaskDraft[] = []
  for (const file of markdown) {
    guard(file.name, problems, () => details.push(...collectDetails(file, known, problems)))
  }
  const order = new Map(files.map(({ name }, index) => [name, index]))
  const position = ({ file }: TaskDraft) => order.get(file) ?? 0
  const drafts = [...rows, ...details].toSorted((a, b) => position(a) - position(b) || a.line - b.line)
  return { drafts, markdown }
}

/** Parsers recurse; a file that is nested past the stack is a bad file, not a fault. */
function guard(file: string, problems: Problems, read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    problems.error('unreadable', { file, line: 1 }, 'The file is nested too deeply to be read. Make it flatter.')
  }
}

function checkCycles(tasks: readonly MergedTask[], problems: Problems): void {
  const byId = new Map(tasks.map((task) => [task.id, task]))
  for (const cycle of findCycles(byId.keys(), (id) => byId.get(id)?.dependencies)) {
    const at = byId.get(cycle[0] ?? '')?.dependenciesAt
    const path = cycle.length > PATH_IDS ? [...cycle.slice(0, PATH_IDS), '...', cycle.at(-1)] : cycle
    const message = `These tasks wait for each other: ${path.join(' -> ')}. Take one dependency out.`
    if (at !== undefined) problems.error('dependency_cycle', at, message)
  }
}

const PATH_IDS = 32

/** Tasks that are named only as a dependency, in the order of their first mention. */
function placeholders(tasks: readonly MergedTask[], board: string, problems: Problems): BoardTask[] {
  const ids = tasks.map(({ id }) => id)
  const known = new Set(ids)
  const externals = new Map<string, BoardTask>()
  let likeness: Likeness | undefined
  for (const { id, dependencies, dependenciesAt } of tasks) {
    const unknown = dependencies.filter((dependency) => !known.has(dependency) && !externals.has(dependency))
    for (const dependency of unknown) externals.set(dependency, externalTask(dependency, board, dependenciesAt))
    for (const run of runsOf(unknown)) {
      likeness ??= new Likeness(ids)
      const suspect = run.find((dependency) => likeness?.suspect(dependency) !== undefined)
      if (suspect === undefined) continue
      const named = run.length === 1 ? suspect : `${run[0]} to ${run.at(-1)}`
      const reason = `which no file defines: ${likeness.suspect(suspect)} It is taken as external work.`
      problems.warn('unknown_dependency', dependenciesAt, `${id} depends on ${named}, ${reason}`)
    }
  }
  return [...externals.values()]
}
