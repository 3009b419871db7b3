import { FabricError } from '../model/errors.js'
import { findCycles } from '../model/graph.js'
import { LIMITS } from '../model/limits.js'
import type { TaskSpec, TaskState } from '../model/task.js'
import type { ImportBoard } from './commands.js'
import { requireTaskSize } from './create-task.js'
import { afterCompletion } from './dependencies.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { closeBlockers } from './release-task.js'
import type { ImportAction, ImportReport } from './replies.js'
import type { FabricState } from './state.js'
import { changedFields, withDistinctNames } from './task-spec.js'
import type { Decide, Evolve } from './transition.js'

interface PlannedChange {
  readonly spec: TaskSpec
  readonly action: ImportAction
  readonly fields: readonly string[]
  /** Applied after the change itself. */
  readonly outcome?: 'completed' | 'cancelled'
}

/**
 * Takes a whole board over, or nothing of it. New tasks are created, changed ones updated, claims go on, and tasks that
 * the files do not name any more are left alone. A dry run reports the same and writes nothing.
 */
export const importBoard: Decide<'import_board'> = (state, command) => {
  const plan = planImport(state, command)
  const report: ImportReport = {
    board: command.board,
    dryRun: command.dryRun,
    changes: [...plan.values()].map(({ spec, action, fields }) => ({ task: spec.id, action, fields })),
    missing: missingTasks(state, command),
  }
  const changed = [...plan.values()].some(({ action }) => action !== 'unchanged')
  return {
    entries: command.dryRun || !changed ? [] : importEntries(state, command.board, plan),
    reply: () => report,
  }
}

type Plan = ReadonlyMap<string, PlannedChange>

function planImport(state: FabricState, { board, tasks }: ImportBoard): Plan {
  const plan = new Map<string, PlannedChange>()
  for (const { spec: stated, statedState } of tasks) {
    const spec = withDistinctNames({ ...stated, board })
    if (plan.has(spec.id)) {
      throw new FabricError('INVALID_ARGUMENT', `The board names ${spec.id} twice.`, { task: spec.id })
    }
    requireTaskSize(spec)
    plan.set(spec.id, planTask(state, board, spec, statedState))
  }
  requireRoom(state, plan)
  requireKnownDependencies(state, plan)
  const [cycle] = findCycles(plan.keys(), (id) => plan.get(id)?.spec.dependencies ?? state.tasks.get(id)?.dependencies)
  if (cycle !== undefined) {
    throw new FabricError('CONFLICT', `These tasks would wait for each other for ever: ${cycle.join(' -> ')}.`, {
      cycle,
    })
  }
  return plan
}

function planTask(state: FabricState, board: string, spec: TaskSpec, stated: TaskState | undefined): PlannedChange {
  const outcome = stated === 'completed' || stated === 'cancelled' ? { outcome: stated } : {}
  const known = state.tasks.get(spec.id)
  if (known === undefined) {
    if (state.archived.has(spec.id)) return { spec, action: 'unchanged', fields: [] }
    return { spec, action: 'create', fields: [], ...outcome }
  }
  const isOthers = !known.external || known.board !== board
  if (spec.external && isOthers) return { spec: known, action: 'unchanged', fields: [] }
  if (!known.external && known.board !== board) {
    throw new FabricError(
      'CONFLICT',
      `Task ${spec.id} belongs to ${known.board ?? 'no board'}; ${board} cannot take it.`,
      {
        task: spec.id,
        board: known.board ?? null,
      },
    )
  }
  const fields = changedFields(known, spec)
  const canFinish = known.state === 'blocked' || known.state === 'available' || known.state === 'failed'
  if (canFinish && outcome.outcome !== undefined) {
    return { spec, action: outcome.outcome === 'completed' ? 'complete' : 'cancel', fields, ...outcome }
  }
  return { spec, action: fields.length > 0 ? 'update' : 'unchanged', fields }
}

function requireRoom(state: FabricState, plan: Plan): void {
  const created = [...plan.values()].filter(({ action }) => action === 'create').length
  if (state.tasks.size + created <= LIMITS.tasks) return
  throw new FabricError(
    'RATE_LIMITED',
    `The fabric holds at most ${LIMITS.tasks} tasks in memory; this adds ${created}.`,
  )
}

function requireKnownDependencies(state: FabricState, plan: Plan): void {
  for (const { spec } of plan.values()) {
    const unknown = spec.dependencies.filter((id) => !plan.has(id) && !state.knowsTask(id))
    if (unknown.length > 0) {
      throw new FabricError('NOT_FOUND', `${spec.id} depends on ${unknown.join(', ')}, which nobody defines.`, {
        task: spec.id,
        dependencies: unknown,
      })
    }
  }
}

function missingTasks(state: FabricState, { board, tasks }: ImportBoard): string[] {
  const named = new Set(tasks.map(({ spec }) => spec.id))
  const missing: string[] = []
  for (const task of state.tasks.values()) if (task.board === board && !named.has(task.id)) missing.push(task.id)
  return missing
}

/**
 * A task comes after what it depends on, so that its state follows from theirs when it is folded; what the fabric knew
 * before and the files do not change is unblocked explicitly.
 */
function importEntries(state: FabricState, board: string, plan: Plan): CoordinatorDraft[] {
  const entries: CoordinatorDraft[] = []
  const completed = new Set<string>()
  for (const id of dependenciesFirst(state, plan)) {
    const change = plan.get(id)
    if (change === undefined || change.action === 'unchanged') continue
    const { spec, fields, outcome } = change
    if (change.action === 'create') entries.push({ type: 'task_created', subject: id, data: spec })
    else if (fields.length > 0) entries.push({ type: 'task_updated', subject: id, data: spec })
    if (outcome === undefined) continue
    entries.push(...closeBlockers(state, id))
    if (outcome === 'completed') {
      completed.add(id)
      entries.push({
        type: 'task_completed',
        subject: id,
        data: { evidence: [], summary: `Stated by board ${board}.` },
      })
    } else {
      entries.push({ type: 'task_cancelled', subject: id, data: { reason: `Stated by board ${board}.` } })
    }
  }
  const rewritten = (id: string) => plan.get(id)?.action === 'create' || (plan.get(id)?.fields.length ?? 0) > 0
  const consequences = afterCompletion(state, completed).filter(
    ({ type, subject }) => type !== 'task_unblocked' || !rewritten(subject),
  )
  return [summaryOf(board, plan), ...entries, ...consequences]
}

function summaryOf(board: string, plan: Plan): CoordinatorDraft {
  const count = (...actions: ImportAction[]) =>
    [...plan.values()].filter(({ action }) => actions.includes(action)).length
  const data = {
    created: count('create'),
    updated: count('update', 'cancel'),
    completed: count('complete'),
    unchanged: count('unchanged'),
  }
  return { type: 'board_imported', subject: board, data }
}

/**
 * Ids in an order in which every task comes after its dependencies. It leads through tasks that the plan does not name:
 * otherwise a changed description could close a cycle for the moment until the next one opens it again.
 */
function dependenciesFirst(state: FabricState, plan: Plan): string[] {
  const order: string[] = []
  const seen = new Set<string>()
  for (const start of plan.keys()) {
    const stack = seen.has(start) ? [] : [{ id: start, next: 0 }]
    seen.add(start)
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const { dependencies } = plan.get(frame.id)?.spec ?? state.tasks.get(frame.id) ?? { dependencies: [] }
      const dependency = dependencies[frame.next]
      frame.next += 1
      if (dependency === undefined) {
        order.push(frame.id)
        stack.pop()
      } else if (!seen.has(dependency)) {
        seen.add(dependency)
        stack.push({ id: dependency, next: 0 })
      }
    }
  }
  return order
}

/** A marker in the log; the tasks have entries of their own. */
export const boardImported: Evolve<EntryOf<'board_imported'>> = () => {}
