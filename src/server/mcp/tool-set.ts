import type { Tool as ToolListing } from '@modelcontextprotocol/server'
import { isAtLeast, type Role } from '../../model/principal.js'
import { listingOf } from './listing.js'
import type { Tool } from './tool.js'
import { CORE_TOOLS } from './tools.js'

/** Tools that one client gets, with how they are listed. */
export interface ToolSet {
  readonly byName: ReadonlyMap<string, Tool>
  readonly listings: readonly ToolListing[]
}

function toolSet(core: readonly Tool[], others: readonly Tool[] = []): ToolSet {
  return {
    byName: new Map([...core, ...others].map((tool) => [tool.name, tool])),
    listings: [...core.map((tool) => listingOf(tool, true)), ...others.map((tool) => listingOf(tool, false))],
  }
}

export const CORE: ToolSet = toolSet(CORE_TOOLS)

const all = new Map<Role, Promise<ToolSet>>()

/** The core tools and every other operation that a role may call. Made once for each role, and not before. */
export function allTools(role: Role): Promise<ToolSet> {
  const known = all.get(role) ?? makeAll(role)
  all.set(role, known)
  return known
}

async function makeAll(role: Role): Promise<ToolSet> {
  // With the table of operations comes most of this program, which a bridge with the core tools does not need.
  const { operationTools } = await import('./operation-tools.js')
  const isSwarm = role === 'swarm'
  return toolSet(
    CORE_TOOLS,
    operationTools(isSwarm, (least) => isAtLeast(role, least)),
  )
}
