import { access, constants, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TOKEN_FILE } from '../client/discover.js'
import { inspectOwner, type Owner } from '../journal/file/lock.js'
import type { Call } from './command.js'
import { checkCertificate } from './examine-certificate.js'
import { checkClients } from './examine-clients.js'
import { checkClock, checkFileSystem, checkNode, checkOpenFiles } from './examine-machine.js'
import { checkAddress, checkConfiguration, checkEndpoint, checkFabric, checkVersion } from './examine-service.js'
import { checkDisk, checkLog, checkMark, checkSpace, type LogFinding } from './examine-storage.js'
import { checkSigningKey, checkWitness } from './examine-witness.js'
import { type Finding, failed, ok, warning } from './finding.js'

/** Checks one thing after the other, from what everything needs to what only a running fabric has. */
export async function examine(call: Call): Promise<Finding[]> {
  const { data } = call
  const directory = await checkDirectory(data)
  // What others may enter can be looked at all the same.
  const usable = directory.state === 'ok' || directory.code === 'FORBIDDEN'
  const owner = usable ? await inspectOwner(data) : undefined
  const findings = [checkNode(process.versions.node), await checkOpenFiles(owner), directory]
  // Whoever holds the data directory has checked the log when it started, and writes it now.
  const stopped = usable && owner?.state !== 'alive' && owner?.state !== 'unknown'
  const log = stopped ? await checkLog(data) : undefined
  const fabric = await checkFabric(call, owner)
  if (usable) findings.push(...(await checkContent(data, owner, log)))
  findings.push(checkClock(log?.lastAt ?? fabric.lastAt, Date.now()))
  const { finding, config } = await checkConfiguration(call)
  findings.push(finding)
  const certificate = await checkCertificate(config, Date.now())
  if (certificate !== undefined) findings.push(certificate)
  if (owner?.state !== 'alive' && call.url === undefined && finding.state !== 'failed') {
    findings.push(await checkAddress(config))
  }
  return [...findings, fabric.finding, await checkVersion(data, owner), ...(await checkClients(call))]
}

async function checkContent(data: string, owner: Owner | undefined, log: LogFinding | undefined): Promise<Finding[]> {
  const mark = await checkMark(data)
  return [
    await checkFileSystem(data),
    await checkToken(data),
    await checkDisk(data),
    await checkSpace(data),
    checkOwner(data, owner),
    await checkEndpoint(data, owner),
    ...(log === undefined ? [] : [log.finding]),
    ...(mark === undefined ? [] : [mark]),
    await checkWitness(data, log?.entries),
    await checkSigningKey(data),
  ]
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
  const check = 'admin token'
  const path = join(data, TOKEN_FILE)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return warning(check, `${path} does not exist yet`, '`ifab up` creates it.')
  if ((found.mode & 0o077) !== 0 && process.platform !== 'win32') {
    return failed(check, 'FORBIDDEN', `others can read ${path}`, `chmod 600 ${path}`)
  }
  try {
    const token = await readFile(path, 'utf8')
    if (token.trim() !== '') return ok(check, path)
    return warning(check, `${path} is empty`, '`ifab down`, then `ifab up` makes another one.')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error
    return failed(check, 'UNAUTHENTICATED', `${path} cannot be read (${reason})`, `Check who owns it: ls -l ${path}`)
  }
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
