import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node'
import {
  type AuthInfo,
  createMcpHandler,
  type McpServer,
  type Server,
  TRACEPARENT_META_KEY,
} from '@modelcontextprotocol/server'
import { assertInvariant, FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { SECOND_MS } from '../../model/time.js'
import type { Caller } from '../../operations/invoke.js'
import { isTraceparent } from '../caller.js'
import { operationsOf } from '../in-process.js'
import { Calls } from './calls.js'
import type { McpRouteOptions } from './route.js'
import { createMcpServer } from './serve.js'
import { allTools, CORE } from './tool-set.js'

/** A request that the guard let in. */
export interface Admitted {
  readonly request: IncomingMessage
  /** As it was parsed. */
  readonly body: unknown
  readonly caller: Caller
  /** Asks for more than the core tools. */
  readonly all: boolean
}

export interface McpHandler {
  serve(admitted: Admitted, response: ServerResponse): Promise<void>
  close(): Promise<void>
}

/** Serves the tools to whoever the guard let in. */
export function createHandler(options: McpRouteOptions): McpHandler {
  return handlerOf((admitted, calls) => serverFor(admitted, options, calls))
}

/** Serves each request by a server of its own, made for its caller; nothing is kept between two requests. */
export function handlerOf(serverFor: (admitted: Admitted, calls: Calls) => Server | McpServer): McpHandler {
  const calls = new Calls()
  const handler = createMcpHandler(({ authInfo }) => serverFor(admittedOf(authInfo), calls), {
    maxRequestBodySize: LIMITS.mcpBodyBytes,
  })
  const serve = toNodeHandler(handler)
  return {
    serve: (admitted, response) => {
      calls.takeBack(keyOf(admitted.caller), admitted.body)
      // The SDK's type of a request has fields that are absent where Node's are undefined.
      const request = Object.assign(admitted.request, { auth: authOf(admitted) }) as unknown as NodeIncomingMessageLike
      return serve(request, response, admitted.body)
    },
    close: () => handler.close(),
  }
}

function serverFor(
  { caller, all }: Admitted,
  { fabric, standings, version, onFault, tellFault }: McpRouteOptions,
  calls: Calls,
): Server {
  const { swarm, role } = caller.principal
  return createMcpServer({
    version,
    tools: () => (all ? allTools(role) : CORE),
    open: async ({ mcpReq }, _, { waits }) => {
      const { signal, abort, end } = calls.begin(keyOf(caller), mcpReq.id, [caller.signal, mcpReq.signal])
      // The guard has just looked at the token; who waits may lose it meanwhile.
      const stopWatching = waits === true ? standings.watch(caller.principal, abort) : () => undefined
      // Closer to the call than that of the request, where the client sends both.
      const traceparent = mcpReq._meta?.[TRACEPARENT_META_KEY]
      const traced = isTraceparent(traceparent) ? { traceparent } : {}
      const operations = operationsOf(fabric, { ...caller, ...traced, signal })
      const close = () => {
        stopWatching()
        end()
      }
      return { fabric: operations, signal, swarm: () => swarm ?? refuse(caller), close }
    },
    tellFault: (error, tool) => {
      const reference = randomUUID()
      onFault({ reference, route: `POST /mcp ${tool}`, error })
      return tellFault(reference)
    },
  })
}

function keyOf({ principal: { actor, token = '' } }: Caller): string {
  return `${actor} ${token}`
}

function refuse({ principal }: Caller): never {
  const { actor, role } = principal
  const message = `${actor} is no swarm and takes no work. Use the token of a swarm: ifab token issue <swarm>.`
  throw new FabricError('FORBIDDEN', message, { role })
}

/** How the SDK carries who calls from the request to the server. It is shown no secret. */
function authOf(admitted: Admitted): AuthInfo {
  const { actor, role, token = '', expiresAt } = admitted.caller.principal
  return {
    token,
    clientId: actor,
    scopes: [role],
    ...(expiresAt !== undefined && { expiresAt: Math.floor(expiresAt / SECOND_MS) }),
    extra: { admitted },
  }
}

function admittedOf(auth: AuthInfo | undefined): Admitted {
  const admitted = auth?.extra?.admitted
  assertInvariant(admitted !== undefined, 'a request came to MCP without its caller')
  return admitted as Admitted
}
