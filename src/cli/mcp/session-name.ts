import { mkdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { repositoryOf } from '../../client/find-data.js'
import { storageFailed } from '../../journal/file/disk.js'
import { inspectOwner, OwnerLock } from '../../journal/file/lock.js'
import { FabricError, isFabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'

/** A name that no other live session of this data directory has. */
export interface SessionName {
  readonly swarm: string
  /** What the last session of this name left behind when it died: the id of its token. */
  readonly left: string | undefined
  /** Leaves something for the next one to clear away, should this session die. */
  leave(note: string): Promise<void>
  release(): Promise<void>
}

/** In the data directory, with one directory for each name. */
const SESSIONS = 'sessions'
/** Room for a number behind the name; ids have at most 128 characters. */
const NAME_CHARS = 120

/** `<client>-<worktree>`: the same session gets the same name again, and what it had claimed. */
export async function usualName(client = 'agent', cwd = workspace()): Promise<string> {
  const worktree = (await repositoryOf(cwd))?.worktree ?? cwd
  return `${slug(client) || 'agent'}-${slug(basename(worktree)) || 'main'}`.slice(0, NAME_CHARS)
}

/** Some clients start their servers elsewhere, and say where they work. */
function workspace(): string {
  return resolve(process.env.IFAB_WORKSPACE ?? '')
}

function slug(text: string): string {
  const dashed = text.toLowerCase().replace(/[^a-z0-9._]+/g, '-')
  return dashed.replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
}

/** The name, or the name with the first number behind it that is free. It is free again when this process has ended. */
export async function takeName(data: string, name: string): Promise<SessionName> {
  for (let number = 1; number <= LIMITS.sessionsPerName; number += 1) {
    const taken = await tryName(data, number === 1 ? name : `${name}-${number}`)
    if (taken !== undefined) return taken
  }
  const message = `${LIMITS.sessionsPerName} sessions with the name ${name} run already. Choose another with --as.`
  throw new FabricError('CONFLICT', message, { name })
}

async function tryName(data: string, swarm: string): Promise<SessionName | undefined> {
  // A colon is fine in an id, and not in every file system.
  const directory = join(data, SESSIONS, encodeURIComponent(swarm))
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error) => {
    throw storageFailed('Creating', directory, error)
  })
  const before = await inspectOwner(directory)
  try {
    const lock = await OwnerLock.acquire(directory)
    const left = before?.state === 'dead' && before.note !== '' ? before.note : undefined
    return { swarm, left, leave: (note) => lock.annotate(note), release: () => lock.release() }
  } catch (error) {
    if (isFabricError(error, 'DATA_LOCKED')) return undefined
    throw error
  }
}
