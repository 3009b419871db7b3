import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { inspectOwner } from '../journal/file/lock.js'
import { FabricError } from '../model/errors.js'
import { baseUrl } from './base-url.js'
import { findDataDirectory } from './find-data.js'

/** In the data directory of a running fabric: `{ "url": ..., "pid": ... }`. */
export const ENDPOINT_FILE = 'endpoint.json'
/** In the data directory, readable by its owner only. */
export const TOKEN_FILE = 'admin.token'

export interface DiscoverOptions {
  readonly url?: string | undefined
  readonly token?: string | undefined
  /** Data directory. */
  readonly data?: string | undefined
}

export interface Endpoint {
  readonly url: string
  readonly token: string
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Finds a fabric and its token: the option, else `IFAB_URL` and `IFAB_TOKEN`, else the files of the data directory.
 * Throws UNAVAILABLE when no fabric runs there and UNAUTHENTICATED when there is no token to use.
 */
export async function discover(
  options: DiscoverOptions = {},
  environment: Environment = process.env,
): Promise<Endpoint> {
  const data = await findDataDirectory(options.data, environment)
  const named = options.url || environment.IFAB_URL
  const url = baseUrl(named || (await readEndpoint(data)))
  // A file that it was read from may end with a line break.
  const given = (options.token || environment.IFAB_TOKEN)?.trim()
  const token = given || (await readToken(data, url, named === undefined))
  return { url, token }
}

async function readEndpoint(data: string): Promise<string> {
  const path = join(data, ENDPOINT_FILE)
  const text = await readIfThere(path)
  if (text === undefined) {
    await refuseFile(data)
    throw notRunning(data)
  }
  const url = urlIn(text)
  if (url === undefined) {
    throw new FabricError('UNAVAILABLE', `${path} names no URL. Start the fabric again with \`ifab up\`.`, { path })
  }
  // A file that came with a repository, or that a crash left behind, would have tokens sent to whoever is there. The lock
  // names the process that owns the directory, on this machine and since its last start, and where that listens.
  const owner = await inspectOwner(data)
  if (owner?.state === 'alive' && owner.note === url) return url
  throw notRunning(data)
}

function notRunning(data: string): FabricError {
  const message = `No fabric runs in ${data}. Start it with \`ifab up\`, or name it with IFAB_URL.`
  return new FabricError('UNAVAILABLE', message, { data })
}

/** Undefined also for a file that is cut short. */
function urlIn(text: string): string | undefined {
  try {
    const { url } = JSON.parse(text) as { url?: unknown }
    return typeof url === 'string' && URL.canParse(url) ? url : undefined
  } catch {
    return undefined
  }
}

/** Whether others than the owner of a file can read or write it. */
async function isShared(path: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0
}

/** `own` says that the address is what the fabric of this directory wrote down itself. */
async function readToken(data: string, url: string, own: boolean): Promise<string> {
  const path = join(data, TOKEN_FILE)
  // The token of this machine's fabric must not be sent to another machine.
  const isHere = (one: string) => ['localhost', '127.0.0.1', '[::1]'].includes(new URL(one).hostname)
  if (!url.split(',').every((one) => isHere(one) || (own && one.startsWith('https:')))) {
    throw new FabricError('UNAUTHENTICATED', `There is no token for ${url}. Set IFAB_TOKEN.`, { url })
  }
  const token = (await readIfThere(path))?.trim()
  if (token === undefined || token === '') {
    throw new FabricError('UNAUTHENTICATED', `There is no token in ${path}. Set IFAB_TOKEN, or IFAB_DATA.`, { path })
  }
  if (await isShared(path)) {
    throw new FabricError('UNAUTHENTICATED', `Others can read ${path}. Run \`chmod 600 ${path}\`.`, { path })
  }
  return token
}

/** Throws INVALID_ARGUMENT when a file is where the data directory should be. */
export async function refuseFile(data: string): Promise<void> {
  const found = await stat(data).catch(() => undefined)
  if (found?.isFile() !== true) return
  const message = `${data} is a file, not a directory. Name a directory with --data or IFAB_DATA.`
  throw new FabricError('INVALID_ARGUMENT', message, { data })
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined
    throw new FabricError('UNAUTHENTICATED', `${path} cannot be read. Check who owns it.`, { path }, { cause: error })
  }
}
