import type { ServerEntry } from './server-entry.js'

/** The programs that agents run in, and where each keeps what it knows of MCP servers in a project. */
export interface Client {
  readonly title: string
  readonly config: string
  readonly format: 'json' | 'toml'
  /** Instructions that it reads instead of AGENTS.md. */
  readonly instructions?: string
  /** What its entry says besides how to start the server. */
  readonly entry?: Omit<ServerEntry, 'command' | 'args'>
  /** What the user does there once. */
  readonly next: string
}

export const CLIENTS = {
  claude: {
    title: 'Claude Code',
    config: '.mcp.json',
    format: 'json',
    instructions: 'CLAUDE.md',
    // It begins its first turn without servers that are still starting, and then hides their tools behind a search.
    entry: { alwaysLoad: true },
    next: 'Start `claude` here and approve the server infrafabric; `/mcp` shows it.',
  },
  codex: {
    title: 'Codex',
    config: '.codex/config.toml',
    format: 'toml',
    next: 'Start `codex` here and trust the project, without which it reads no configuration of it; `/mcp` shows the server.',
  },
  cursor: {
    title: 'Cursor',
    config: '.cursor/mcp.json',
    format: 'json',
    // It need not start servers in the folder that is open.
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Cursor fills it in.
    entry: { env: { IFAB_WORKSPACE: '${workspaceFolder}' } },
    next: 'Open this folder in Cursor and switch the server infrafabric on in its MCP settings.',
  },
} as const satisfies Record<string, Client>

export type ClientName = keyof typeof CLIENTS
export const CLIENT_NAMES = Object.keys(CLIENTS) as ClientName[]

export const INSTRUCTIONS = 'AGENTS.md'

/** How agents work with the board, in at most 15 lines with the markers; for one swarm where its name is known. */
export function instructionLines(swarm?: string): string[] {
  const known = swarm !== undefined
  return [
    '## Shared task board (InfraFabric)',
    '',
    'Other agents work on this project too. Take work from the board with the MCP tools of `infrafabric`, or, where they are',
    known
      ? 'missing, with the commands in brackets.'
      : 'missing, with the commands in brackets (once first: `ifab swarm register NAME`). `ifab prime --as NAME` says where you stand.',
    ...WORK_LOOP.map((line) => (known ? line.replaceAll('NAME', swarm) : line)),
  ]
}

const WORK_LOOP = [
  '1. `next_task` claims your best task (`ifab next --as NAME --claim --wait 50s`). Note its epoch: every later word needs it.',
  '   Nothing there? `wait_for_work`, again and again. `claim_task` takes a task that you chose; `show_task` tells all of it.',
  '2. At least every 10 minutes: `heartbeat` (`ifab beat TASK --epoch N`); at each quarter: `report_milestone` (`ifab milestone`).',
  '   An answer of `stop` or STALE_CLAIM: the task is not yours any more. Stop working on it and go back to 1.',
  '3. Stuck: `report_blocker` or `ask_for_help` (`ifab block`), then do the other work that is offered. For people to decide:',
  '   `escalate_to_human` (`ifab escalation ask`). Work that is yours to find but not to do: `create_task` (`ifab task create`).',
  '4. Done and tested: `complete_task` with evidence (`ifab done TASK --epoch N --command "npm test" --exit-code 0`), then 1.',
  '   Giving up: `release_task` with a note (`ifab release TASK --epoch N --note ...`), then 1.',
]

/** Claude Code reads CLAUDE.md, and what that imports. */
export const POINTER_LINES: readonly string[] = [`@${INSTRUCTIONS}`]
