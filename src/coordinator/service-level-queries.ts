import { type Compliance, SERVICE_LEVELS, type ServiceLevel } from '../chassis/service-level/compliance.js'
import { complianceOf, openViolation, type ServiceLevelRow } from '../chassis/service-level/service-level.js'
import { summarizeRuns, summarizeWindow, type WindowSummary } from '../chassis/service-level/windows.js'
import { reputationOf } from '../governor/match.js'
import { requireSwarm } from './lookup.js'
import { type Page, type PageRequest, pageById } from './queries.js'
import type { FabricState } from './state.js'

/** How the module of a swarm does, and what follows from that. */
export interface ServiceStanding {
  readonly row: ServiceLevelRow
  readonly compliance: Compliance
  /** Promises that are broken. */
  readonly violated: readonly ServiceLevel[]
  readonly newest: WindowSummary
  readonly hour: WindowSummary
  readonly day: WindowSummary
  /** What the governor goes by: the one that was set times the measured one. */
  readonly effectiveReputation: number
}

/** Swarms whose module ran, by id; with `violated`, those that break a promise. */
export function listServiceLevels(
  state: FabricState,
  { violated }: { readonly violated: boolean },
  now: number,
  page: PageRequest,
): Page<ServiceStanding> {
  const rows = [...state.chassis.serviceLevels.values()]
    .filter((row) => !violated || violatedLevels(row).length > 0)
    .map((row) => ({ id: row.swarm, row }))
  const { items, ...rest } = pageById(rows, page)
  return { items: items.map(({ row }) => standing(state, row, now)), ...rest }
}

export function showServiceLevel(state: FabricState, swarm: string, now: number): ServiceStanding {
  requireSwarm(state, swarm)
  const row = state.chassis.serviceLevel(swarm)
  // Before its first run it promises what the contract says under which it was loaded.
  const loaded = state.chassis.modules.get(swarm)
  return standing(state, row.runs > 0 || loaded === undefined ? row : { ...row, levels: loaded.contract.slo }, now)
}

function standing(state: FabricState, row: ServiceLevelRow, now: number): ServiceStanding {
  return {
    row,
    compliance: complianceOf(row),
    violated: violatedLevels(row),
    newest: summarizeRuns(row.recent),
    hour: summarizeWindow(row.windows, 'hour', now),
    day: summarizeWindow(row.windows, 'day', now),
    effectiveReputation: reputationOf(requireSwarm(state, row.swarm)),
  }
}

function violatedLevels(row: ServiceLevelRow): ServiceLevel[] {
  return SERVICE_LEVELS.filter((level) => openViolation(row, level) !== undefined)
}
