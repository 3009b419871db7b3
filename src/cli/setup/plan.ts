import {
  CLIENT_NAMES,
  CLIENTS,
  type Client,
  type ClientName,
  INSTRUCTIONS,
  instructionLines,
  POINTER_LINES,
} from './clients.js'
import { type EditedFile, readEdited } from './edited-file.js'
import { putJsonEntry, readJsonEntry, takeJsonEntry } from './json-entry.js'
import { MARKDOWN_MARKERS, putBlock, takeBlock } from './managed-block.js'
import type { ServerEntry } from './server-entry.js'

/** What becomes of one file. Nothing is written before all of them are known. */
export interface Change {
  readonly file: EditedFile
  /** Undefined when the file goes. */
  readonly after: string | undefined
  /** What our part of it is, or why it is left alone. */
  readonly what: string
}

/** How a configuration is read and changed, by its format. What TOML needs is loaded for it only. */
async function formatOf({ format }: Client) {
  if (format === 'json') return { read: readJsonEntry, put: putJsonEntry, take: takeJsonEntry }
  const { putTomlTable, readTomlTable, takeTomlTable } = await import('./toml-table.js')
  return { read: readTomlTable, put: putTomlTable, take: takeTomlTable }
}

/** What a client's configuration says of our server now, or undefined. Throws INVALID_ARGUMENT. */
export async function readEntry(root: string, name: ClientName): Promise<Record<string, unknown> | undefined> {
  const { path, text } = await readEdited(root, CLIENTS[name].config)
  return text === undefined ? undefined : (await formatOf(CLIENTS[name])).read(path, text)
}

/** The changes that make a client start our server and tell its agents how to work. */
export async function planSetup(root: string, name: ClientName, server: ServerEntry): Promise<Change[]> {
  const client: Client = CLIENTS[name]
  const [config, instructions, pointer] = await readFiles(root, client)
  const entry = { ...server, ...client.entry }
  const { put } = await formatOf(client)
  const changes = [
    {
      file: config,
      after: put(config.path, config.text, entry),
      what: `runs \`${[server.command, ...server.args].join(' ')}\``,
    },
    {
      file: instructions,
      after: putBlock(instructions.path, instructions.text, MARKDOWN_MARKERS, instructionLines()),
      what: 'how to work with the board, between two markers',
    },
  ]
  return pointer === undefined ? changes : [...changes, pointTo(pointer, instructions)]
}

/** Where the client reads AGENTS.md by way of another file. One that does so already is left alone. */
function pointTo(pointer: EditedFile, instructions: EditedFile): Change {
  const what = `points to ${INSTRUCTIONS}, between two markers`
  const { path, text, target } = pointer
  if (target === instructions.target) return { file: pointer, after: text, what: `is ${INSTRUCTIONS}` }
  const without = text === undefined ? undefined : takeBlock(path, text, MARKDOWN_MARKERS)
  if (without !== undefined && new RegExp(`(^|\\s)@(\\./)?${INSTRUCTIONS}\\b`).test(without)) {
    return { file: pointer, after: text, what: `points to ${INSTRUCTIONS} already` }
  }
  return { file: pointer, after: putBlock(path, text, MARKDOWN_MARKERS, POINTER_LINES), what }
}

/** The changes that take all of that away. Instructions that another client uses stay. */
export async function planRemoval(root: string, name: ClientName): Promise<Change[]> {
  const client: Client = CLIENTS[name]
  const [config, instructions, pointer] = await readFiles(root, client)
  const { take } = await formatOf(client)
  const others = await otherClients(root, name)
  const stay =
    others.length === 0 ? undefined : `stays for ${others.map((other) => CLIENTS[other].title).join(' and ')}`
  const gone = 'our part is taken out'
  const changes: Change[] = [
    { file: config, after: config.text === undefined ? undefined : take(config.path, config.text), what: gone },
    {
      file: instructions,
      after: stay === undefined ? withoutBlock(instructions) : instructions.text,
      what: stay ?? gone,
    },
  ]
  if (pointer === undefined || pointer.target === instructions.target) return changes
  return [...changes, { file: pointer, after: withoutBlock(pointer), what: gone }]
}

function withoutBlock({ path, text }: EditedFile): string | undefined {
  return text === undefined ? undefined : takeBlock(path, text, MARKDOWN_MARKERS)
}

async function otherClients(root: string, name: ClientName): Promise<ClientName[]> {
  const found: ClientName[] = []
  for (const other of CLIENT_NAMES) {
    if (other !== name && (await readEntry(root, other)) !== undefined) found.push(other)
  }
  return found
}

async function readFiles(root: string, client: Client): Promise<[EditedFile, EditedFile, EditedFile | undefined]> {
  return [
    await readEdited(root, client.config),
    await readEdited(root, INSTRUCTIONS),
    client.instructions === undefined ? undefined : await readEdited(root, client.instructions),
  ]
}
