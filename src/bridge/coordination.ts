import { createHash } from 'node:crypto'
import { LIMITS } from '../model/limits.js'
import { isAnswerFile } from './answer.js'
import type { Branch, Repository, RootFile } from './git/repository.js'
import { isPlainFile, type TreeEntry } from './git/tree.js'
import { type BridgeMemory, readMemory, writeMemory } from './memory.js'

/** File on the coordination branch in which the bridge keeps what it remembers. */
const MEMORY_FILE = 'BRIDGE.json'

/** The coordination branch as it was fetched. */
export interface Coordination {
  /** Its tip; undefined while there is no such branch. */
  readonly commit?: string
  readonly entries: readonly TreeEntry[]
  readonly memory: BridgeMemory
  /** What the board's file says now. */
  readonly board?: string
  readonly faults: readonly string[]
}

export async function readCoordination(
  repository: Repository,
  tip: Branch | undefined,
  boardFile: string,
): Promise<Coordination> {
  if (tip === undefined) return { entries: [], memory: new Map(), faults: [] }
  const entries = await repository.root(tip.commit)
  const read = async (name: string, maxBytes: number) => {
    const entry = entries.find((one) => one.name === name && isPlainFile(one))
    if (entry === undefined || (entry.size ?? 0) > maxBytes) return undefined
    return (await repository.readBlob(entry.hash, maxBytes)).toString('utf8')
  }
  const [text, board] = [
    await read(MEMORY_FILE, LIMITS.bridgeMemoryBytes),
    await read(boardFile, LIMITS.boardFileBytes),
  ]
  const memory = text === undefined ? undefined : readMemory(text)
  const isNew = !entries.some(({ name }) => name === MEMORY_FILE)
  const lost = `${MEMORY_FILE} on ${tip.name} is not as the bridge wrote it: every status file is read anew.`
  return {
    commit: tip.commit,
    entries,
    memory: memory ?? new Map(),
    ...(board !== undefined && { board }),
    faults: memory === undefined && !isNew ? [lost] : [],
  }
}

export interface Writing {
  readonly memory: BridgeMemory
  /** Answers by the name of their file. */
  readonly answers: ReadonlyMap<string, string>
  readonly board: { readonly name: string; readonly content: string }
}

/** The files that differ from what the branch has; answers to nobody go away. */
export function changedFiles({ entries }: Coordination, { memory, answers, board }: Writing): RootFile[] {
  const hashes = new Map(entries.filter(isPlainFile).map(({ name, hash }) => [name, hash]))
  const wanted = new Map([...answers, [board.name, board.content], [MEMORY_FILE, writeMemory(memory)]])
  const stale = entries.filter(({ name }) => isAnswerFile(name) && !wanted.has(name))
  const fresh = [...wanted].filter(([name, content]) => {
    const hash = hashes.get(name)
    return hash === undefined || hash !== blobHash(content, hash.length)
  })
  return [
    ...fresh.map(([name, content]) => ({ name, content })),
    ...stale.map(({ name }) => ({ name, content: undefined })),
  ]
}

/** Name of a blob in a repository whose names have that many digits: SHA-1, or SHA-256. */
function blobHash(content: string, digits: number): string {
  const bytes = Buffer.from(content)
  return createHash(digits === 40 ? 'sha1' : 'sha256')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex')
}

/** Subject of a commit, and below it the files. */
export function commitMessage(files: readonly RootFile[]): string {
  const answers = files.filter(({ name }) => isAnswerFile(name))
  const subject =
    answers.length === 0 ? 'Renew the board' : `Answer ${answers.length} ${answers.length === 1 ? 'agent' : 'agents'}`
  return `${subject}\n\n${files
    .slice(0, LIMITS.listItems)
    .map(({ name }) => name)
    .join('\n')}\n`
}
