/** The name under which clients know our MCP server; its tools are called `mcp__infrafabric__next_task` in some. */
export const SERVER_NAME = 'infrafabric'

/** How a client starts our MCP server. */
export interface ServerEntry {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** For Claude Code: the tools are there from the first turn on. */
  readonly alwaysLoad?: boolean
}
