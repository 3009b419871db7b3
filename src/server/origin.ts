import type { IncomingHttpHeaders } from 'node:http'
import type { Origin } from '../fabric/fabric.js'
import { FabricError } from '../model/errors.js'

/** W3C Trace Context, version 00. All-zero ids are invalid. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/

/** Where a request comes from. A malformed trace context is dropped, as the standard asks; a malformed key is refused. */
export function requestOrigin(actor: string, headers: IncomingHttpHeaders): Origin {
  const { traceparent } = headers
  const key = headers['idempotency-key']
  if (traceparent === undefined && key === undefined) return { actor }
  if (key !== undefined && (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key))) {
    throw new FabricError('INVALID_ARGUMENT', 'Idempotency-Key must have 1 to 128 visible ASCII characters.', {
      field: 'Idempotency-Key',
    })
  }
  return {
    actor,
    ...(typeof traceparent === 'string' && TRACEPARENT.test(traceparent) && { traceparent }),
    ...(key !== undefined && { idempotencyKey: key }),
  }
}
