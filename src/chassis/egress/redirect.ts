import type { OutgoingRequest } from './read-request.js'
import { EgressRefusal } from './refusal.js'
import type { HttpResponse } from './send.js'
import { readLocation, type Target } from './target.js'

/** RFC 9110, section 15.4: those that say where to go. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * The request that a response asks for, or undefined when it is no redirect. Its target has to be checked as a first one.
 * Throws BAD_RESPONSE for a place that cannot be read, and NOT_ALLOWED for one that gives encryption up.
 */
export function redirected(request: OutgoingRequest, { status, headers }: HttpResponse): OutgoingRequest | undefined {
  const location = headers.get('location')
  if (!REDIRECTS.has(status) || location === undefined) return undefined
  const target = targetOf(location, request.target)
  if (request.target.scheme === 'https' && target.scheme === 'http') {
    throw new EgressRefusal('NOT_ALLOWED', 'A redirect leads from https to http, which is not followed.')
  }
  const { method } = request
  if (!becomesGet(status, method)) return { ...request, target }
  // RFC 9110, section 15.4: what described the body goes with it.
  const kept = [...request.headers].filter(([name]) => !name.startsWith('content-'))
  return { method: method === 'HEAD' ? 'HEAD' : 'GET', target, headers: new Map(kept) }
}

/** After 303 always; after 301 and 302 a POST, as clients have always done (RFC 9110, sections 15.4.2 to 15.4.4). */
function becomesGet(status: number, method: string): boolean {
  return status === 303 || ((status === 301 || status === 302) && method === 'POST')
}

function targetOf(location: string, from: Target): Target {
  try {
    return readLocation(location, from)
  } catch {
    throw new EgressRefusal('BAD_RESPONSE', 'A redirect leads to a place that is malformed or may hide another.')
  }
}
