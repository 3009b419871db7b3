import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** Shape of a secret, for messages. */
export const SECRET_FORM = `${PREFIX} and the base64 of 24 to 64 random bytes`

/**
 * The key in a secret as Standard Webhooks 1.0.0 writes it: `whsec_` and the base64 of 24 to 64 bytes. Undefined for
 * anything else.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function parseSecret(secret: string): Uint8Array | undefined {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : ''
  if (!BASE64.test(encoded)) return undefined
  const key = Buffer.from(encoded, 'base64')
  return key.length >= 24 && key.length <= 64 ? key : undefined
}

export interface SignedParts {
  /** Without a full stop. */
  readonly id: string
  /** Of the attempt, in seconds since the Unix epoch. */
  readonly timestamp: number
  /** Exactly what is sent. */
  readonly body: string
}

/** Value of `webhook-signature`: `v1,` and the base64 of HMAC-SHA256 over `<id>.<timestamp>.<body>`. */
export function sign(key: Uint8Array, { id, timestamp, body }: SignedParts): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}
