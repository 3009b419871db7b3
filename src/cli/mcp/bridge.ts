import type { Readable, Writable } from 'node:stream'
import { CLIENT_INFO_META_KEY, type Server, type ServerContext } from '@modelcontextprotocol/server'
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import { asFabricError, FabricError } from '../../model/errors.js'
import { isId } from '../../model/ids.js'
import { createMcpServer } from '../../server/mcp/serve.js'
import { allTools, CORE } from '../../server/mcp/tool-set.js'
import type { Call } from '../command.js'
import { packageVersion } from '../version.js'
import { Session } from './session.js'

export interface BridgeOptions {
  readonly as?: string
  readonly capabilities?: readonly string[]
  readonly tier?: string
}

interface Pipes {
  readonly input: Readable
  readonly output: Writable
}

/**
 * Serves one MCP client until its end of the pipe is closed. Stdout carries nothing but the protocol. The fabric is
 * looked for, and started, when the first tool is called: a client that only asks what there is leaves no trace.
 */
export async function bridge(call: Call, options: BridgeOptions, { input, output }: Pipes): Promise<undefined> {
  const { terminal } = call
  const where = { url: call.url, data: call.data, env: terminal.env }
  const session = new Session(where, { ...options, ...nameIn(terminal.env, options) })
  const log = (text: string) => terminal.err(`ifab mcp: ${text}\n`)
  const version = packageVersion()
  const all = terminal.env.IFAB_TOOLS === 'all'
  const over = ended(input, terminal.interruption())
  const handle = serveStdio(
    () =>
      createMcpServer({
        version,
        tools: async () => (all ? allTools(await session.role()) : CORE),
        open: async (request, server) => {
          const { swarm, actor } = await session.open(clientOf(request, server))
          return {
            fabric: session.operations,
            signal: request.mcpReq.signal,
            swarm: () => swarm ?? refuse(actor),
          }
        },
        tellFault: (error, tool) => {
          log(`${tool}: ${error instanceof Error ? error.stack : String(error)}`)
          return asFabricError(error)
        },
      }),
    { transport: new StdioServerTransport(input, output), onerror: (error) => log(error.message) },
  )
  await over
  await handle.close()
  await session.close().catch((error) => log(asFabricError(error).message))
}

/** `IFAB_SWARM` names the session where its command line does not. */
function nameIn({ IFAB_SWARM }: Call['terminal']['env'], { as }: BridgeOptions): { as?: string } {
  if (as !== undefined || !IFAB_SWARM) return {}
  if (isId(IFAB_SWARM)) return { as: IFAB_SWARM }
  throw new FabricError('INVALID_ARGUMENT', 'IFAB_SWARM is not a valid id of a swarm.', { field: 'IFAB_SWARM' })
}

/** Resolves when the client closes its end, or this process is asked to end. */
function ended(input: Readable, interruption: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    input.once('end', resolve)
    input.once('close', resolve)
    interruption.addEventListener('abort', () => resolve(), { once: true })
  })
}

/**
 * What the client calls itself: once per connection in older revisions of the protocol, with each request in the newer.
 */
function clientOf({ mcpReq }: ServerContext, server: Server): string | undefined {
  const envelope: Readonly<Record<string, unknown>> = { ...mcpReq.envelope }
  const client = (envelope[CLIENT_INFO_META_KEY] ?? server.getClientVersion()) as { name?: string } | undefined
  return client?.name
}

function refuse(actor: string): never {
  const message = `${actor} is no swarm and takes no work. Set IFAB_TOKEN to that of a swarm: ifab token issue <swarm>.`
  throw new FabricError('FORBIDDEN', message)
}
