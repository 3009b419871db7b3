import { type IncomingMessage, request as sendRequest } from 'node:http'
import type { Socket } from 'node:net'
import { LIMITS } from '../../model/limits.js'
import type { OutgoingRequest } from './read-request.js'
import { EgressRefusal } from './refusal.js'
import { responseHeaders } from './response-headers.js'
import { authorityOf } from './target.js'

export interface HttpResponse {
  readonly status: number
  /** Names in lower case. What came several times is joined by commas. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/**
 * One request and its response over a connection of its own, which is closed afterwards. Nothing is decoded: a compressed
 * response is refused. Throws BAD_RESPONSE, TOO_LARGE and UNREACHABLE.
 */
export async function send(socket: Socket, request: OutgoingRequest, signal: AbortSignal): Promise<HttpResponse> {
  try {
    const response = await begin(socket, request, signal)
    const headers = responseHeaders(response.rawHeaders)
    requireFramed(headers)
    const hasBody = request.method !== 'HEAD' && response.statusCode !== 204 && response.statusCode !== 304
    if (hasBody) requireReadable(headers)
    return { status: response.statusCode ?? 0, headers, body: await readBody(response) }
  } catch (error) {
    throw error instanceof EgressRefusal ? error : failureOf(error, request.target.host)
  } finally {
    socket.destroy()
  }
}

function begin(socket: Socket, request: OutgoingRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { method, target, body } = request
  return new Promise((resolve, reject) => {
    const outgoing = sendRequest({
      createConnection: () => socket,
      method,
      path: target.path + target.query,
      headers: headersOf(request),
      setHost: false,
      maxHeaderSize: LIMITS.egressHeaderBytes,
      insecureHTTPParser: false,
      signal,
    })
    // One more than allowed, so that too many are seen: the rest is left out silently.
    outgoing.maxHeadersCount = LIMITS.egressHeaders + 1
    let interim = 0
    outgoing.on('information', () => {
      interim += 1
      if (interim > LIMITS.egressInterimResponses) outgoing.destroy(badResponse('It announces a response without end.'))
    })
    outgoing.on('upgrade', () => reject(badResponse('It changes the protocol.')))
    outgoing.on('response', resolve)
    // What comes after the response is heard by whoever reads the body.
    outgoing.on('error', reject)
    outgoing.on('close', () => reject(new Error('The connection closed before there was a response.')))
    outgoing.end(body)
  })
}

function headersOf({ headers, target, body, method }: OutgoingRequest): Record<string, string> {
  const expected = method === 'POST' || method === 'PUT' || method === 'PATCH'
  return {
    'user-agent': 'InfraFabric',
    ...Object.fromEntries(headers),
    host: authorityOf(target),
    'accept-encoding': 'identity',
    connection: 'close',
    ...((body !== undefined || expected) && { 'content-length': String(body?.length ?? 0) }),
  }
}

/** RFC 9112, section 6.1: any other coding is for whoever asked for it, and the parser leaves the body in it. */
function requireFramed(headers: ReadonlyMap<string, string>): void {
  const coding = headers.get('transfer-encoding') ?? 'chunked'
  if (coding.toLowerCase() !== 'chunked')
    throw badResponse('It is coded for the transfer, although that was not asked for.')
}

function requireReadable(headers: ReadonlyMap<string, string>): void {
  const encoding = headers.get('content-encoding') ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') throw badResponse('It is compressed, although that was not asked for.')
  const length = Number(headers.get('content-length') ?? 0)
  if (length > LIMITS.egressResponseBytes) throw tooLarge()
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > LIMITS.egressResponseBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes)
}

/** What the parser or the system said stays out: it may quote the response or an address. */
function failureOf(error: unknown, host: string): EgressRefusal {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'HPE_HEADER_OVERFLOW') {
    const most = `${LIMITS.egressHeaderBytes} bytes`
    return new EgressRefusal('TOO_LARGE', `The headers of the response have more than ${most}.`)
  }
  if (code.startsWith('HPE_')) return badResponse('It is not HTTP/1.1.')
  return new EgressRefusal('UNREACHABLE', `The connection to ${host} broke.`)
}

export function badResponse(what: string): EgressRefusal {
  return new EgressRefusal('BAD_RESPONSE', `The response cannot be used. ${what}`)
}

function tooLarge(): EgressRefusal {
  return new EgressRefusal('TOO_LARGE', `The response has more than ${LIMITS.egressResponseBytes} bytes. Ask for less.`)
}
