/** `ifab_<id, 16 hex digits>_<secret, 32 bytes in base64url>`. The id is no secret; the prefix is for secret scanners. */
export const TOKEN_PATTERN = /^ifab_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/

export function tokenText(id: string, secret: string): string {
  return `ifab_${id}_${secret}`
}
