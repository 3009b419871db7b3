import { access, constants, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TOKEN_FILE } from '../client/discover.js'
import { inspectOwner, type Owner } from '../journal/file/lock.js'
import type { Call } from './command.js'
import { readEndpoint } from './data-directory.js'
import { checkDisk, checkLog, checkSpace } from './examine-storage.js'
import { checkSigningKey, checkWitness } from './examine-witness.js'
import { toFabricError } from './failure.js'
import { type Finding, failed, ok, warning } from './finding.js'
import { packageVersion } from './version.js'

/** Checks one thing after the other, from what everything needs to what only a running fabric has. */
export async function examine(call: Call): Promise<Finding[]> {
  const { data } = call
  const findings = [checkNode(process.versions.node), await checkDirectory(data)]
  // What others may enter can be looked at all the same.
  const usable = findings[1]?.state === 'ok' || findings[1]?.code === 'FORBIDDEN'
  if (!usable) return [...findings, await checkFabric(call, undefined)]
  const owner = await inspectOwner(data)
  findings.push(await checkToken(data), await checkDisk(data), await checkSpace(data), checkOwner(data, owner))
  // Whoever holds the data directory has checked the log when it started, and writes it now.
  const log = owner?.state === 'alive' || owner?.state === 'unknown' ? undefined : await checkLog(data)
  if (log !== undefined) findings.push(log.finding)
  findings.push(await checkWitness(data, log?.entries), await checkSigningKey(data))
  findings.push(await checkFabric(call, owner), await checkVersion(data, owner))
  return findings
}

const OLDEST_NODE = [20, 19] as const

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const recent = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])
  if (recent) return ok('node', version)
  return failed('node', 'UNAVAILABLE', `${version} is too old`, `Install Node.js ${OLDEST_NODE.join('.')} or later.`)
}

async function checkDirectory(data: string): Promise<Finding> {
  const check = 'data directory'
  const found = await stat(data).catch(() => undefined)
  if (found === undefined) {
    return warning(check, `${data} does not exist`, '`ifab up` creates it; --data or IFAB_DATA names another.')
  }
  if (!found.isDirectory()) {
    return failed(check, 'INVALID_ARGUMENT', `${data} is not a directory`, 'Name another one with --data or IFAB_DATA.')
  }
  const obstacle = await access(data, constants.R_OK | constants.W_OK | constants.X_OK).catch((error) => error)
  if (obstacle?.code === 'EROFS') {
    return failed(check, 'STORAGE_FAILED', `the file system of ${data} is read-only`, 'Remount it writable.')
  }
  if (obstacle) return failed(check, 'STORAGE_FAILED', `you may not use ${data}`, `Check who owns it: ls -ld ${data}`)
  if ((found.mode & 0o077) !== 0 && process.platform !== 'win32') {
    return failed(check, 'FORBIDDEN', `others may enter ${data}`, `chmod 700 ${data}`)
  }
  return ok(check, data)
}

async function checkToken(data: string): Promise<Finding> {
  const path = join(data, TOKEN_FILE)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return warning('admin token', `${path} does not exist yet`, '`ifab up` creates it.')
  if ((found.mode & 0o077) !== 0 && process.platform !== 'win32') {
    return failed('admin token', 'FORBIDDEN', `others can read ${path}`, `chmod 600 ${path}`)
  }
  return ok('admin token', path)
}

function checkOwner(data: string, owner: Owner | undefined): Finding {
  if (owner === undefined || owner.state === 'released') return ok('owner', 'no process holds the data directory')
  const holder = `process ${owner.pid} on ${owner.host}`
  if (owner.state === 'alive') return ok('owner', `${holder} since ${owner.since}`)
  if (owner.state === 'dead') {
    return warning('owner', `${holder} died without closing`, '`ifab up` takes over; nothing acknowledged is lost.')
  }
  if (owner.pid === 0) {
    const fix = `When no fabric runs here, empty the file ${join(data, `owner.${owner.generation}`)}.`
    return failed('owner', 'DATA_LOCKED', 'the owner file cannot be read', fix)
  }
  const message = `${holder} cannot be looked at from here`
  return failed('owner', 'DATA_LOCKED', message, 'Stop it there, or use another data directory.')
}

async function checkFabric(call: Call, owner: Owner | undefined): Promise<Finding> {
  const named = call.url !== undefined
  if (owner?.state !== 'alive' && !named) return warning('fabric', 'none runs here', 'Start it with `ifab up`.')
  try {
    const fabric = await call.connect()
    const { name, state } = await fabric.fabric.status()
    const message = `${name} at ${fabric.url} is ${state}`
    if (state === 'running') return ok('fabric', message)
    return failed('fabric', 'UNAVAILABLE', message, 'Restart it with `ifab down`, then `ifab up`.')
  } catch (error) {
    const { code, message } = toFabricError(error)
    const fix = named ? 'Check --url and IFAB_URL.' : 'Restart it with `ifab down`, then `ifab up`.'
    return failed('fabric', code, message, fix)
  }
}

async function checkVersion(data: string, owner: Owner | undefined): Promise<Finding> {
  const own = packageVersion()
  const endpoint = owner?.state === 'alive' ? await readEndpoint(data) : undefined
  if (endpoint === undefined || endpoint.version === own) return ok('version', own)
  const message = `the fabric runs ${endpoint.version}, this is ${own}`
  return warning('version', message, 'Restart it with `ifab down`, then `ifab up`.')
}
