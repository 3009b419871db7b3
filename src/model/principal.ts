import { ADMIN_ACTOR, swarmActor } from './entry.js'

/** Rights from the least to the most; each role may do everything that the ones before it may. */
export const ROLES = ['viewer', 'swarm', 'orchestrator', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** A caller that has shown who it is. */
export interface Principal {
  /** As entries name it: `admin`, `swarm:<id>`, or `<role>:<name>` for others. */
  readonly actor: string
  readonly role: Role
  /** The swarm that it is; only of role `swarm`. */
  readonly swarm?: string
  /** Id of its token, which is no secret; absent for the admin token of the data directory. */
  readonly token?: string
  /** When its token ends, milliseconds since the Unix epoch. */
  readonly expiresAt?: number
}

/** A token as the fabric knows it. The token itself is known to its owner only. */
export interface TokenRow {
  readonly id: string
  readonly role: Role
  /** Whom it stands for: the id of a swarm, or a name. */
  readonly name: string
  /** SHA-256 of its secret, hex. */
  readonly hash: string
  /** The token in whose place it is. */
  readonly replaces?: string
  readonly issuedAt: number
  /** Actor that issued it. */
  readonly issuedBy: string
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
}

/** Whoever holds the admin token of the data directory. */
export const ADMINISTRATOR: Principal = { actor: ADMIN_ACTOR, role: 'admin' }

export function principalOf({ id, role, name, expiresAt }: TokenRow): Principal {
  const actor = actorOf(role, name)
  return { actor, role, ...(role === 'swarm' && { swarm: name }), token: id, expiresAt }
}

export function actorOf(role: Role, name: string): string {
  return role === 'swarm' ? swarmActor(name) : `${role}:${name}`
}

/** Whether `role` may do what asks for `least`. */
export function isAtLeast(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least)
}
