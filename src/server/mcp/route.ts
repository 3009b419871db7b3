import type { FastifyInstance } from 'fastify'
import type { Fabric } from '../../fabric/fabric.js'
import type { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import type { ServerFault } from '../app.js'
import { callerOf } from '../caller.js'
import type { Waits } from '../waits.js'
import type { McpHandler } from './http.js'

export interface McpRouteOptions {
  readonly fabric: Fabric
  readonly waits: Waits
  readonly version: string
  readonly onFault: (fault: ServerFault) => void
  /** What the caller is told of a fault, whose cause only the operator sees. */
  readonly tellFault: (reference: string) => FabricError
}

/**
 * `/mcp`: the tools over Streamable HTTP, in every version of the protocol. The guard of the server has let the caller in.
 * `?tools=all` adds a tool for every operation that the caller's role may call.
 */
export function addMcp(app: FastifyInstance, options: McpRouteOptions): void {
  // The SDK takes 200 ms to load, which a fabric without agents need not spend.
  let loading: Promise<McpHandler> | undefined
  const load = () => {
    loading ??= import('./http.js').then(({ createHandler }) => createHandler(options))
    return loading
  }
  app.addHook('onClose', async () => (await loading)?.close())
  app.route<{ Querystring: { tools?: unknown } }>({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    bodyLimit: LIMITS.mcpBodyBytes,
    handler: async (request, reply) => {
      const handler = await load()
      const all = request.query.tools === 'all'
      reply.hijack()
      await options.waits
        .during(reply.raw, (signal) =>
          handler.serve(
            { request: request.raw, body: request.body, caller: callerOf(request, signal), all },
            reply.raw,
          ),
        )
        // The answer of a call that is ended is written by then; of one whose caller left, nobody reads it.
        .catch(() => undefined)
    },
  })
}
