import { ERRORS, type ErrorCode, FabricError } from '../../model/errors.js'
import type { NamedOperation } from '../../operations/table.js'
import { PROBLEM_TYPE, problemOf } from '../problem.js'
import type { Reference, ResponseObject, Schema } from './types.js'

/** Refusals of requests: which statuses each operation has, and what comes with them (RFC 9457). */

interface Refusal {
  /** Name of the component. */
  readonly name: string
  readonly description: string
  /** Codes beside those whose row in the registry has this status. */
  readonly also?: readonly ErrorCode[]
  /** What the example says. */
  readonly example: readonly [code: ErrorCode, detail: string, details: Readonly<Record<string, unknown>>]
}

/** Of a command line or a data directory; no request is answered with them. */
const NEVER_SERVED: readonly ErrorCode[] = ['DATA_LOCKED', 'DATA_TOO_NEW', 'PROOF_INVALID']

const REFUSALS: Readonly<Record<number, Refusal>> = {
  400: {
    name: 'BadRequest',
    description: 'The input is malformed or out of bounds. `details.problems` names each field.',
    example: [
      'INVALID_ARGUMENT',
      'epoch: Invalid input: expected number, received undefined.',
      { field: 'epoch', problems: [{ field: 'epoch', problem: 'Invalid input: expected number, received undefined' }] },
    ],
  },
  401: {
    name: 'Unauthorized',
    description: 'No valid token came with the request.',
    example: ['UNAUTHENTICATED', 'Send the header `Authorization: Bearer <token>`.', {}],
  },
  403: {
    name: 'Forbidden',
    description: 'The caller, the Host or the Origin may not do this, or a rule of the fabric is against it.',
    example: [
      'NOT_ELIGIBLE',
      'session-4-sip has 0.5 of what P0.1.2 requires; the policy asks for 0.7.',
      { task: 'P0.1.2', swarm: 'session-4-sip' },
    ],
  },
  404: {
    name: 'NotFound',
    description: 'Nothing has that name.',
    example: ['NOT_FOUND', 'There is no task P0.1.3. See `ifab task list`.', { task: 'P0.1.3' }],
  },
  408: {
    name: 'RequestTimeout',
    description: 'The request did not arrive in time.',
    also: ['INVALID_ARGUMENT'],
    example: ['INVALID_ARGUMENT', 'The request did not arrive in time. Send it again at once.', {}],
  },
  409: {
    name: 'Conflict',
    description: 'It does not fit the state that the fabric is in.',
    example: [
      'STALE_CLAIM',
      'The claim of P0.1.2 under epoch 42 has ended. Stop this work and ask for other work.',
      { task: 'P0.1.2', epoch: 42 },
    ],
  },
  413: {
    name: 'ContentTooLarge',
    description: 'The body is too large.',
    also: ['INVALID_ARGUMENT'],
    example: ['INVALID_ARGUMENT', 'The body is too large. Send less at once.', {}],
  },
  414: {
    name: 'UriTooLong',
    description: 'A part of the path is too long.',
    also: ['INVALID_ARGUMENT'],
    example: ['INVALID_ARGUMENT', 'A part of the path is too long. Ids have at most 128 characters.', {}],
  },
  415: {
    name: 'UnsupportedMediaType',
    description: 'The body is not `application/json`.',
    also: ['INVALID_ARGUMENT'],
    example: ['INVALID_ARGUMENT', 'Send the body as application/json.', {}],
  },
  422: {
    name: 'UnprocessableContent',
    description:
      'The sandbox does not take this module, or the policy does not trust its contract. `details.reason` says why.',
    example: [
      'MODULE_REFUSED',
      'The contract is not signed. Have its owner sign it with a key that the policy trusts.',
      { reason: 'unsigned' },
    ],
  },
  429: {
    name: 'TooManyRequests',
    description: 'Too much at once; wait and try again.',
    example: ['RATE_LIMITED', 'Too many requests. Wait a second and try again.', {}],
  },
  431: {
    name: 'HeadersTooLarge',
    description: 'The headers are too large.',
    also: ['INVALID_ARGUMENT'],
    example: ['INVALID_ARGUMENT', 'The headers are too large. Send fewer or shorter ones.', {}],
  },
  500: {
    name: 'InternalError',
    description: 'A fault of the server. Its log has the cause under `details.reference`.',
    example: ['INTERNAL', 'A fault in InfraFabric itself.', { reference: '7d0f2c1e-6a55-4e0b-9d3c-1f0a6b1c2d3e' }],
  },
  503: {
    name: 'Unavailable',
    description: 'The fabric cannot answer now; try again.',
    example: ['UNAVAILABLE', 'This server is shutting down. Try again when it is up.', {}],
  },
}

type Headers = ResponseObject['headers']

const HEADERS: Readonly<Record<number, Headers>> = {
  401: { 'WWW-Authenticate': { description: 'The scheme to use.', schema: { const: 'Bearer' } } },
  429: { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 0 } } },
}

/** Statuses that each request may get. */
export const COMMON_STATUSES = [400, 401, 403, 408, 429, 431, 500, 503]

/** Operations that answer 404 for what they name outside the path. */
const NAMES_WHAT_MAY_BE_ABSENT: ReadonlySet<string> = new Set([
  'approval.request',
  'board.export',
  'cost.extend',
  'credential.issue',
  'escalation.ask',
  'module.load',
  'policy.explain',
  'task.create',
  'task.next',
  'task.ready',
  'token.issue',
  'witness.prove',
])

export function statusesOf({ name, method, path, mutates }: NamedOperation): number[] {
  const named = path.includes(':')
  return [
    ...COMMON_STATUSES,
    ...(named || NAMES_WHAT_MAY_BE_ABSENT.has(name) ? [404] : []),
    ...(mutates ? [409] : []),
    ...(named ? [414] : []),
    ...(method === 'GET' ? [] : [413, 415]),
    ...(name === 'module.load' ? [422] : []),
  ].sort()
}

/** References to the refusals, by status. */
export function refusalsOf(statuses: readonly number[]): Record<string, Reference> {
  return Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/${refusal(status).name}` }]),
  )
}

/** Components of the refusals. */
export function refusalResponses(): Record<string, ResponseObject> {
  return Object.fromEntries(
    Object.keys(REFUSALS).map((key) => {
      const status = Number(key)
      const { name, description, example } = refusal(status)
      const headers = HEADERS[status]
      const [code, detail, details] = example
      const media = {
        schema: { $ref: `#/components/schemas/${name}Problem` },
        example: problemOf(new FabricError(code, detail, details), status),
      }
      return [name, { description, ...(headers && { headers }), content: { [PROBLEM_TYPE]: media } }]
    }),
  )
}

/** Schemas of the bodies of the refusals: a problem each, with the codes that come with its status. */
export function problemSchemas(): Record<string, Schema> {
  const each = Object.keys(REFUSALS).map((key): [string, Schema] => {
    const status = Number(key)
    const specific = { status: { const: status }, code: { enum: codesOf(status) } }
    return [`${refusal(status).name}Problem`, { allOf: [{ $ref: PROBLEM }, { properties: specific }] }]
  })
  return { Problem: problemSchema, ...Object.fromEntries(each) }
}

const PROBLEM = '#/components/schemas/Problem'

const problemSchema: Schema = {
  type: 'object',
  description: 'What is answered instead of a success (RFC 9457), with the fields of the registry of errors.',
  properties: {
    type: { type: 'string', format: 'uri', description: '`urn:infrafabric:error:` and the code in lower case.' },
    title: { type: 'string', description: 'The code in words.' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'What happened and what to do next.' },
    code: { type: 'string', description: 'For programs; it never changes its meaning.' },
    retryable: { type: 'boolean', description: 'Whether the same request may succeed later.' },
    details: { type: 'object', additionalProperties: true, description: 'Facts to act on, by code.' },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'retryable', 'details'],
  additionalProperties: false,
}

function codesOf(status: number): ErrorCode[] {
  const codes = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => ERRORS[code].status === status)
  return [...codes, ...(refusal(status).also ?? [])].filter((code) => !NEVER_SERVED.includes(code))
}

function refusal(status: number): Refusal {
  const found = REFUSALS[status]
  if (found === undefined) throw new Error(`no words for status ${status}`)
  return found
}
