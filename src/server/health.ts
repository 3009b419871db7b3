import type { FastifyInstance } from 'fastify'
import type { Fabric, FabricHealth } from '../fabric/fabric.js'
import { FabricError } from '../model/errors.js'

/** Anybody may ask: it says whether this serves, and nothing of what is in it. */
const OPEN = { config: { open: true } }

/**
 * `GET /healthz`: the process lives. `GET /readyz`: the fabric decides commands, here or on the node that leads, and its state
 * is new enough to be shown; else 503 with the reason.
 */
export function addHealth(app: FastifyInstance, fabric: Fabric): void {
  app.get('/healthz', OPEN, (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }))
  app.get('/readyz', OPEN, (_request, reply) => {
    requireReady(fabric.health())
    return reply.header('cache-control', 'no-store').send({ status: 'ready' })
  })
}

export function isReady(health: FabricHealth): boolean {
  return obstacle(health) === undefined
}

function requireReady(health: FabricHealth): void {
  const found = obstacle(health)
  if (found !== undefined) throw new FabricError('UNAVAILABLE', found.message, { reason: found.reason })
}

interface Obstacle {
  readonly reason: 'recovering' | 'failed' | 'closed' | 'stale' | 'storage'
  readonly message: string
}

/** In words that say nothing of paths or causes: those are in the log of the process. */
function obstacle({ state, journal, nodes }: FabricHealth): Obstacle | undefined {
  if (state === 'recovering') {
    return { reason: state, message: 'The fabric reads its state from the journal again. Ask again soon.' }
  }
  if (state === 'failed') {
    return { reason: state, message: 'The fabric has stopped and needs a new start. Its log says why.' }
  }
  if (state === 'closed') return { reason: state, message: 'The fabric is closed. Start it with `ifab up`.' }
  if (nodes?.isFresh === false) {
    return { reason: 'stale', message: 'This node has not heard from the journal for too long. Ask another node.' }
  }
  if (journal.state === 'open') return undefined
  return { reason: 'storage', message: 'The storage of the journal refuses writes. The log of the fabric says why.' }
}
