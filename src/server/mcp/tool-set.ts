import type { Tool as ToolListing } from '@modelcontextprotocol/server'
import { isAtLeast, type Role } from '../../model/principal.js'
import { listingOf } from './listing.js'
import { operationTools } from './operation-tools.js'
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

const all = new Map<Role, ToolSet>()

/** The core tools and every other operation that a role may call. Made once for each role. */
export function allTools(role: Role): ToolSet {
  const known = all.get(role)
  if (known !== undefined) return known
  const made = toolSet(
    CORE_TOOLS,
    operationTools(role === 'swarm', (least) => isAtLeast(role, least)),
  )
  all.set(role, made)
  return made
}
