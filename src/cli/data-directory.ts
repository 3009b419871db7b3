import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ENDPOINT_FILE, refuseFile, TOKEN_FILE } from '../client/discover.js'
import { storageFailed } from '../journal/file/disk.js'
import { replaceFile } from '../journal/file/durable-file.js'
import type { RunningFabric } from './terminal.js'

const TOKEN_BYTES = 32
const LOG_FILE = 'ifab.log'

/** Creates the data directory, readable by nobody else and ignored by git; one that exists is left as it is. */
export async function createDataDirectory(data: string): Promise<void> {
  await refuseFile(data)
  try {
    const made = await mkdir(data, { recursive: true, mode: 0o700 })
    // It has keys and tokens, and not every repository that it is made in was told to ignore it.
    if (made !== undefined) await writeFile(join(data, '.gitignore'), '*\n')
  } catch (error) {
    throw storageFailed('Creating', data, error)
  }
}

/** The admin token of a data directory, made at its first start. Called by the owner of the directory only. */
export async function adminToken(data: string): Promise<string> {
  const path = join(data, TOKEN_FILE)
  try {
    const token = (await readFile(path, 'utf8').catch(() => '')).trim()
    // One that others could have read, or put there, is replaced.
    if (token !== '' && (process.platform === 'win32' || ((await stat(path)).mode & 0o077) === 0)) return token
    const fresh = randomBytes(TOKEN_BYTES).toString('base64url')
    await replaceFile(path, `${fresh}\n`)
    return fresh
  } catch (error) {
    throw storageFailed('Writing', path, error)
  }
}

export async function writeEndpoint(data: string, endpoint: RunningFabric): Promise<void> {
  await replaceFile(join(data, ENDPOINT_FILE), `${JSON.stringify(endpoint)}\n`)
}

export async function removeEndpoint(data: string): Promise<void> {
  await rm(join(data, ENDPOINT_FILE), { force: true })
}

/** What the last `up` wrote; undefined when there is nothing readable. */
export async function readEndpoint(data: string): Promise<RunningFabric | undefined> {
  try {
    return JSON.parse(await readFile(join(data, ENDPOINT_FILE), 'utf8'))
  } catch {
    return undefined
  }
}

/** Where a fabric in the background writes. */
export function logPath(data: string): string {
  return join(data, LOG_FILE)
}
