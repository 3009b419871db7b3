import type { CliCommand } from './command.js'
import { choice, id, list } from './option-values.js'
import type { ClientName } from './setup/clients.js'
import type { SetupOptions } from './setup/run.js'

const CLIENT_NAMES = ['claude', 'codex', 'cursor'] as const satisfies readonly ClientName[]

/** Connecting the programs that agents run in. */
export function addSetupCommand(program: CliCommand): void {
  program
    .command('setup')
    .description('let Claude Code, Codex or Cursor use the board in this repository: its MCP server, and how to work')
    .argument('<client>', CLIENT_NAMES.join(', '), choice(CLIENT_NAMES))
    .option('--check', 'change nothing and say what differs; exits with 4 when something does')
    .option('--remove', 'take out again what setup put in')
    .option('--as <swarm>', 'one swarm for all its sessions (default: one for each)', id)
    .option('--capabilities <names>', 'what its agents can do, as code:rust,net:sip', list)
    .option('--tier <tier>', 'their model tier: haiku, sonnet, opus or your own')
    .example('ifab setup claude')
    .example('ifab setup codex --check')
    .does(async (call, client: ClientName, options: SetupOptions) => {
      const { setUp } = await import('./setup/run.js')
      return setUp(call, client, options)
    })
}
