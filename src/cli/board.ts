import { parse as parsePath } from 'node:path'
import type { FabricClient } from '../client/client.js'
import type { BoardDocument, BoardProblem } from '../model/board.js'
import { FabricError } from '../model/errors.js'
import type { InputOf, OutputOf } from '../operations/table.js'
import { type Answer, answer } from './answer.js'
import type { CliCommand } from './command.js'
import { problemLine } from './failure.js'
import { choice } from './option-values.js'
import { counted } from './text.js'
import { readBoardFiles, type TextFile, writeExport, writeInto } from './user-file.js'

export function addBoardCommands(program: CliCommand): void {
  const board = program.command('board').description('import, check and export task boards')
  addImport(board)
  board
    .command('lint')
    .description('check board files and change nothing; exits with 2 when an import would refuse them')
    .argument('<files...>', 'Markdown or YAML files of one board')
    .option('--board <name>', 'name of the board (default: what the files state, else the name of the first)')
    .example('ifab board lint BOARD.md')
    .does((_call, paths: string[], { board: name }: { board?: string }) => lint(paths, name))
  addExport(board)
}

interface ImportOptions {
  readonly board?: string
  readonly dryRun?: boolean
}

function addImport(board: CliCommand): void {
  board
    .command('import')
    .description('take over the tasks of board files, all or none; claims go on')
    .argument('<files...>', 'Markdown or YAML files of one board')
    .option('--board <name>', 'name of the board (default: what the files state, else the name of the first)')
    .option('--dry-run', 'only say what would change')
    .example('ifab board import BOARD.md --dry-run')
    .asks(async (fabric, paths: string[], { board: name, dryRun }: ImportOptions) => {
      return importDocument(fabric, await readValidBoard(paths, name), dryRun)
    })
}

/** Takes over what was read, all of it or nothing. */
export async function importDocument(fabric: FabricClient, document: BoardDocument, dryRun?: boolean): Promise<Answer> {
  const { board, tasks, problems } = document
  const specs = tasks.map(({ location: _, ...task }) => task)
  const report = await fabric.board.import({ board, tasks: specs, dryRun })
  return answer({ ...report, problems }, importLines(report, problems))
}

/** The board of some files. Throws INVALID_ARGUMENT with what is wrong in them. */
export async function readValidBoard(paths: readonly string[], name?: string): Promise<BoardDocument> {
  const document = await readBoard(paths, name)
  refuseErrors(document.problems)
  return document
}

/** Reads the files here and not in the fabric: however large or odd they are, nobody else waits for it. */
async function readBoard(paths: readonly string[], name: string | undefined): Promise<BoardDocument> {
  const files = await readBoardFiles(paths)
  const { parseBoard } = await import('../board/parse.js')
  const { statedBoard } = await import('../board/stated-board.js')
  const stated = () => files.map(statedBoard).find((board) => board !== undefined)
  return parseBoard(files, { board: name ?? stated() ?? boardName(paths) })
}

function refuseErrors(problems: readonly BoardProblem[]): void {
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return
  const message = `The files have ${counted(errors.length, 'error')}. Mend them and import again. Nothing was imported.`
  throw new FabricError('INVALID_ARGUMENT', message, { problems })
}

/** `boards/PHASE 0.md` is the board `PHASE-0`: the same files are the same board again. */
function boardName([first = '']: readonly string[]): string {
  const { name } = parsePath(first)
  const id = name.replace(/[^A-Za-z0-9._:-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  return id.slice(0, LONGEST_ID) || 'board'
}

const LONGEST_ID = 128

type ImportReport = OutputOf<'board', 'import'>

function importLines({ board, dryRun, changes, missing }: ImportReport, problems: readonly BoardProblem[]): string[] {
  const actions = ['create', 'update', 'complete', 'cancel', 'unchanged'] as const
  const counts = actions.flatMap((action) => {
    const count = changes.filter((change) => change.action === action).length
    return count === 0 ? [] : [`${count} ${VERBS[action]}`]
  })
  const shown = changes.filter(({ action }) => action !== 'unchanged')
  return [
    ...problems.map(problemLine),
    ...(dryRun ? shown.map(({ task, action, fields }) => `${action} ${task} ${fields.join(', ')}`.trimEnd()) : []),
    `${dryRun ? 'Would import' : 'Imported'} board ${board}: ${counts.join(', ') || 'no tasks'}.`,
    ...(missing.length === 0 ? [] : [`Left alone, the files do not name them: ${missing.join(', ')}`]),
    dryRun ? 'Next: the same without --dry-run' : 'Next: ifab ready',
  ]
}

const VERBS = {
  create: 'created',
  update: 'updated',
  complete: 'completed',
  cancel: 'cancelled',
  unchanged: 'unchanged',
} as const

async function lint(paths: readonly string[], name: string | undefined): Promise<Answer> {
  const { board, tasks, problems } = await readBoard(paths, name)
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const warnings = problems.length - errors
  const found = `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`
  return {
    value: { board, tasks: tasks.length, errors, warnings, problems },
    lines: [...problems.map(problemLine), `Board ${board}: ${counted(tasks.length, 'task')}, ${found}.`],
    exit: errors === 0 ? 0 : 2,
  }
}

const FORMATS = ['markdown', 'json', 'status'] as const

interface ExportOptions {
  readonly format: InputOf<'board', 'export'>['format']
  readonly board?: string
  readonly out?: string
}

function addExport(board: CliCommand): void {
  board
    .command('export')
    .description('write the board with its live status; format status makes one STATUS file for each swarm')
    .option('--format <format>', FORMATS.join(', '), choice(FORMATS), 'markdown')
    .option('--board <name>', 'only tasks of this board')
    .option('--out <path>', 'file or directory to write to (default: stdout)')
    .example('ifab board export --format markdown --out BOARD.md')
    .asks(async (fabric, { format, board: name, out }: ExportOptions) => {
      const exported = await fabric.board.export({ format, board: name })
      if (out === undefined) return { value: exported, lines: exportLines(exported.files), verbatim: true }
      // The names of STATUS files say whose they are, and how many there are changes with the swarms.
      const written = await (format === 'status' ? writeInto : writeExport)(out, exported.files)
      return answer(
        { format: exported.format, written },
        written.map((path) => `Wrote ${path}.`),
      )
    })
}

/** Several files become one YAML stream that names each. */
function exportLines(files: readonly TextFile[]): string[] {
  const several = files.length > 1
  return files.flatMap(({ name, content }) => [
    ...(several ? [`--- # ${name}`] : []),
    ...content.replace(/\n$/, '').split('\n'),
  ])
}
