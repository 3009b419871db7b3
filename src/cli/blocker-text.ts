import type { BlockerView } from '../operations/views.js'
import { alignColumns } from './columns.js'

/** One line for each blocker. */
export function blockerLines(blockers: readonly BlockerView[]): string[] {
  const rows = blockers.map((blocker) => [
    blocker.id,
    blocker.state,
    blocker.kind,
    blocker.task,
    blocker.swarm,
    blocker.helpers.map(({ swarm, state }) => `${swarm} ${state}`).join(', '),
    blocker.resolution ?? blocker.needs,
  ])
  return alignColumns(['BLOCKER', 'STATE', 'KIND', 'TASK', 'SWARM', 'HELPERS', 'NEEDS'], rows)
}
