import type { CliCommand } from './command.js'
import type { BridgeOptions } from './mcp/bridge.js'
import { id, list } from './option-values.js'

/** What MCP clients start for each of their sessions. What it needs is loaded when it runs. */
export function addMcpCommand(program: CliCommand): void {
  program
    .command('mcp')
    .description('speak MCP over stdin and stdout, for a coding agent; starts the fabric if none runs')
    .option('--as <swarm>', 'swarm of this session (default: $IFAB_SWARM, else the client and the worktree)', id)
    .option('--capabilities <names>', 'what the agent can do, as code:rust,net:sip', list)
    .option('--tier <tier>', 'its model tier: haiku, sonnet, opus or your own')
    .example('ifab mcp --capabilities code:typescript --tier sonnet')
    .does(async (call, options: BridgeOptions) => {
      const { bridge } = await import('./mcp/bridge.js')
      return bridge(call, options, { input: process.stdin, output: process.stdout })
    })
}
