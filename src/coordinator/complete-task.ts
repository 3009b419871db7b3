import { swarmActor } from '../model/entry.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { TaskRow } from '../model/task.js'
import type { CompleteTask } from './commands.js'
import { afterCompletion } from './dependencies.js'
import type { CoordinatorDraft, EntryOf } from './entries.js'
import { claimOutcome, countOutcome, judgeOutcome } from './judge-outcome.js'
import { requireClaim, requireTask, taskRow } from './lookup.js'
import { closeBlockers } from './release-task.js'
import { requirePerson } from './require-person.js'
import type { FabricState } from './state.js'
import { jsonBytes } from './task-spec.js'
import type { Decide, Evolve } from './transition.js'

/**
 * Completes a task with evidence and unblocks what waited for it. Repeating the word that completed it changes nothing
 * and gets the same answer, so a lost reply can be asked for again.
 */
export const completeTask: Decide<'complete_task'> = (state, command, context) => {
  const row = requireTask(state, command.task)
  if (isRepeated(row, command)) {
    return { entries: [], reply: () => ({ task: row, unblocked: [] }) }
  }
  const { evidence, summary } = command
  const said = { evidence, ...(summary !== undefined && { summary }) }
  requireEvidenceSize(said)
  const by = completer(state, row, command, context.actor)
  const entries: CoordinatorDraft[] = closeBlockers(state, row.id)
  entries.push({ type: 'task_completed', subject: row.id, data: { ...by, ...said } })
  const consequences = afterCompletion(state, new Set([row.id]))
  const unblocked = consequences.filter(({ type }) => type === 'task_unblocked').map(({ subject }) => subject)
  entries.push(...consequences)
  if (by.swarm !== undefined && by.epoch !== undefined) {
    judgeOutcome(state, by.swarm, claimOutcome(by.epoch, true), row.id, context, entries)
  }
  return {
    entries,
    ...(by.swarm !== undefined && { actor: swarmActor(by.swarm) }),
    reply: (after) => ({ task: taskRow(after, row.id), unblocked }),
  }
}

/** The holder, whose epoch it must be; nobody for an external placeholder, which a person marks done. */
function completer(
  state: FabricState,
  row: TaskRow,
  command: CompleteTask,
  actor: string,
): { swarm?: string; epoch?: number } {
  if (command.epoch === undefined) {
    requireExternal(row)
    requirePerson(actor, 'mark done what is done elsewhere')
    return {}
  }
  const { claim } = requireClaim(state, { ...command, epoch: command.epoch })
  return { swarm: claim.swarm, epoch: claim.epoch }
}

function isRepeated(row: TaskRow, { epoch, swarm }: CompleteTask): boolean {
  if (row.state !== 'completed') return false
  if (epoch === undefined) return row.external
  return row.completedEpoch === epoch && (swarm === undefined || swarm === row.completedBy)
}

function requireEvidenceSize(said: unknown): void {
  const bytes = jsonBytes(said)
  if (bytes <= LIMITS.evidenceBytes) return
  throw new FabricError(
    'INVALID_ARGUMENT',
    `Evidence and summary take ${bytes} bytes; at most ${LIMITS.evidenceBytes} fit. Name files by path and digest.`,
    { bytes, maxBytes: LIMITS.evidenceBytes },
  )
}

function requireExternal(row: TaskRow): void {
  if (!row.external) {
    throw new FabricError(
      'INVALID_ARGUMENT',
      `${row.id} needs the epoch of its claim (\`--epoch N\`). Only external placeholders are marked done without one.`,
      { task: row.id },
    )
  }
  if (row.state !== 'blocked') {
    throw new FabricError('WRONG_STATE', `${row.id} is ${row.state}.`, { task: row.id, state: row.state })
  }
}

export const taskCompleted: Evolve<EntryOf<'task_completed'>> = (state, { subject, at, data }) => {
  const { claim: _, notBefore: __, ...task } = taskRow(state, subject)
  state.putTask({
    ...task,
    state: 'completed',
    openBlockers: [],
    evidence: data.evidence,
    ...(data.summary !== undefined && { summary: data.summary }),
    ...(data.swarm !== undefined && { completedBy: data.swarm }),
    ...(data.epoch !== undefined && { completedEpoch: data.epoch }),
    finishedAt: at,
    updatedAt: at,
  })
  closeDependency(state, subject)
  if (data.swarm !== undefined && data.epoch !== undefined) {
    countOutcome(state, data.swarm, claimOutcome(data.epoch, true))
  }
}

function closeDependency(state: FabricState, completed: string): void {
  for (const id of state.dependents.get(completed)) {
    const dependent = taskRow(state, id)
    state.putTask({ ...dependent, openDependencies: dependent.openDependencies - 1 })
  }
}
