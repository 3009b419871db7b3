import type { EntryDraft } from '../model/entry.js'
import { assertInvariant, FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { actorOf, type Role, type TokenRow } from '../model/principal.js'
import type { NewToken } from './commands.js'
import type { EntryOf } from './entries.js'
import { requireActiveSwarm } from './lookup.js'
import { requireAdministrator } from './require-person.js'
import type { FabricState } from './state.js'
import type { Decide, DecisionContext, Evolve } from './transition.js'

/** Lets somebody in: the log gets the hash of the secret, never the secret. */
export const issueToken: Decide<'issue_token'> = (state, { role, name, ...token }, context) => {
  requireAdministrator(context.actor, 'issue tokens')
  if (role === 'swarm') requireActiveSwarm(state, name)
  return {
    entries: [tokenDraft(state, { role, name }, token, context)],
    reply: (after) => tokenRow(after, token.id),
  }
}

/** The entry that lets `who` in. Throws CONFLICT or RATE_LIMITED when it has, or all have, too many tokens. */
export function tokenDraft(
  state: FabricState,
  who: { readonly role: Role; readonly name: string },
  { id, hash, ttlMs }: NewToken,
  { now }: DecisionContext,
): EntryDraft<EntryOf<'token_issued'>> {
  if (state.tokens.live(actorOf(who.role, who.name), now).length >= LIMITS.tokensPerCaller) {
    const message = `${who.name} has ${LIMITS.tokensPerCaller} tokens that are good. Revoke one first: ifab token list.`
    throw new FabricError('CONFLICT', message, { ...who })
  }
  if (!state.tokens.hasRoom(now)) {
    throw new FabricError('RATE_LIMITED', `The fabric has its limit of ${LIMITS.tokens} tokens. Revoke some first.`)
  }
  return { type: 'token_issued', subject: id, data: { ...said(who.role, who.name), hash, expiresAt: now + ttlMs } }
}

/**
 * Gives the owner of a token another one. The old one stays good for a moment, so that a lost answer locks nobody out, and
 * calls that are under way go on.
 */
export const rotateToken: Decide<'rotate_token'> = (state, { previous, graceMs, ...token }, context) => {
  const { now, actor } = context
  const old = requireToken(state, previous, now)
  const { role, name } = old
  if (actorOf(role, name) !== actor) {
    throw new FabricError('FORBIDDEN', `Token ${previous} is not that of ${actor}, which cannot rotate it.`, {})
  }
  const { data, ...draft } = tokenDraft(state, { role, name }, token, context)
  const replaced = { id: previous, expiresAt: Math.min(old.expiresAt, now + graceMs) }
  return {
    entries: [{ ...draft, data: { ...data, replaces: replaced } }],
    reply: (after) => tokenRow(after, token.id),
  }
}

/** Ends a token, and those that took its place, at once: by an administrator any, by everybody else their own. */
export const revokeToken: Decide<'revoke_token'> = (state, { id, reason }, { now, actor }) => {
  const row = requireToken(state, id, now)
  const { role, name } = row
  if (actorOf(role, name) !== actor) requireAdministrator(actor, 'revoke the token of another')
  const data = { ...said(role, name), ...(reason !== undefined && { reason }) }
  return {
    entries: successors(state, row, now).map((subject) => ({ type: 'token_revoked', subject, data })),
    reply: () => row,
  }
}

/** A token and what it was rotated to, one after the other. */
function successors(state: FabricState, { id, role, name }: TokenRow, now: number): string[] {
  const found = new Set([id])
  // Oldest first, so that each is seen after the one in whose place it is.
  for (const row of state.tokens.live(actorOf(role, name), now)) {
    if (row.replaces !== undefined && found.has(row.replaces)) found.add(row.id)
  }
  return [...found]
}

function requireToken(state: FabricState, id: string, now: number): TokenRow {
  const row = state.tokens.get(id)
  if (row !== undefined && row.expiresAt > now) return row
  throw new FabricError('NOT_FOUND', `There is no token ${id}, or it is over. See \`ifab token list\`.`, {})
}

function said(role: Role, name: string): { role: Role; name: string; swarm?: string } {
  return { role, name, ...(role === 'swarm' && { swarm: name }) }
}

/** The row that an entry just wrote. */
function tokenRow(state: FabricState, id: string): TokenRow {
  const row = state.tokens.get(id)
  assertInvariant(row !== undefined, `token ${id} was issued and is not there`)
  return row
}

export const tokenIssued: Evolve<EntryOf<'token_issued'>> = (state, { subject, at, actor, data }) => {
  const { replaces, swarm: _, ...known } = data
  state.tokens.prune(actorOf(data.role, data.name), at)
  const old = replaces === undefined ? undefined : state.tokens.get(replaces.id)
  if (old !== undefined && replaces !== undefined) state.tokens.put({ ...old, expiresAt: replaces.expiresAt })
  const before = replaces === undefined ? {} : { replaces: replaces.id }
  state.tokens.put({ id: subject, ...known, ...before, issuedAt: at, issuedBy: actor })
}

export const tokenRevoked: Evolve<EntryOf<'token_revoked'>> = (state, { subject }) => {
  state.tokens.delete(subject)
}
