import * as z from 'zod'
import type { BoardView } from '../board/view.js'
import { boardContents, listBlockers } from '../coordinator/queries.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { TASK_STATES } from '../model/task.js'
import * as field from './fields.js'
import { operation } from './operation.js'
import { EXPORT_FORMATS, type ExportFormat, exportView, importView } from './views.js'

export const importBoard = operation({
  summary: 'Import the tasks of a board, all of them or nothing; updates tasks that exist and never touches a claim.',
  role: 'orchestrator',
  method: 'POST',
  path: '/v1/boards/:board/import',
  input: z.strictObject({
    board: field.id,
    tasks: z
      .array(z.strictObject({ spec: z.strictObject(field.taskSpec), statedState: z.enum(TASK_STATES).exactOptional() }))
      .max(LIMITS.importTasks),
    dryRun: z.boolean().default(false),
  }),
  output: importView,
  bodyBytes: LIMITS.largeBodyBytes,
  example: {
    board: 'phase-0',
    tasks: [
      { spec: { id: 'A1', title: 'Plan', board: 'phase-0' } },
      { spec: { id: 'A2', title: 'Build', dependencies: ['A1'] } },
    ],
    dryRun: true,
  },
  mutates: true,
  keyed: false,
  run: ({ fabric, origin }, { board, tasks, dryRun }) =>
    fabric.submit({ type: 'import_board', board, tasks, dryRun }, origin),
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

/** The writers are loaded when they are needed; few processes export boards. */
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
