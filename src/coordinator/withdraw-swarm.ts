import type { CoordinatorDraft, TaskReleased } from './entries.js'
import { claimedTask } from './lookup.js'
import { releaseClaim } from './release-task.js'
import type { FabricState } from './state.js'

/** Entries that take a swarm from all its work: its claims are released, and its places as a helper are free again. */
export function withdrawSwarm(
  state: FabricState,
  swarm: string,
  cause: TaskReleased['cause'],
  options: { readonly reason: string; readonly exceptTask?: string | undefined },
): CoordinatorDraft[] {
  const entries: CoordinatorDraft[] = []
  const closed = new Set<string>()
  for (const task of state.held.claims.get(swarm)) {
    if (task === options.exceptTask) continue
    const released = releaseClaim(state, claimedTask(state, task), cause)
    for (const { type, subject } of released) if (type === 'blocker_resolved') closed.add(subject)
    entries.push(...released)
  }
  for (const id of state.helping.get(swarm)) {
    if (closed.has(id)) continue
    const task = state.blockers.get(id)?.task ?? ''
    if (task === options.exceptTask) continue
    entries.push({ type: 'help_declined', subject: id, data: { task, swarm, reason: options.reason } })
  }
  return entries
}
