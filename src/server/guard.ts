import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { FabricError } from '../model/errors.js'

/** Names by which a browser or a tool on this machine reaches a loopback listener. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/**
 * Refuses what a web page could make a browser send: a name that was bound to this address (DNS rebinding) or a request
 * from another site. Throws FORBIDDEN.
 */
export function checkHost(headers: IncomingHttpHeaders, listenHost: string): void {
  const { host, origin } = headers
  const name = host?.replace(/:\d{1,5}$/, '').toLowerCase()
  if (name === undefined || !(LOOPBACK_NAMES.includes(name) || name === listenHost)) {
    throw new FabricError('FORBIDDEN', 'The Host header does not name this server. Use its loopback address.')
  }
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new FabricError('FORBIDDEN', 'Requests from pages of another origin are refused.')
  }
}

/** Compares a bearer token (RFC 6750) with the expected one in constant time. */
export function bearerCheck(expected: string): (headers: IncomingHttpHeaders) => void {
  const digest = sha256(expected)
  return ({ authorization }) => {
    const token = /^Bearer ([\x21-\x7e]{1,1024})$/i.exec(authorization ?? '')?.[1]
    // Digests have one length, so the comparison says nothing about the length of the token either.
    if (token !== undefined && timingSafeEqual(sha256(token), digest)) return
    throw new FabricError(
      'UNAUTHENTICATED',
      token === undefined
        ? 'Send the header `Authorization: Bearer <token>`. The token lies in admin.token in the data directory.'
        : 'The token is not the one of this fabric. Read admin.token in its data directory again.',
    )
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
