import { createHash, randomBytes } from 'node:crypto'
import type { NewToken } from '../coordinator/commands.js'
import { tokenText } from '../model/token.js'

const ID_BYTES = 8
const SECRET_BYTES = 32

/** A token that is not issued yet, and what its owner is to be told, once. */
export interface MintedToken {
  readonly token: string
  readonly command: NewToken
}

/** Makes a token. A secret of 256 random bits needs no slow hash. */
export function mintToken(ttlMs: number): MintedToken {
  const id = randomBytes(ID_BYTES).toString('hex')
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  const hash = createHash('sha256').update(secret).digest('hex')
  return { token: tokenText(id, secret), command: { id, hash, ttlMs } }
}
