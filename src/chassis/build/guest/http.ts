import { ask, decode, encode, readAll } from './native.js'
import type { Http, HttpRequest, HttpResponse } from './tool.js'

/** Of Uint8Array in ECMAScript 2026, which the engine has and the types do not. */
interface Base64 {
  fromBase64(text: string): Uint8Array
}
type ToBase64 = Uint8Array & { toBase64(): string }

const bytesOf = Uint8Array as unknown as Base64

/** What the host answers. */
type Answer =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | { readonly error: { readonly code: string; readonly message: string } }

class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

function request({ method = 'GET', url, headers = {}, body }: HttpRequest): HttpResponse {
  const bytes = typeof body === 'string' ? encode(body) : body
  const encoded = bytes === undefined ? {} : { body: (bytes as ToBase64).toBase64() }
  const text = JSON.stringify({ method, url: String(url), headers, ...encoded })
  if (ask('http_request', 0, encode(text)) !== 0)
    throw new HttpError('TOO_LARGE', 'The request is too large. Send less.')
  const answer: Answer = JSON.parse(decode(readAll('response_length', 'read_response')))
  if ('error' in answer) throw new HttpError(answer.error.code, answer.error.message)
  return responseOf(answer.status, answer.headers, bytesOf.fromBase64(answer.body))
}

function responseOf(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array): HttpResponse {
  const text = () => decode(body)
  return { status, headers, body, text, json: () => JSON.parse(text()) }
}

export const http: Http = {
  request,
  get: (url, headers = {}) => request({ url, headers }),
}
