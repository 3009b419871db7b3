import * as z from 'zod'
import { pageById } from '../coordinator/queries.js'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import { ROLES, type TokenRow } from '../model/principal.js'
import { DAY_MS, formatTimestamp, MINUTE_MS } from '../model/time.js'
import * as field from './fields.js'
import { type MintedToken, mintToken } from './new-token.js'
import { operation } from './operation.js'
import { presentPage } from './present.js'

/** Who may come in, and as whom. */

const TOKEN_TTL_MS = DAY_MS
/** For how long a token that was rotated stays good. */
const GRACE_MS = MINUTE_MS

const role = z.enum(ROLES)
export const tokenTtlMs = z.int().min(MINUTE_MS).max(LIMITS.tokenTtlMs).default(TOKEN_TTL_MS)
const tokenId = z.string().regex(/^[0-9a-f]{16}$/, { error: 'not the id of a token: 16 hexadecimal digits' })
const timestamp = z.string()

const tokenView = z.strictObject({
  id: tokenId,
  role,
  /** Whom it stands for: the id of a swarm, or a name. */
  name: field.id,
  issuedAt: timestamp,
  issuedBy: z.string(),
  expiresAt: timestamp,
  /** The token in whose place it is, after a rotation. */
  replaces: tokenId.exactOptional(),
})
const tokenPage = field.pageOf(tokenView)

/** The only time that a token is shown. */
export const issuedTokenView = z.strictObject({ ...tokenView.shape, token: z.string() })
export type IssuedTokenView = z.output<typeof issuedTokenView>

const principalView = z.strictObject({
  actor: z.string(),
  role,
  swarm: field.id.exactOptional(),
  token: tokenId.exactOptional(),
  expiresAt: timestamp.exactOptional(),
})

export const whoami = operation({
  summary: 'Say who the caller is: its actor, its role, its swarm, and when its token ends.',
  role: 'viewer',
  method: 'GET',
  path: '/v1/principal',
  input: z.strictObject({}),
  output: principalView,
  example: {},
  mutates: false,
  keyed: false,
  run: async ({ principal: { expiresAt, ...principal } }) => ({
    ...principal,
    ...(expiresAt !== undefined && { expiresAt: formatTimestamp(expiresAt) }),
  }),
})

export const issue = operation({
  summary: 'Issue a token to a swarm, or to anybody else under a name and a role. It is shown once.',
  role: 'admin',
  method: 'POST',
  path: '/v1/tokens',
  input: z.strictObject({ name: field.id, role: role.default('swarm'), ttlMs: tokenTtlMs }),
  output: issuedTokenView,
  example: { name: 'session-4-sip' },
  mutates: true,
  keyed: false,
  run: async ({ fabric, origin }, { ttlMs, ...who }) => {
    const minted = mintToken(ttlMs)
    return presentIssued(await fabric.submit({ type: 'issue_token', ...who, ...minted.command }, origin), minted)
  },
})

export const list = operation({
  summary: 'List the tokens that are good, in order of their ids.',
  role: 'admin',
  method: 'GET',
  path: '/v1/tokens',
  input: z.strictObject({ name: field.id.exactOptional(), ...field.page }),
  output: tokenPage,
  example: { name: 'session-4-sip' },
  mutates: false,
  keyed: false,
  run: async ({ fabric }, { name, ...page }) =>
    presentPage(
      await fabric.read((state, now) => {
        const rows = [...state.tokens.values()].filter((row) => row.expiresAt > now)
        return pageById(name === undefined ? rows : rows.filter((row) => row.name === name), page)
      }),
      presentToken,
    ),
})

export const rotate = operation({
  summary: 'Exchange the token of this call for a new one; the old one stays good for a minute.',
  role: 'viewer',
  method: 'POST',
  path: '/v1/tokens/rotate',
  input: z.strictObject({ ttlMs: tokenTtlMs }),
  output: issuedTokenView,
  example: {},
  mutates: true,
  keyed: false,
  run: async ({ fabric, principal: { token: previous }, origin }, { ttlMs }) => {
    if (previous === undefined) {
      const message =
        'The admin token of a data directory is a file: stop the fabric, delete admin.token, start it again.'
      throw new FabricError('INVALID_ARGUMENT', message)
    }
    const minted = mintToken(ttlMs)
    const command = { type: 'rotate_token', previous, graceMs: GRACE_MS, ...minted.command } as const
    return presentIssued(await fabric.submit(command, origin), minted)
  },
})

export const revoke = operation({
  summary: 'End a token, and what it was rotated to, at once: an administrator any, everybody else their own.',
  role: 'viewer',
  method: 'POST',
  path: '/v1/tokens/:id/revoke',
  input: z.strictObject({ id: tokenId, reason: field.note.exactOptional() }),
  output: tokenView,
  example: { id: '5f3a9c0d27e14b86', reason: 'the session ended' },
  mutates: true,
  keyed: false,
  run: async ({ fabric, origin }, { id, reason }) => {
    const command = { type: 'revoke_token', id, ...(reason !== undefined && { reason }) } as const
    return presentToken(await fabric.submit(command, origin))
  },
})

function presentToken(row: TokenRow): z.output<typeof tokenView> {
  const { id, role, name, issuedAt, issuedBy, expiresAt, replaces } = row
  const times = { issuedAt: formatTimestamp(issuedAt), expiresAt: formatTimestamp(expiresAt) }
  return { id, role, name, issuedBy, ...times, ...(replaces !== undefined && { replaces }) }
}

/** Throws CONFLICT where the answer is that of an earlier call with the same key, whose token nobody knows any more. */
export function presentIssued(row: TokenRow, { token, command }: MintedToken): IssuedTokenView {
  if (row.id === command.id) return { ...presentToken(row), token }
  throw new FabricError('CONFLICT', `This call was answered before, with token ${row.id}. Ask again with another key.`)
}
