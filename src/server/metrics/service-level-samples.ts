import { SERVICE_LEVELS } from '../../chassis/service-level/compliance.js'
import { openViolation } from '../../chassis/service-level/service-level.js'
import type { FabricState } from '../../coordinator/state.js'
import type { Exposition } from './exposition.js'

/**
 * Promises and reputations of all modules together: a series for each swarm would grow with the work. What a retired one
 * broke is nobody's concern any more.
 */
export function addServiceLevels(page: Exposition, { chassis, swarms }: FabricState): void {
  const rows = [...chassis.serviceLevels.values()].filter(({ swarm }) => swarms.get(swarm)?.state === 'active')
  for (const level of SERVICE_LEVELS) {
    const violated = rows.filter((row) => openViolation(row, level) !== undefined)
    page.add('infrafabric_service_levels_violated', violated.length, { level })
  }
  const reduced = rows.filter(({ reputation }) => reputation < 1)
  const lowest = reduced.reduce((least, { reputation }) => Math.min(least, reputation), 1)
  page.add('infrafabric_reputation_lowest_ratio', lowest)
  page.add('infrafabric_reputation_reduced_swarms', reduced.length)
}
