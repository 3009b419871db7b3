import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { FabricError } from '../model/errors.js'
import { ANSWER_HEADERS, PROBLEM_TYPE, problemOf } from './problem.js'

/** By the error code of Node's HTTP parser; anything else is not HTTP. */
const UNREADABLE: Readonly<Record<string, { readonly status: number; readonly message: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers are too large. Send fewer or shorter ones.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request did not arrive in time. Send it again at once.' },
}
const NOT_HTTP = { status: 400, message: 'This is not a well-formed HTTP/1.1 request.' }

/** Answers what never became a request, so that these errors too are problem+json. */
export function answerUnreadable(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, message } = UNREADABLE[error.code ?? ''] ?? NOT_HTTP
  refuse(socket, status, message)
}

/** Answers what Node would refuse by itself, without a body or without a word. */
export function answerUnusual(server: Server): void {
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const { headers, body } = problem(417, 'Only 100-continue can be expected. Send no other Expect header.')
    response.writeHead(417, headers).end(body)
  })
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy())
    refuse(socket, 405, 'This server is no proxy.')
  })
}

function refuse(socket: Duplex, status: number, message: string): void {
  const { headers, body } = problem(status, message)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}\r\n${body}`)
}

/** The connection is closed behind it: what else came on it was not read. */
function problem(status: number, message: string) {
  const body = JSON.stringify(problemOf(new FabricError('INVALID_ARGUMENT', message), status))
  const length = { 'content-length': Buffer.byteLength(body) }
  return { body, headers: { 'content-type': PROBLEM_TYPE, ...length, connection: 'close', ...ANSWER_HEADERS } }
}
