import { FabricError } from './errors.js'

/** `ifab_<id, 16 hex digits>_<secret, 32 bytes in base64url>`. The id is no secret; the prefix is for secret scanners. */
export const TOKEN_PATTERN = /^ifab_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/

export function tokenText(id: string, secret: string): string {
  return `ifab_${id}_${secret}`
}

/** Of a caller that was let in before. Fits into the reason of a WebSocket's close. */
export function tokenEnded(): FabricError {
  const message = 'The token of this connection is over or was revoked. Connect again with one that is good.'
  return new FabricError('UNAUTHENTICATED', message)
}
