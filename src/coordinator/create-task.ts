import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { TaskRow, TaskSpec } from '../model/task.js'
import type { EntryOf } from './entries.js'
import { openDependencies, taskRow } from './lookup.js'
import type { FabricState } from './state.js'
import { changedFields, jsonBytes, withDistinctNames, withSpec } from './task-spec.js'
import type { Decide, Evolve } from './transition.js'

/** Creates a task. Creating the same again changes nothing; the same id with other content is a CONFLICT. */
export const createTask: Decide<'create_task'> = (state, command) => {
  const spec = withDistinctNames(command.task)
  requireTaskSize(spec)
  const known = state.tasks.get(spec.id)
  if (known === undefined) {
    requireNewId(state, spec)
    const unknown = spec.dependencies.filter((dependency) => !state.knowsTask(dependency))
    if (unknown.length > 0) {
      throw new FabricError('NOT_FOUND', `${spec.id} depends on ${unknown.join(', ')}. Create those tasks first.`, {
        task: spec.id,
        dependencies: unknown,
      })
    }
    return {
      entries: [{ type: 'task_created', subject: spec.id, data: spec }],
      reply: (after) => taskRow(after, spec.id),
    }
  }
  const fields = changedFields(known, spec)
  if (fields.length === 0) return { entries: [], reply: () => known }
  throw new FabricError('CONFLICT', `Task ${spec.id} exists with another ${fields.join(', ')}. Choose another id.`, {
    task: spec.id,
    fields,
  })
}

function requireNewId(state: FabricState, spec: TaskSpec): void {
  if (state.archived.has(spec.id)) {
    throw new FabricError('CONFLICT', `The id ${spec.id} is taken. Choose another.`, { task: spec.id })
  }
  if (spec.dependencies.includes(spec.id)) {
    throw new FabricError('CONFLICT', `${spec.id} cannot depend on itself.`, { cycle: [spec.id, spec.id] })
  }
  if (state.tasks.size >= LIMITS.tasks) {
    throw new FabricError('RATE_LIMITED', `The fabric has its limit of ${LIMITS.tasks} tasks in memory.`)
  }
}

/** A finished task must fit into one entry with its evidence, so its description has a bound of its own. */
export function requireTaskSize(spec: TaskSpec): void {
  const bytes = jsonBytes(spec)
  if (bytes <= LIMITS.taskBytes) return
  throw new FabricError(
    'INVALID_ARGUMENT',
    `Task ${spec.id} takes ${bytes} bytes; at most ${LIMITS.taskBytes} fit. Shorten its texts.`,
    {
      task: spec.id,
      bytes,
      maxBytes: LIMITS.taskBytes,
    },
  )
}

export const taskCreated: Evolve<EntryOf<'task_created'>> = (state, { index, at, data }) => {
  const row: TaskRow = {
    ...data,
    state: 'blocked',
    createdIndex: index,
    createdAt: at,
    updatedAt: at,
    openDependencies: 0,
    attempts: 0,
    failures: 0,
    progress: [],
    openBlockers: [],
    evidence: [],
  }
  state.putTask(settled(state, row))
}

/** A new description of a known task. A claim on it goes on; what waits may start or have to wait. */
export const taskUpdated: Evolve<EntryOf<'task_updated'>> = (state, { subject, at, data }) => {
  state.putTask(settled(state, { ...withSpec(taskRow(state, subject), data), updatedAt: at }))
}

/** The row with the state that follows from its dependencies, unless it is claimed or finished. */
export function settled(state: FabricState, row: TaskRow): TaskRow {
  const open = openDependencies(state, row.dependencies).length
  if (row.state !== 'blocked' && row.state !== 'available') return { ...row, openDependencies: open }
  return { ...row, openDependencies: open, state: open > 0 || row.external ? 'blocked' : 'available' }
}
