import { isDeepStrictEqual } from 'node:util'
import { parse, TomlError } from 'smol-toml'
import { FabricError } from '../../model/errors.js'
import { putBlock, TOML_MARKERS, takeBlock } from './managed-block.js'
import { SERVER_NAME, type ServerEntry } from './server-entry.js'

/** The table of our server in a TOML configuration, `[mcp_servers.infrafabric]`, in a block between markers. */

const SERVERS = 'mcp_servers'
/** The first start with npx downloads the package; Codex waits for 10 seconds by default. */
const STARTUP_SECONDS = 60
/** `wait_for_work` waits for up to 240 seconds; older Codex gives a call 60 or 120, whatever progress it is told of. */
const CALL_SECONDS = 300
/** Codex passes on no other variables but those that it is told. */
const PASSED_ON = ['IFAB_DATA', 'IFAB_URL', 'IFAB_TOKEN', 'IFAB_SWARM', 'IFAB_TOOLS']

/** What the file says of our server, or undefined. Throws INVALID_ARGUMENT for what is not TOML. */
export function readTomlTable(path: string, text: string): Record<string, unknown> | undefined {
  return serversOf(readToml(path, text))[SERVER_NAME] as Record<string, unknown> | undefined
}

/** `text` with our table, in its block. Throws INVALID_ARGUMENT; the file means the same otherwise, or this is refused. */
export function putTomlTable(path: string, text: string | undefined, server: ServerEntry): string {
  const rest = withoutTable(path, text ?? '')
  const after = putBlock(path, text, TOML_MARKERS, tableLines(server))
  refuseOtherChanges(path, rest, readToml(path, after))
  return after
}

/** `text` without our table, or undefined when the file had nothing else. Throws INVALID_ARGUMENT. */
export function takeTomlTable(path: string, text: string): string | undefined {
  withoutTable(path, text)
  return takeBlock(path, text, TOML_MARKERS)
}

/** What the file means without our block. Throws INVALID_ARGUMENT when somebody else wrote a table of that name. */
function withoutTable(path: string, text: string): Toml {
  readToml(path, text)
  const rest = readToml(path, takeBlock(path, text, TOML_MARKERS) ?? '')
  if (serversOf(rest)[SERVER_NAME] === undefined) return rest
  const message = `${path} has a table [${SERVERS}.${SERVER_NAME}] that \`ifab setup\` did not write. Remove it, then run it again. Nothing was changed.`
  throw new FabricError('INVALID_ARGUMENT', message, { path })
}

function tableLines({ command, args }: ServerEntry): string[] {
  const list = (items: readonly string[]) => `[${items.map((item) => JSON.stringify(item)).join(', ')}]`
  return [
    `[${SERVERS}.${SERVER_NAME}]`,
    `command = ${JSON.stringify(command)}`,
    `args = ${list(args)}`,
    `env_vars = ${list(PASSED_ON)}`,
    // Codex begins without a server that takes longer than a second to start, unless it is required.
    'required = true',
    `startup_timeout_sec = ${STARTUP_SECONDS}`,
    `tool_timeout_sec = ${CALL_SECONDS}`,
  ]
}

function refuseOtherChanges(path: string, rest: Toml, after: Toml): void {
  const { [SERVER_NAME]: _, ...others } = serversOf(after)
  const same = isDeepStrictEqual(others, { ...serversOf(rest) })
  const { [SERVERS]: _before, ...before } = rest
  const { [SERVERS]: _after, ...now } = after
  if (same && isDeepStrictEqual(now, before)) return
  const message = `${path} cannot take a table without meaning something else afterwards. Move the block to its end, then run it again. Nothing was changed.`
  throw new FabricError('INVALID_ARGUMENT', message, { path })
}

type Toml = Record<string, unknown>

function readToml(path: string, text: string): Toml {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const { line, column } = error
    const problem = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '')
    const message = `${path}:${line}:${column}: ${problem}. Mend the file, then run it again. Nothing was changed.`
    throw new FabricError('INVALID_ARGUMENT', message, { path, line, column })
  }
}

function serversOf(document: Toml): Toml {
  const servers = document[SERVERS]
  return typeof servers === 'object' && servers !== null ? (servers as Toml) : {}
}
