import { ADMIN_ACTOR, actorSwarm, FABRIC_ACTOR } from '../model/entry.js'
import { FabricError } from '../model/errors.js'

/** Throws FORBIDDEN for a swarm: what concerns its own limits is not a swarm's to change. */
export function requirePerson(actor: string, what: string): void {
  const swarm = actorSwarm(actor)
  if (swarm === undefined) return
  throw new FabricError('FORBIDDEN', `A swarm cannot ${what}. An administrator has to.`, { swarm })
}

/** Throws FORBIDDEN for everybody but the fabric itself, which says what it did. */
export function requireFabric(actor: string, what: string): void {
  if (actor === FABRIC_ACTOR) return
  throw new FabricError('FORBIDDEN', `${actor} cannot ${what}. The fabric does that by itself.`)
}

/** Throws FORBIDDEN for everybody but an administrator: who may come in is for nobody else to say. */
export function requireAdministrator(actor: string, what: string): void {
  if (actor === ADMIN_ACTOR || actor === FABRIC_ACTOR || actor.startsWith('admin:')) return
  throw new FabricError('FORBIDDEN', `${actor} cannot ${what}. An administrator has to.`)
}
