/**
 * A tool: the default export of a file that `ifab chassis build` turns into a module. It is called once, with its input as
 * JSON says it, and what it returns, or what its promise is kept with, is its output as JSON; `undefined` is `null`. When it
 * throws, the call has failed.
 */
export type Tool = (input: unknown, ifab: Ifab) => unknown

/** All that a tool has of the world. */
export interface Ifab {
  readonly log: Log
  readonly http: Http
  /** Milliseconds since 1970, as `Date.now()`. */
  now(): number
  /** From 0 up to 1, as `Math.random()`: the same in each call with the same seed. */
  random(): number
}

/** Each call is one line of the log. `console` writes to the same. */
export interface Log {
  error(message: string): void
  warn(message: string): void
  info(message: string): void
  debug(message: string): void
}

/** Requests go to hosts that the contract and a credential allow. They wait for the answer: no promise, no `await`. */
export interface Http {
  get(url: string, headers?: Readonly<Record<string, string>>): HttpResponse
  /** Throws an `HttpError` when there is no answer; an answer with a status such as 404 is one. */
  request(request: HttpRequest): HttpResponse
}

export interface HttpRequest {
  /** GET unless given. */
  readonly method?: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** Text goes out in UTF-8. */
  readonly body?: string | Uint8Array
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** The body as UTF-8. */
  text(): string
  json(): unknown
}

/** What is thrown when a request was refused or did not come through. `name` is `HttpError`. */
export interface HttpError extends Error {
  readonly code: string
}
