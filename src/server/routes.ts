import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Fabric } from '../fabric/fabric.js'
import { invoke } from '../operations/invoke.js'
import { type NamedOperation, OPERATION_LIST } from '../operations/table.js'
import { callerOf } from './caller.js'
import { isTagged, tagAnswer } from './etag.js'
import { inputReader } from './request-input.js'
import type { Waits } from './waits.js'

const NEVER_ABORTED = new AbortController().signal

/** One route for each operation of the table. */
export function addOperations(app: FastifyInstance, fabric: Fabric, waits: Waits): void {
  for (const operation of OPERATION_LIST) {
    const { method, path: url, bodyBytes: bodyLimit } = operation
    const handler = handlerOf(operation, fabric, waits)
    const tagged = isTagged(operation) && { onSend: tagAnswer }
    app.route({ method, url, handler, ...(bodyLimit !== undefined && { bodyLimit }), ...tagged })
  }
}

function handlerOf(operation: NamedOperation, fabric: Fabric, waits: Waits) {
  const read = inputReader(operation)
  const run = (request: FastifyRequest, signal: AbortSignal) =>
    invoke(operation, fabric, callerOf(request, signal), read(request))
  // Only what can wait pays for noticing that its caller left.
  if (!('waitMs' in operation.input.shape)) return (request: FastifyRequest) => run(request, NEVER_ABORTED)
  return (request: FastifyRequest, reply: FastifyReply) => waits.during(reply.raw, (signal) => run(request, signal))
}
