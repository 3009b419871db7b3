import type { Socket } from 'node:net'
import { FabricError } from '../model/errors.js'
import { ANSWER_HEADERS, PROBLEM_TYPE, problemOf } from './problem.js'

/** By the error code of Node's HTTP parser; anything else is not HTTP. */
const UNREADABLE: Readonly<Record<string, { readonly status: number; readonly message: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers are too large. Send fewer or shorter ones.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request did not arrive in time. Send it again at once.' },
}
const NOT_HTTP = { status: 400, message: 'This is not a well-formed HTTP/1.1 request.' }

/** Answers what never became a request, so that these errors too are problem+json. */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, message } = UNREADABLE[error.code ?? ''] ?? NOT_HTTP
  const body = JSON.stringify(problemOf(new FabricError('INVALID_ARGUMENT', message), status))
  const headers = {
    'content-type': PROBLEM_TYPE,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    ...ANSWER_HEADERS,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}\r\n${body}`)
}
