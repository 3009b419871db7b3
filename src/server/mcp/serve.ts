import { ProtocolError, ProtocolErrorCode, Server, type ServerContext } from '@modelcontextprotocol/server'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/server/validators/ajv'
import { FabricError, isFabricError } from '../../model/errors.js'
import { MINUTE_MS } from '../../model/time.js'
import { parseInput } from '../../operations/input.js'
import { INSTRUCTIONS } from './instructions.js'
import { failure, success } from './result.js'
import type { Tool, ToolContext } from './tool.js'
import type { ToolSet } from './tool-set.js'

export interface McpOptions {
  readonly version: string
  tools(): ToolSet | Promise<ToolSet>
  /** What the tool works with in one call, until it is closed. Throws a coded error for whom it cannot serve. */
  open(call: ServerContext, server: Server, tool: Tool): Promise<OpenCall>
  /** Hears of what is no refusal but a fault, and says what the caller is told. */
  tellFault(error: unknown, tool: string): FabricError
}

export interface OpenCall extends Omit<ToolContext, 'progress'> {
  close?(): void
}

/** For how long a client may keep the list of tools: it changes with a new version, or another role, only. */
const LISTING_MS = 5 * MINUTE_MS

/** Checks what clients answer to questions; nobody is asked any, so one for all is enough. */
const validator = new AjvJsonSchemaValidator()

/**
 * An MCP server for one connection, or for one request where the protocol is stateless. The SDK's own `McpServer` would
 * turn the schemas into JSON anew for each of them, and has a form of its own for arguments that are wrong.
 */
export function createMcpServer(options: McpOptions): Server {
  const server = new Server(
    { name: 'infrafabric', title: 'InfraFabric', version: options.version },
    {
      capabilities: { tools: {} },
      instructions: INSTRUCTIONS,
      jsonSchemaValidator: validator,
      cacheHints: { 'tools/list': { ttlMs: LISTING_MS, cacheScope: 'private' } },
    },
  )
  server.setRequestHandler('tools/list', async () => ({ tools: [...(await options.tools()).listings] }))
  server.setRequestHandler('tools/call', async ({ params }, call) => {
    const tools = await options.tools()
    const tool = tools.byName.get(params.name)
    if (tool === undefined) throw unknownTool(params.name, tools)
    try {
      const input = parseInput(tool.input, params.arguments ?? {})
      const { close, ...context } = await options.open(call, server, tool)
      return success(await run(tool, input, withProgress(context, call)).finally(close))
    } catch (error) {
      return failure(isFabricError(error) && error.code !== 'INTERNAL' ? error : options.tellFault(error, tool.name))
    }
  })
  return server
}

async function run(tool: Tool, input: Record<string, unknown>, context: ToolContext): Promise<unknown> {
  const { signal } = context
  try {
    return await tool.run(context, input)
  } catch (error) {
    if (!signal.aborted) throw error
    // Why it was ended is of more use than that it was, such as that this server shuts down.
    throw isFabricError(signal.reason) ? signal.reason : new FabricError('UNAVAILABLE', 'The caller ended this call.')
  }
}

function withProgress(context: Omit<ToolContext, 'progress'>, { mcpReq }: ServerContext): ToolContext {
  const progressToken = mcpReq._meta?.progressToken
  if (progressToken === undefined) return context
  const progress = (progress: number, total: number) =>
    mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total, message: 'waiting' } })
  return { ...context, progress }
}

const SHOWN_NAME_CHARS = 128

function unknownTool(name: string, { byName }: ToolSet): ProtocolError {
  const message = `There is no tool ${name.slice(0, SHOWN_NAME_CHARS)}. There are ${[...byName.keys()].join(', ')}.`
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message)
}
