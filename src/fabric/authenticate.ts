import { hash, timingSafeEqual } from 'node:crypto'
import type { FabricState } from '../coordinator/state.js'
import { FabricError } from '../model/errors.js'
import { type Principal, principalOf, type TokenRow } from '../model/principal.js'
import { TOKEN_PATTERN } from '../model/token.js'

/** Compared with where there is no such token, so that the time of a refusal does not say which ids exist. */
const NO_HASH = '0'.repeat(64)

/** Whom a token stands for. Throws UNAUTHENTICATED. */
export function authenticate(state: FabricState, now: number, token: string): Principal {
  const [, id = '', secret = ''] = TOKEN_PATTERN.exec(token) ?? []
  const row = state.tokens.get(id)
  const matches = timingSafeEqual(hash('sha256', secret, 'buffer'), Buffer.from(row?.hash ?? NO_HASH, 'hex'))
  if (row === undefined || !matches) {
    const message = 'The token is not known here, or was revoked. Ask an administrator for another: ifab token issue.'
    throw new FabricError('UNAUTHENTICATED', message)
  }
  if (!isGood(row, now)) {
    const message = 'The token has expired. Ask an administrator for another: ifab token issue.'
    throw new FabricError('UNAUTHENTICATED', message, { expired: true })
  }
  return principalOf(row)
}

/** Whether a caller that has shown who it is may go on: its token is neither over nor revoked. */
export function isStillGood(state: FabricState, now: number, { token }: Principal): boolean {
  if (token === undefined) return true
  const row = state.tokens.get(token)
  return row !== undefined && isGood(row, now)
}

function isGood({ expiresAt }: TokenRow, now: number): boolean {
  return expiresAt > now
}
