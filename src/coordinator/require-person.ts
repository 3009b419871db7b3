import { actorSwarm } from '../model/entry.js'
import { FabricError } from '../model/errors.js'

/** Throws FORBIDDEN for a swarm: what concerns its own limits is not a swarm's to change. */
export function requirePerson(actor: string, what: string): void {
  const swarm = actorSwarm(actor)
  if (swarm === undefined) return
  throw new FabricError('FORBIDDEN', `A swarm cannot ${what}. An administrator has to.`, { swarm })
}
