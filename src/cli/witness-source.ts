import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { discover } from '../client/discover.js'
import { inspectOwner } from '../journal/file/lock.js'
import { FabricError, isFabricError } from '../model/errors.js'
import { DataSource } from '../witness/verify/data-source.js'
import { directorySource } from '../witness/verify/directory-source.js'
import { httpSource, logUrl } from '../witness/verify/http-source.js'
import type { LogSource } from '../witness/verify/source.js'
import type { Call } from './command.js'
import { readEndpoint } from './data-directory.js'
import { unreadable } from './user-file.js'

/** A log, and the verifier key of its fabric when that is the one of this data directory. */
export interface OpenedSource {
  readonly source: LogSource
  readonly ownKey: string | undefined
}

/** The log that a user names by a URL or a directory; without a name, the one of the fabric that applies. */
export async function openSource(call: Call, named: string | undefined): Promise<OpenedSource> {
  // Of several nodes each has the whole log.
  const address = named ?? call.url?.split(',')[0]
  if (address === undefined) return openFabric(call)
  if (address.includes('://') || named === undefined) return openUrl(call, address)
  return { source: await openDirectory(address), ownKey: undefined }
}

async function openFabric(call: Call): Promise<OpenedSource> {
  const { data, terminal } = call
  const owner = await inspectOwner(data)
  if (owner?.state === 'alive') return openUrl(call, (await discover({ data }, terminal.env)).url)
  if ((await stat(join(data, 'log')).catch(() => undefined)) === undefined) {
    const message = `There is no fabric in ${data}. Name the directory of an export or the URL of a log, or another --data.`
    throw new FabricError('NOT_FOUND', message, { data })
  }
  const source = new DataSource(data)
  return { source, ownKey: await source.vkey() }
}

async function openUrl(call: Call, address: string): Promise<OpenedSource> {
  const url = logUrl(address)
  const own = url !== undefined && url === logUrl((await readEndpoint(call.data))?.url ?? '')
  const named = url !== undefined && url === logUrl(call.url?.split(',')[0] ?? '')
  const source = httpSource({ url: address, token: own || named ? await tokenFor(call, url) : undefined })
  return { source, ownKey: own ? await new DataSource(call.data).vkey() : undefined }
}

/**
 * Asked for only where the token belongs: at the fabric of the data directory, or at the one that the user named with
 * it. Any other log, on this machine too, is a stranger's, who must not get it.
 */
async function tokenFor({ data, terminal }: Call, url: string): Promise<string | undefined> {
  try {
    return (await discover({ url, data }, terminal.env)).token
  } catch (error) {
    // Checkpoints and tiles may be public; entries say themselves that they want a token.
    if (isFabricError(error, 'UNAUTHENTICATED')) return undefined
    throw error
  }
}

async function openDirectory(path: string): Promise<LogSource> {
  const names = await readdir(path).catch((error) => {
    throw error.code === 'ENOTDIR' ? notDirectory(path) : unreadable(path, error)
  })
  if (names.includes('checkpoint') || !names.includes('log')) return directorySource(path)
  const message = `${path} is the data directory of a fabric. Name it with --data ${path} instead.`
  throw new FabricError('INVALID_ARGUMENT', message, { path })
}

function notDirectory(path: string): FabricError {
  const message = `${path} is a file. Name a directory that \`ifab witness export\` wrote, or a URL.`
  return new FabricError('INVALID_ARGUMENT', message, { path })
}
