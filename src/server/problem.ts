import type { FastifyReply } from 'fastify'
import { ERRORS, type ErrorDetails, FabricError, isFabricError } from '../model/errors.js'
import { SECOND_MS } from '../model/time.js'

export const PROBLEM_TYPE = 'application/problem+json'

/** The body of every answer that is not a success (RFC 9457), with the fields of an `ErrorReport` beside its own. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  /** What happened and what to do next. */
  readonly detail: string
  readonly code: string
  readonly retryable: boolean
  readonly details: ErrorDetails
}

/** `status` differs from that of the code only where HTTP itself has a closer one, such as 413. */
export function problemOf(error: FabricError, status: number = ERRORS[error.code].status): Problem {
  return {
    type: `urn:infrafabric:error:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title: ERRORS[error.code].summary,
    status,
    detail: error.message,
    code: error.code,
    retryable: error.retryable,
    details: error.details,
  }
}

/** Of every answer: nobody keeps it unless a route says otherwise, and nobody guesses at its type. */
export const ANSWER_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const

export function sendProblem(reply: FastifyReply, error: FabricError, status?: number): void {
  const problem = problemOf(error, status)
  reply.headers(ANSWER_HEADERS)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  const { retryAfterMs } = problem.details
  if (typeof retryAfterMs === 'number') reply.header('retry-after', Math.ceil(retryAfterMs / SECOND_MS))
  // As bytes: to a text the framework would add a charset, which JSON does not have.
  reply
    .code(problem.status)
    .type(PROBLEM_TYPE)
    .send(Buffer.from(JSON.stringify(problem)))
}

/** What the HTTP framework refuses by itself: its code, our message, and the status where ours is less exact. */
const FRAMEWORK_ERRORS: Readonly<Record<string, { readonly status?: number; readonly message: string }>> = {
  FST_ERR_MAX_PARAM_LENGTH: {
    status: 414,
    message: 'A part of the path is too long. Ids have at most 128 characters.',
  },
  FST_ERR_BAD_URL: { message: 'The path is not valid percent-encoding. Encode ids before they go into a path.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { status: 415, message: 'Send the body as application/json.' },
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, message: 'The body is too large. Send less at once.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { message: 'The body does not have the length that its header says.' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { message: 'The body is empty. Send a JSON object, at least {}.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { message: 'The body is not valid JSON. Send one complete JSON object.' },
}

/** A refusal for which HTTP has a closer status than the registry of errors. */
export class HttpRefusal extends FabricError {
  readonly status: number

  constructor(status: number, message: string) {
    super('INVALID_ARGUMENT', message)
    this.status = status
  }
}

export interface Refusal {
  readonly error: FabricError
  readonly status?: number
}

/** The refusal that a thrown value stands for; undefined when it is a fault of this program. */
export function refusalOf(thrown: unknown): Refusal | undefined {
  if (thrown instanceof HttpRefusal) return { error: thrown, status: thrown.status }
  if (isFabricError(thrown)) return thrown.code === 'INTERNAL' ? undefined : { error: thrown }
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return undefined
  const known = 'code' in thrown && typeof thrown.code === 'string' ? FRAMEWORK_ERRORS[thrown.code] : undefined
  if (known !== undefined) {
    const error = new FabricError('INVALID_ARGUMENT', known.message)
    return known.status === undefined ? { error } : { error, status: known.status }
  }
  const status = Number(thrown.statusCode)
  if (!(status >= 400 && status < 500)) return undefined
  return { error: new FabricError('INVALID_ARGUMENT', 'The request cannot be read. Send one JSON object.'), status }
}
