import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Fabric } from '../../fabric/fabric.js'
import { type FabricError, isFabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { ServerFault } from '../app.js'
import { callerOf } from '../caller.js'
import type { Standings } from '../push/standings.js'
import type { RateLimits } from '../rate-limits.js'
import type { Waits } from '../waits.js'
import type { McpHandler } from './http.js'

export interface McpRouteOptions {
  readonly fabric: Fabric
  readonly waits: Waits
  readonly standings: Standings
  readonly limits: RateLimits
  readonly version: string
  readonly onFault: (fault: ServerFault) => void
  /** What the caller is told of a fault, whose cause only the operator sees. */
  readonly tellFault: (reference: string) => FabricError
}

/**
 * `/mcp`: the tools over Streamable HTTP, in every version of the protocol. The guard of the server has let the caller
 * in. `?tools=all` adds a tool for every operation that the caller's role may call.
 */
export function addMcp(app: FastifyInstance, options: McpRouteOptions): void {
  // The SDK takes 200 ms to load, which a fabric without agents need not spend.
  mountMcp(app, options, async () => (await import('./http.js')).createHandler(options))
}

/** Serves `/mcp` by a handler that is made at the first request. */
export function mountMcp(
  app: FastifyInstance,
  { waits, limits, onFault }: Pick<McpRouteOptions, 'waits' | 'limits' | 'onFault'>,
  make: () => Promise<McpHandler>,
): void {
  let made: Promise<McpHandler> | undefined
  app.addHook('onClose', async () => (await made)?.close())
  app.route<{ Querystring: { tools?: unknown } }>({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    exposeHeadRoute: false,
    bodyLimit: LIMITS.mcpBodyBytes,
    handler: async (request, reply) => {
      made ??= make()
      const handler = await made
      const all = request.query.tools === 'all'
      const caller = callerOf(request, NEVER_ABORTED)
      // The guard counted one request; a batch is as many as it holds.
      if (Array.isArray(request.body)) for (const _ of request.body.slice(1)) limits.take(caller.principal)
      const { raw: response } = reply
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) response.setHeader(name, value)
      reply.hijack()
      const serve = (signal: AbortSignal) =>
        handler.serve({ request: request.raw, body: request.body, caller: { ...caller, signal }, all }, response)
      await waits.during(response, serve).catch((error) => {
        // The answer of a call that was ended is written by then; in the middle of another nothing can be said any
        // more.
        response.destroy()
        if (!isFabricError(error)) onFault({ reference: randomUUID(), route: `${request.method} /mcp`, error })
      })
    },
  })
}

/** Stands in for the signal of a caller until it is known that the request is served. */
const NEVER_ABORTED = new AbortController().signal
