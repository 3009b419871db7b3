import * as z from 'zod'
import { LIMITS } from '../../model/limits.js'
import { decodeBase64 } from '../../witness/note/base64.js'
import { METHODS, type Method } from '../contract/contract.js'
import { EgressRefusal } from './refusal.js'
import { requestHeaders } from './request-headers.js'
import { readTarget, type Target } from './target.js'

/** A request as it is sent, but for what is put into it on the way out. */
export interface OutgoingRequest {
  readonly method: Method
  readonly target: Target
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body?: Uint8Array
}

const requestSchema = z.strictObject({
  method: z.enum(METHODS, { error: `must be one of ${METHODS.join(', ')}` }),
  url: z.string({ error: 'must be a text' }),
  // `requestHeaders` looks into them, and counts them first.
  headers: z.unknown().optional(),
  body: z.string({ error: 'must be a text in base64' }).optional(),
})

const COMMA = 0x2c
const BRACKET = 0x5b
const BRACE = 0x7b

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads a request of a module. Throws INVALID_REQUEST and TOO_LARGE. */
export function readRequest(bytes: Uint8Array): OutgoingRequest {
  if (bytes.length > LIMITS.egressRequestBytes) {
    throw new EgressRefusal('TOO_LARGE', `The request has more than ${LIMITS.egressRequestBytes} bytes. Send less.`)
  }
  requireFew(bytes)
  const { success, data, error } = requestSchema.safeParse(parseJson(bytes))
  if (!success) {
    const [{ path, message, code } = { path: [], message: '', code: '' }] = error.issues
    // Keys are the module's own, and may be anything.
    if (code === 'unrecognized_keys') throw invalid('It has fields that a request does not have.')
    throw invalid(path.length === 0 ? 'It is no object.' : `Its ${String(path[0])} ${message}.`)
  }
  const { method, url } = data
  const target = readTarget(url)
  const headers = requestHeaders(data.headers ?? {})
  if (data.body === undefined) return { method, target, headers }
  return { method, target, headers, body: readBody(method, data.body) }
}

/** Many small parts keep everybody waiting far longer than one large body, which has none of these. */
function requireFew(bytes: Uint8Array): void {
  let parts = 0
  for (const byte of bytes) if (byte === COMMA || byte === BRACKET || byte === BRACE) parts += 1
  if (parts <= LIMITS.egressRequestParts) return
  const most = LIMITS.egressRequestParts
  throw new EgressRefusal('TOO_LARGE', `The request has more than ${most} commas and opening brackets. Send less.`)
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    throw invalid('It is no JSON in UTF-8.')
  }
}

function readBody(method: Method, text: string): Uint8Array {
  const body = decodeBase64(text)
  if (body === undefined) throw invalid('Its body is no base64 with padding.')
  if (body.length > LIMITS.egressBodyBytes) {
    throw new EgressRefusal('TOO_LARGE', `The body has more than ${LIMITS.egressBodyBytes} bytes. Send less.`)
  }
  // RFC 9110, sections 9.3.1 and 9.3.2: it means nothing, and servers disagree on where such a request ends.
  if ((method === 'GET' || method === 'HEAD') && body.length > 0) throw invalid(`${method} has no body.`)
  return body
}

function invalid(what: string): EgressRefusal {
  const form = '{"method","url","headers":{},"body":"<base64>"}'
  return new EgressRefusal('INVALID_REQUEST', `The request is malformed. ${what} Send JSON of the form ${form}.`)
}
