import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { invoke } from '../operations/invoke.js'
import { type NamedOperation, OPERATION_LIST } from '../operations/table.js'
import { callerOf, principalOf } from './caller.js'
import { isTagged, tagAnswer } from './etag.js'
import type { Pushing } from './push/pushing.js'
import { inputReader } from './request-input.js'

const NEVER_ABORTED = new AbortController().signal

/** One route for each operation of the table. */
export function addOperations(app: FastifyInstance, pushing: Pushing): void {
  for (const operation of OPERATION_LIST) {
    const { method, path: url, bodyBytes: bodyLimit } = operation
    const handler = handlerOf(operation, pushing)
    const tagged = isTagged(operation) && { onSend: tagAnswer }
    app.route({ method, url, handler, ...(bodyLimit !== undefined && { bodyLimit }), ...tagged })
  }
}

function handlerOf(operation: NamedOperation, { fabric, waits, standings }: Pushing) {
  const read = inputReader(operation)
  // Only what can wait pays for noticing that its caller left.
  if (!('waitMs' in operation.input.shape)) {
    return (request: FastifyRequest) => invoke(operation, fabric, callerOf(request, NEVER_ABORTED), read(request))
  }
  return (request: FastifyRequest, reply: FastifyReply) =>
    waits.during(reply.raw, async (signal, abort) => {
      const input = read(request)
      const watched = Number(input.waitMs) > 0
      const stopWatching = watched ? standings.watch(principalOf(request), abort) : () => undefined
      try {
        return await invoke(operation, fabric, callerOf(request, signal), input)
      } finally {
        stopWatching()
      }
    })
}
