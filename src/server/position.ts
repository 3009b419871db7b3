import type { FastifyInstance, FastifyRequest } from 'fastify'
import { POSITION_HEADER } from '../client/addresses.js'
import type { FabricNodes } from '../fabric/fabric.js'
import { FabricError, isFabricError } from '../model/errors.js'

/**
 * Lets callers read on one node what they wrote on another: a request that names a position waits until the state is there,
 * and each answer names the one that it rests on. Call this before the guard, for a token may be that new, too.
 */
export function addPositions(
  app: FastifyInstance,
  nodes: FabricNodes,
  authenticate: (request: FastifyRequest) => void,
): void {
  app.addHook('onRequest', (request, _reply, done) => {
    arrive(request, nodes, authenticate).then(() => done(), done)
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.header(POSITION_HEADER, String(nodes.position))
  })
}

async function arrive(request: FastifyRequest, nodes: FabricNodes, authenticate: (request: FastifyRequest) => void) {
  const stated = request.headers[POSITION_HEADER]
  if (stated !== undefined) await nodes.reach(readPosition(stated))
  if (nodes.leads || request.headers.authorization === undefined) return
  try {
    authenticate(request)
  } catch (error) {
    // It may have been issued a moment ago, elsewhere. The guard asks again.
    if (isFabricError(error, 'UNAUTHENTICATED')) await nodes.catchUp()
  }
}

function readPosition(stated: string | readonly string[]): number {
  if (typeof stated === 'string' && /^\d{1,15}$/.test(stated)) return Number(stated)
  throw new FabricError('INVALID_ARGUMENT', 'Ifab-Position must be a position of the log, as an answer gave it.', {
    field: 'Ifab-Position',
  })
}
