import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { FabricClient } from '../client/client.js'
import { ENDPOINT_FILE } from '../client/discover.js'
import type { Owner } from '../journal/file/lock.js'
import type { FabricError } from '../model/errors.js'
import { DEFAULT_LISTEN, type ListenAddress, parseListen } from '../server/listen.js'
import type { Call } from './command.js'
import { type ConfigFile, readConfigFile } from './config-file.js'
import { readEndpoint } from './data-directory.js'
import { problemLine, toFabricError } from './failure.js'
import { type Finding, failed, ok, warning } from './finding.js'
import { packageVersion } from './version.js'

const RESTART = 'Restart it with `ifab down`, then `ifab up`.'

/** Whether the file that says where the fabric is speaks of the process that holds the data directory. */
export async function checkEndpoint(data: string, owner: Owner | undefined): Promise<Finding> {
  const path = join(data, ENDPOINT_FILE)
  const there = (await stat(path).catch(() => undefined)) !== undefined
  if (owner?.state !== 'alive') {
    if (!there) return ok('endpoint', 'none, as no fabric runs here')
    return warning('endpoint', `${path} was left by a fabric that is gone`, '`ifab up` writes it anew.')
  }
  const endpoint = await readEndpoint(data)
  if (endpoint?.pid === owner.pid) return ok('endpoint', endpoint.url)
  const found = !there ? 'is missing' : endpoint === undefined ? 'cannot be read' : `names process ${endpoint.pid}`
  return warning('endpoint', `${path} ${found}, and process ${owner.pid} holds the data directory`, RESTART)
}

export interface ConfigurationFinding {
  readonly finding: Finding
  readonly config?: ConfigFile
}

/** The file that `ifab up` would read now. */
export async function checkConfiguration({ data, terminal }: Call): Promise<ConfigurationFinding> {
  const check = 'configuration'
  try {
    const config = await readConfigFile(data, undefined, terminal.env)
    if (config === undefined) return { finding: ok(check, 'no file; the policy of the log is in force') }
    const [first, ...others] = config.warnings
    if (first === undefined) return { finding: ok(check, config.path), config }
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`
    const message = `${config.path}:${first.line}: ${first.problem}${more}`
    return { finding: warning(check, message, `\`ifab policy check ${config.path}\` lists all of them.`), config }
  } catch (error) {
    const { code, message, details } = toFabricError(error)
    const [first] = Array.isArray(details.problems) ? details.problems : []
    const said = first === undefined ? message : problemLine(first)
    return {
      finding: failed(check, code, said, 'Mend it, then run `ifab policy check FILE`, which lists all problems.'),
    }
  }
}

/** Whether a fabric that starts now could listen where it is told to. */
export async function checkAddress(config: ConfigFile | undefined): Promise<Finding> {
  const listen = config?.host.listen ?? DEFAULT_LISTEN
  const obstacle = await tryToListen(parseListen(listen, { behindProxy: 'https://any.example' }))
  if (obstacle === undefined) return ok('address', `${listen} is free`)
  if (obstacle === 'EADDRINUSE') {
    const message = `another program listens on ${listen}, perhaps the fabric of another project`
    return warning('address', message, `Stop it, or take a free port with \`ifab up --listen 127.0.0.1:0\`.`)
  }
  const fix = 'Name another address with `ifab up --listen HOST:PORT`, or as `listen` in infrafabric.yaml.'
  return failed('address', 'INVALID_ARGUMENT', `nobody can listen on ${listen} here (${obstacle})`, fix)
}

/** The code of what stands in the way. */
function tryToListen({ host, port }: ListenAddress): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

export interface FabricFinding {
  readonly finding: Finding
  /** When its last entry was written, milliseconds since the Unix epoch. */
  readonly lastAt?: number
}

export async function checkFabric(call: Call, owner: Owner | undefined): Promise<FabricFinding> {
  const named = call.url !== undefined
  if (owner?.state !== 'alive' && !named) {
    return { finding: warning('fabric', 'none runs here', 'Start it with `ifab up`.') }
  }
  try {
    const fabric = await call.connect()
    const { name, state, entries } = await fabric.fabric.status()
    const message = `${name} at ${fabric.url} is ${state}`
    if (state !== 'running') return { finding: failed('fabric', 'UNAVAILABLE', message, RESTART) }
    const lastAt = await lastEntryAt(fabric, entries)
    return { finding: ok('fabric', message), ...(lastAt !== undefined && { lastAt }) }
  } catch (error) {
    return { finding: unreachable(toFabricError(error), named) }
  }
}

function unreachable({ code, message }: FabricError, named: boolean): Finding {
  const fix = named ? 'Check --url and IFAB_URL.' : RESTART
  const credentials = code === 'UNAUTHENTICATED' || code === 'FORBIDDEN'
  return failed('fabric', code, message, credentials ? 'Set IFAB_TOKEN to a good token, or unset it.' : fix)
}

async function lastEntryAt(fabric: FabricClient, entries: number): Promise<number | undefined> {
  const page = await fabric.log.read({ from: Math.max(0, entries - 1), limit: 1 })
  const at = Date.parse(String(page.entries[0]?.time))
  return Number.isNaN(at) ? undefined : at
}

export async function checkVersion(data: string, owner: Owner | undefined): Promise<Finding> {
  const own = packageVersion()
  const endpoint = owner?.state === 'alive' ? await readEndpoint(data) : undefined
  if (endpoint === undefined || endpoint.version === own) return ok('version', own)
  const message = `the fabric runs ${endpoint.version}, this is ${own}`
  return warning('version', message, RESTART)
}
