import type { FastifyRequest } from 'fastify'
import { assertInvariant, FabricError } from '../model/errors.js'
import type { Principal } from '../model/principal.js'
import type { Caller } from '../operations/invoke.js'

/** W3C Trace Context, version 00. All-zero ids are invalid. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/

/** Who calls, once the guard has let the request in. */
export function principalOf(request: FastifyRequest): Principal {
  assertInvariant(request.principal !== null, `${request.routeOptions.url} is served without a guard`)
  return request.principal
}

/** Who calls, and what travels with the call. */
export function callerOf(request: FastifyRequest, signal: AbortSignal): Caller {
  const { traceparent, 'idempotency-key': idempotencyKey } = request.headers
  return callerWith(principalOf(request), signal, { traceparent, idempotencyKey })
}

export function isTraceparent(value: unknown): value is string {
  return typeof value === 'string' && TRACEPARENT.test(value)
}

/** What a caller sends beside the input of an operation, before it is checked. */
interface Travelling {
  readonly traceparent: unknown
  readonly idempotencyKey: unknown
}

/** A malformed trace context is dropped, as the standard asks; a malformed key is refused. */
export function callerWith(
  principal: Principal,
  signal: AbortSignal,
  { traceparent, idempotencyKey: key }: Travelling,
): Caller {
  if (traceparent === undefined && key === undefined) return { principal, signal }
  if (key !== undefined && (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key))) {
    throw new FabricError('INVALID_ARGUMENT', 'Idempotency-Key must have 1 to 128 visible ASCII characters.', {
      field: 'Idempotency-Key',
    })
  }
  return {
    principal,
    signal,
    ...(isTraceparent(traceparent) && { traceparent }),
    ...(key !== undefined && { idempotencyKey: key }),
  }
}
