import type { BoardTask } from '../model/board.js'
import { LIMITS } from '../model/limits.js'
import type { TaskKind, TaskSpec } from '../model/task.js'
import { isFillerId } from './identify.js'
import type { MergedTask } from './merge.js'
import type { Problems } from './problems.js'
import { cleaned } from './text.js'

/** Priority of a task whose board states none. */
const DEFAULT_PRIORITY = 50

export function kindOf({ id, fields }: MergedTask): TaskKind | 'external' {
  return fields.kind?.value ?? (isFillerId(id) ? 'filler' : 'primary')
}

/** The task that the mentions of an id add up to. */
export function boardTask(task: MergedTask, board: string, problems: Problems): BoardTask {
  const { id, fields, location, dependencies } = task
  const kind = kindOf(task)
  const external = kind === 'external'
  const title = fields.title?.value ?? (external ? placeholderTitle(id) : undefined)
  if (title === undefined) problems.error('missing_title', location, `${id} has no title. Say what is to be done.`)
  const description = describe(task)
  const spec: TaskSpec = {
    id,
    title: title ?? id,
    ...(description !== '' && { description }),
    kind: external ? 'primary' : kind,
    dependencies,
    requires: fields.requires?.value ?? [],
    priority: fields.priority?.value ?? DEFAULT_PRIORITY,
    ...(fields.estimateMinutes && { estimateMinutes: fields.estimateMinutes.value }),
    ...(fields.tier && { tier: fields.tier.value }),
    ...(fields.deliverable && { deliverable: fields.deliverable.value }),
    acceptance: fields.acceptance?.value ?? [],
    milestones: fields.milestones?.value ?? [],
    keyTests: fields.keyTests?.value ?? [],
    board,
    ...(fields.owner && { owner: fields.owner.value }),
    ...(fields.module && { module: fields.module.value }),
    ...(fields.maxCostNanos && { maxCostNanos: fields.maxCostNanos.value }),
    external,
  }
  checkSize(spec, task, problems)
  return { spec, location, ...(fields.state && { statedState: fields.state.value }) }
}

function describe({ fields, notes }: MergedTask): string {
  const parts = [fields.description?.value ?? '', cleaned(notes.join('\n')).trim()]
  return parts.filter((part) => part !== '').join('\n\n')
}

/** Work that a board waits for and does not describe. */
export function externalTask(id: string, board: string, location: BoardTask['location']): BoardTask {
  const spec: TaskSpec = {
    id,
    title: placeholderTitle(id),
    kind: 'primary',
    dependencies: [],
    requires: [],
    priority: DEFAULT_PRIORITY,
    acceptance: [],
    milestones: [],
    keyTests: [],
    board,
    external: true,
  }
  return { spec, location }
}

function placeholderTitle(id: string): string {
  return `External task ${id}`
}

/** Bounds that operations put on the same fields; a board that exceeds one is told where. */
function checkSize(spec: TaskSpec, { location, fields }: MergedTask, problems: Problems): void {
  const notes = [...spec.acceptance, ...spec.keyTests, ...spec.milestones.map(({ text }) => text)]
  const bounds = [
    { name: 'title', size: spec.title.length, limit: LIMITS.titleChars, at: fields.title },
    { name: 'description', size: spec.description?.length ?? 0, limit: LIMITS.textChars, at: fields.description },
    { name: 'deliverable', size: spec.deliverable?.length ?? 0, limit: LIMITS.noteChars, at: fields.deliverable },
    { name: 'longest list item', size: longest(notes), limit: LIMITS.noteChars, at: undefined },
  ]
  const lists = [
    { name: 'acceptance criteria', list: spec.acceptance, at: fields.acceptance },
    { name: 'key tests', list: spec.keyTests, at: fields.keyTests },
    { name: 'capabilities', list: spec.requires, at: fields.requires },
  ]
  const fail = (at: BoardTask['location'] | undefined, message: string) =>
    problems.error('too_large', at ?? location, `${spec.id}: ${message}`)
  for (const { name, size, limit, at } of bounds) {
    if (size > limit) fail(at, `the ${name} has ${size} characters, more than ${limit}. Shorten it.`)
  }
  for (const { name, list, at } of lists) {
    if (list.length > LIMITS.listItems)
      fail(at, `${list.length} ${name} are more than ${LIMITS.listItems}. Split the task.`)
  }
  const bytes = new TextEncoder().encode(JSON.stringify(spec)).length
  if (bytes > LIMITS.taskBytes) fail(location, `the task has ${bytes} bytes, more than ${LIMITS.taskBytes}. Split it.`)
}

function longest(texts: readonly string[]): number {
  return texts.reduce((length, text) => Math.max(length, text.length), 0)
}
