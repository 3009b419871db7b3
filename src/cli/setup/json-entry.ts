import { isDeepStrictEqual } from 'node:util'
import { FabricError } from '../../model/errors.js'
import { JsonFault, type JsonMember, type JsonNode, parseJsonTree } from './json-tree.js'
import { newlineOf } from './managed-block.js'
import { SERVER_NAME, type ServerEntry } from './server-entry.js'

/**
 * The entry of our server in a JSON configuration, `mcpServers.infrafabric`. The text is edited where the entry is and
 * nowhere else, so order, spacing and unknown keys of the rest stay. Where what surrounds the entry was made for it, a new
 * line comes first in it; that is how `takeJsonEntry` knows what to take away with it.
 */

const SERVERS = 'mcpServers'

/** What the file says of our server, or undefined. Throws INVALID_ARGUMENT for what is not such a file. */
export function readJsonEntry(path: string, text: string): Record<string, unknown> | undefined {
  const { entry } = locate(path, text)
  if (entry === undefined) return undefined
  const value: unknown = JSON.parse(text.slice(entry.value.start, entry.value.end))
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** `text` with our entry; keys of it that we do not set stay as they are. Throws INVALID_ARGUMENT. */
export function putJsonEntry(path: string, text: string | undefined, server: ServerEntry): string {
  if (text === undefined) return `${JSON.stringify({ [SERVERS]: { [SERVER_NAME]: server } }, undefined, 2)}\n`
  const place = locate(path, text)
  const put = (at: number, part: string, until = at) => text.slice(0, at) + part + text.slice(until)
  const { root, servers, entry } = place
  const layout = layoutOf(text, root)
  if (entry !== undefined) {
    const before = readJsonEntry(path, text) ?? {}
    const after = merged(before, server)
    const { start, end } = entry.value
    return isDeepStrictEqual(before, after) ? text : put(start, layout.print(after, 2), end)
  }
  if (servers === undefined) {
    const member = `"${SERVERS}": {${layout.line(2)}"${SERVER_NAME}": ${layout.print(server, 2)}${layout.line(1)}}`
    return insertFirst(put, text, root, member, layout.line(1))
  }
  const own = `"${SERVER_NAME}": `
  const inline = !startsNewLine(text, servers)
  return insertFirst(
    put,
    text,
    servers,
    own + (inline ? JSON.stringify(server) : layout.print(server, 2)),
    layout.line(2),
  )
}

/** `text` without our entry, or undefined when the file was made for it. Throws INVALID_ARGUMENT. */
export function takeJsonEntry(path: string, text: string): string | undefined {
  const { root, servers, serversMember, entry } = locate(path, text)
  if (entry === undefined || servers === undefined || serversMember === undefined) return text
  const madeForIt = servers.members?.length === 1 && startsNewLine(text, servers)
  if (!madeForIt) return withoutMember(text, servers, entry)
  if (root.members?.length === 1 && startsNewLine(text, root)) return undefined
  return withoutMember(text, root, serversMember)
}

/** Keys that we do not set, and other variables of the environment, are the user's. */
function merged(found: Record<string, unknown>, { env, ...server }: ServerEntry): Record<string, unknown> {
  const variables = typeof found.env === 'object' && found.env !== null ? found.env : {}
  return { ...found, ...server, ...(env !== undefined && { env: { ...variables, ...env } }) }
}

interface Located {
  readonly root: JsonNode
  readonly servers: JsonNode | undefined
  readonly serversMember: JsonMember | undefined
  readonly entry: JsonMember | undefined
}

function locate(path: string, text: string): Located {
  try {
    const root = parseJsonTree(text)
    const serversMember = memberOf(root, SERVERS, 'the file')
    const servers = serversMember?.value
    const entry = servers === undefined ? undefined : memberOf(servers, SERVER_NAME, SERVERS)
    return { root, servers, serversMember, entry }
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    const lines = text.slice(0, error.offset).split('\n')
    const line = lines.length
    const column = (lines.at(-1)?.length ?? 0) + 1
    const message = `${path}:${line}:${column}: ${error.message}. Mend the file, then run it again. Nothing was changed.`
    throw new FabricError('INVALID_ARGUMENT', message, { path, line, column })
  }
}

function memberOf({ start, members }: JsonNode, key: string, what: string): JsonMember | undefined {
  if (members === undefined) throw new JsonFault(`${what} must be a JSON object`, start)
  const [found, second] = members.filter((member) => member.key === key)
  if (second !== undefined) throw new JsonFault(`"${key}" is there twice`, second.start)
  return found
}

/** Whether a new line follows the brace that opens the object. */
function startsNewLine(text: string, { start }: JsonNode): boolean {
  return /^[ \t]*\r?\n/.test(text.slice(start + 1, start + 200)) && !/^\s*\}/.test(text.slice(start + 1))
}

type Put = (at: number, part: string) => string

/** Into an empty object right after its brace, so that the space in it is still there when the member goes. */
function insertFirst(put: Put, text: string, object: JsonNode, member: string, line: string): string {
  const at = object.start + 1
  if (object.members?.length === 0) return put(at, member)
  return put(at, `${startsNewLine(text, object) ? line : ''}${member},`)
}

function withoutMember(text: string, object: JsonNode, member: JsonMember): string {
  const members = object.members ?? []
  const index = members.indexOf(member)
  const before = index === 0 ? object.start + 1 : (members[index - 1]?.value.end ?? 0)
  // Where it was alone, the space around it belongs to the object.
  if (members.length === 1) return text.slice(0, member.start) + text.slice(member.value.end)
  if (index > 0) return text.slice(0, before) + text.slice(member.value.end)
  return text.slice(0, before) + text.slice(text.indexOf(',', member.value.end) + 1)
}

interface Layout {
  /** A new line with the indentation of a level. */
  line(level: number): string
  /** A value as it stands in a line of a level. */
  print(value: unknown, level: number): string
}

/** As the file is laid out: how its lines end, and how far its first member is indented. */
function layoutOf(text: string, root: JsonNode): Layout {
  const newline = newlineOf(text)
  const first = root.members?.[0]
  const unit = first === undefined ? undefined : /\n([ \t]+)$/.exec(text.slice(root.start, first.start))?.[1]
  const indent = unit ?? '  '
  const line = (level: number) => newline + indent.repeat(level)
  return { line, print: (value, level) => JSON.stringify(value, undefined, indent).replaceAll('\n', line(level)) }
}
