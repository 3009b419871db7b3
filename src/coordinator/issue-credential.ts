import type { CredentialEndpoint, CredentialHolder, CredentialRow } from '../chassis/credential/credential.js'
import { isLive } from '../chassis/credential/credential.js'
import type { EntryDraft } from '../model/entry.js'
import { assertInvariant, FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { requireAdmitted } from './eligibility.js'
import type { EntryOf } from './entries.js'
import { requireClaim } from './lookup.js'
import { requireAdministrator } from './require-person.js'
import type { FabricState } from './state.js'
import type { Decide, DecisionContext, Evolve } from './transition.js'

/** Gives a live claim a right: by an administrator, or by the fabric for a module that it runs. */
export const issueCredential: Decide<'issue_credential'> = (state, { type: _, ...wanted }, context) => {
  requireAdministrator(context.actor, 'issue credentials')
  const draft = credentialDraft(state, wanted, context)
  return { entries: [draft], reply: (after) => credentialRow(after, draft.subject) }
}

interface WantedCredential extends CredentialHolder {
  readonly endpoints: readonly CredentialEndpoint[]
  readonly ttlMs: number
}

/** Throws BREAKER_OPEN, STALE_CLAIM, CONFLICT, RATE_LIMITED or INVALID_ARGUMENT where the claim cannot have it. */
function credentialDraft(
  state: FabricState,
  { ttlMs, endpoints, swarm, task, epoch }: WantedCredential,
  { now, nextIndex }: DecisionContext,
): EntryDraft<EntryOf<'credential_issued'>> {
  // A swarm on probation works at its trial, so only an open breaker stands in the way.
  if (state.governor.breaker(swarm).state === 'open') requireAdmitted(state, swarm)
  requireClaim(state, { swarm, task, epoch })
  requireRoom(state, epoch, now)
  const bytes = Buffer.byteLength(JSON.stringify(endpoints))
  if (bytes > LIMITS.credentialBytes) {
    const message = `These endpoints take ${bytes} bytes of at most ${LIMITS.credentialBytes}. Name fewer hosts and paths.`
    throw new FabricError('INVALID_ARGUMENT', message, { field: 'endpoints', bytes, maxBytes: LIMITS.credentialBytes })
  }
  const expiresAt = now + Math.min(ttlMs, LIMITS.credentialTtlMs)
  const data = { swarm, task, epoch, endpoints, expiresAt }
  return { type: 'credential_issued', subject: `credential-${nextIndex}`, data }
}

function requireRoom({ chassis }: FabricState, epoch: number, now: number): void {
  if (chassis.credentialsOf(epoch, now).length >= LIMITS.credentialsPerClaim) {
    const message = `The claim has ${LIMITS.credentialsPerClaim} credentials. Revoke one first: ifab chassis credentials list.`
    throw new FabricError('CONFLICT', message, { epoch })
  }
  if (chassis.credentials.hasRoom(now)) return
  const message = `The fabric has its limit of ${LIMITS.credentials} credentials. Wait until some end, or revoke some.`
  throw new FabricError('RATE_LIMITED', message)
}

/**
 * Puts another credential in the place of one. The old one stays good for a moment, so that requests that are under way
 * go on.
 */
export const rotateCredential: Decide<'rotate_credential'> = (state, { id, ttlMs, graceMs }, context) => {
  requireAdministrator(context.actor, 'rotate credentials')
  const old = requireCredential(state, id, context.now)
  const { data, ...draft } = credentialDraft(state, { ...old, ttlMs }, context)
  const replaces = { id, expiresAt: Math.min(old.expiresAt, context.now + graceMs) }
  return {
    entries: [{ ...draft, data: { ...data, replaces } }],
    reply: (after) => credentialRow(after, draft.subject),
  }
}

/** Ends a credential at once, and with it those in whose place it is and those in its place. */
export const revokeCredential: Decide<'revoke_credential'> = (state, { id, reason }, { now, actor }) => {
  requireAdministrator(actor, 'revoke credentials')
  const row = requireCredential(state, id, now)
  const { swarm, task, epoch } = row
  const data = { swarm, task, epoch, ...(reason !== undefined && { reason }) }
  return {
    entries: lineOf(state, row, now).map((subject) => ({ type: 'credential_revoked', subject, data })),
    reply: () => row,
  }
}

/** A credential with those before and after it that are good: rotation must not save one from its end. */
function lineOf({ chassis }: FabricState, { id, epoch, replaces }: CredentialRow, now: number): string[] {
  const rows = chassis.credentialsOf(epoch, now)
  const line = new Set([id])
  for (let before = replaces; before !== undefined; before = chassis.credentials.get(before)?.replaces) line.add(before)
  // Oldest first, so that each is seen after the one in whose place it is.
  for (const row of rows) if (row.replaces !== undefined && line.has(row.replaces)) line.add(row.id)
  return rows.map((row) => row.id).filter((one) => line.has(one))
}

/** The credential, or NOT_FOUND when it is over. */
function requireCredential({ chassis }: FabricState, id: string, now: number): CredentialRow {
  const row = chassis.credentials.get(id)
  if (row !== undefined && isLive(row, now)) return row
  const message = `There is no credential ${id}, or it is over. See \`ifab chassis credentials list\`.`
  throw new FabricError('NOT_FOUND', message, {})
}

/** The row that an entry just wrote. */
function credentialRow(state: FabricState, id: string): CredentialRow {
  const row = state.chassis.credentials.get(id)
  assertInvariant(row !== undefined, `credential ${id} was issued and is not there`)
  return row
}

export const credentialIssued: Evolve<EntryOf<'credential_issued'>> = (state, { subject, at, actor, data }) => {
  const { replaces, ...right } = data
  const { credentials } = state.chassis
  credentials.prune(String(data.epoch), at)
  const old = replaces === undefined ? undefined : credentials.get(replaces.id)
  if (old !== undefined && replaces !== undefined) credentials.put({ ...old, expiresAt: replaces.expiresAt })
  const before = replaces === undefined ? {} : { replaces: replaces.id }
  credentials.put({ id: subject, ...right, ...before, issuedAt: at, issuedBy: actor })
}

export const credentialRevoked: Evolve<EntryOf<'credential_revoked'>> = (state, { subject }) => {
  state.chassis.credentials.delete(subject)
}
