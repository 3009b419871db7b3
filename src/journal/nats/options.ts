import { FabricError } from '../../model/errors.js'

/** Where NATS is and who asks. */
export interface NatsAccess {
  /** Servers of one cluster, `host:port` each. */
  readonly servers: readonly string[]
  /** Name of the log: its stream is `ifab-<name>`, and its subjects begin with `ifab.<name>.`. */
  readonly name: string
  /** Copies of the log on different servers, 1 to 5; a log that exists must have as many. 1 unless said otherwise. */
  readonly replicas?: number
  /** Demands TLS; implied by one of its files. */
  readonly tls?: boolean
  /** PEM files: whom to trust, and the certificate of this client with its key. */
  readonly caFile?: string
  readonly certificateFile?: string
  readonly keyFile?: string
  /** A `.creds` file, or a file with the seed of a user nkey. */
  readonly credentialsFile?: string
  readonly nkeyFile?: string
  /** How long an append, a read or `head` waits for servers that do not answer, milliseconds; 10,000 by default. */
  readonly timeoutMs?: number
}

export interface NatsJournalOptions extends NatsAccess {
  /** Where this process keeps snapshots; created when missing. Each process has a directory of its own. */
  readonly directory: string
  /** Addresses of the servers' HTTP monitoring (`http://host:8222`), by which they say how they flush. */
  readonly monitors?: readonly string[]
  /** Refuses to open a log of which a power cut of one server can lose acknowledged entries. */
  readonly requireDurable?: boolean
}

/** How long a call waits for servers that do not answer, unless told otherwise. */
export const DEFAULT_TIMEOUT_MS = 10_000

const NAME = /^[A-Za-z0-9_-]{1,64}$/
const DEFAULT_PORT = '4222'
const DEFAULT_NAME = 'main'
const MAX_REPLICAS = 5

/** What the address of a log says; what it does not say is for the options. */
export type AddressOptions = Pick<NatsJournalOptions, 'servers' | 'name' | 'tls' | 'replicas' | 'monitors'>

/**
 * Reads `nats://host[:port][,host[:port]...][/name][?replicas=3&monitor=http://host:8222]`; `tls://` demands TLS, and
 * `monitor` may occur once for each server. Secrets have no place in it: they come in files. Throws INVALID_ARGUMENT.
 */
export function parseNatsUrl(url: string): AddressOptions {
  const match = /^(nats|tls):\/\/([^/?#]+)(?:\/([^/?#]*))?(?:\?([^#]*))?$/.exec(url)
  const query = new URLSearchParams(match?.[4])
  const unknown = [...query.keys()].some((key) => key !== 'replicas' && key !== 'monitor')
  if (match === null || url.includes('@') || unknown) {
    const message =
      'A log on NATS is named like nats://host:4222/name?replicas=3&monitor=http://host:8222. Give credentials as a file.'
    throw new FabricError('INVALID_ARGUMENT', message, { field: 'url' })
  }
  const [, scheme, hosts = '', name] = match
  const replicas = query.get('replicas')
  const monitors = query.getAll('monitor')
  return {
    servers: hosts.split(',').map((host) => (/:\d+$/.test(host) ? host : `${host}:${DEFAULT_PORT}`)),
    name: name || DEFAULT_NAME,
    ...(scheme === 'tls' && { tls: true }),
    ...(replicas !== null && { replicas: Number(replicas) }),
    ...(monitors.length > 0 && { monitors }),
  }
}

/** Throws INVALID_ARGUMENT for options that cannot be. */
export function checkOptions(options: NatsAccess & Pick<NatsJournalOptions, 'monitors'>): void {
  const { servers, name, replicas = 1, timeoutMs = 1, monitors = [] } = options
  if (servers.length === 0 || servers.some((server) => server === '')) {
    throw invalid('servers', 'servers must name at least one server.')
  }
  if (!NAME.test(name)) {
    throw invalid('name', 'The name of the log must have 1 to 64 letters, digits, hyphens or underscores.')
  }
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > MAX_REPLICAS) {
    throw invalid('replicas', `replicas must be an integer from 1 to ${MAX_REPLICAS}.`)
  }
  if (monitors.some((monitor) => !/^https?:\/\//.test(monitor))) {
    throw invalid('monitors', 'monitors must be addresses like http://host:8222.')
  }
  if (!(timeoutMs > 0)) throw invalid('timeoutMs', 'timeoutMs must be more than 0.')
  if (options.credentialsFile !== undefined && options.nkeyFile !== undefined) {
    throw invalid('nkeyFile', 'Give a credentials file or an nkey file, not both.')
  }
}

function invalid(field: string, message: string): FabricError {
  return new FabricError('INVALID_ARGUMENT', message, { field })
}
