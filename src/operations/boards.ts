import * as z from 'zod'
import type { BoardView } from '../board/view.js'
import { boardContents, listBlockers } from '../coordinator/queries.js'
import type { BoardDocument } from '../model/board.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import * as field from './fields.js'
import { operation } from './operation.js'
import { EXPORT_FORMATS, type ExportFormat, exportView, importView, lintView } from './views.js'

const files = z
  .array(
    z.strictObject({ name: z.string().min(1).max(LIMITS.titleChars), content: z.string().max(LIMITS.boardFileBytes) }),
  )
  .min(1)
  .max(LIMITS.listItems)
type Files = z.output<typeof files>

const EXAMPLE_BOARD = '| ID | Task | Dependencies |\n| --- | --- | --- |\n| A1 | Plan | None |\n| A2 | Build | A1 |\n'

export const importBoard = operation({
  summary: 'Import board files, all of them or nothing; updates tasks that exist and never touches a claim.',
  role: 'orchestrator',
  method: 'POST',
  path: '/v1/boards/:board/import',
  input: z.strictObject({ board: field.id, files, dryRun: z.boolean().default(false) }),
  output: importView,
  example: { board: 'phase-0', files: [{ name: 'board.md', content: EXAMPLE_BOARD }], dryRun: true },
  mutates: true,
  keyed: false,
  run: async ({ fabric, origin }, { board, files, dryRun }) => {
    const { tasks, problems } = await parse(board, files)
    const errors = problems.filter(({ severity }) => severity === 'error')
    if (errors.length > 0) {
      const first = errors[0]
      const message = `The files have ${errors.length} errors, the first in ${first?.file}:${first?.line}: ${first?.message} Nothing was imported.`
      throw new FabricError('INVALID_ARGUMENT', message, { field: 'files', problems })
    }
    const specs = tasks.map(({ location: _, ...task }) => task)
    const report = await fabric.submit({ type: 'import_board', board, tasks: specs, dryRun }, origin)
    return { ...report, problems }
  },
})

export const lint = operation({
  summary: 'Read board files and report every problem with file and line; nothing changes.',
  role: 'viewer',
  method: 'POST',
  path: '/v1/boards/:board/lint',
  input: z.strictObject({ board: field.id, files }),
  output: lintView,
  example: { board: 'phase-0', files: [{ name: 'board.md', content: EXAMPLE_BOARD }] },
  mutates: false,
  keyed: false,
  run: async (_context, { board, files }) => {
    const { tasks, problems } = await parse(board, files)
    const errors = problems.filter(({ severity }) => severity === 'error').length
    return { board, tasks: tasks.length, errors, warnings: problems.length - errors, problems }
  },
})

export const exportBoard = operation({
  summary: 'Export a board, or all tasks, with live status: as Markdown, JSON, or one STATUS file per swarm.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/export',
  input: z.strictObject({ board: field.id.exactOptional(), format: z.enum(EXPORT_FORMATS).default('markdown') }),
  output: exportView,
  example: { board: 'phase-0', format: 'markdown' },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, { board, format }) => {
    const view = await fabric.read((state, now): BoardView => {
      const blockers = listBlockers(state, { open: true }, { limit: LIMITS.tasks }).items
      return { board: board ?? fabric.name, generatedAt: now, blockers, ...boardContents(state, board) }
    })
    if (board !== undefined && view.tasks.length === 0) {
      throw new FabricError('NOT_FOUND', `There is no task of a board ${board}. See \`ifab task list\`.`, { board })
    }
    return { format, files: await render(view, format) }
  },
})

/** The parsers are slow to load and few processes import boards, so they come when they are needed. */
async function parse(board: string, files: Files): Promise<BoardDocument> {
  const { parseBoard } = await import('../board/parse.js')
  const encoder = new TextEncoder()
  return parseBoard(
    files.map(({ name, content }) => ({ name, bytes: encoder.encode(content) })),
    { board },
  )
}

async function render(view: BoardView, format: ExportFormat): Promise<{ name: string; content: string }[]> {
  if (format === 'json') {
    const { exportJson } = await import('../board/export-json.js')
    return [{ name: `${view.board}.json`, content: exportJson(view) }]
  }
  if (format === 'markdown') {
    const { exportMarkdown } = await import('../board/export-markdown.js')
    return [{ name: `${view.board}.md`, content: exportMarkdown(view) }]
  }
  const { exportStatusYaml, statusFileName, swarmStatus } = await import('../board/status-file.js')
  return view.swarms
    .filter(({ state }) => state === 'active')
    .map(({ id }) => ({ name: statusFileName(id), content: exportStatusYaml(swarmStatus(view, id)) }))
}
