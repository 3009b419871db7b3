import { FabricError } from '../../model/errors.js'

/** Where etcd is and who asks. */
export interface EtcdAccess {
  /** Members of one cluster, `host:port` each. */
  readonly servers: readonly string[]
  /** Name of the log: its keys begin with `infrafabric/<name>/`. */
  readonly name: string
  /** Demands TLS; implied by one of its files. */
  readonly tls?: boolean
  /** PEM files: whom to trust, and the certificate of this client with its key. */
  readonly caFile?: string
  readonly certificateFile?: string
  readonly keyFile?: string
  /** A file with a user of etcd and its password, as `user:password`. */
  readonly credentialsFile?: string
  /** How long an append, a read or `head` waits for servers that do not answer, milliseconds; 10,000 by default. */
  readonly timeoutMs?: number
}

export interface EtcdJournalOptions extends EtcdAccess {
  /** Snapshots of this process, and its copy of the log; created when missing. Each process has a directory of its own. */
  readonly directory: string
  /**
   * Keeps a copy of the log in `directory`, as the file journal does, and removes from etcd what lies behind a snapshot.
   * Without it nothing is ever removed.
   */
  readonly archive?: boolean
  /** How long etcd keeps entries for a process with a copy that is away, seconds; a day by default. */
  readonly archiveGraceSeconds?: number
  /** What the owner of the directory says of itself to others, for example the URL it listens on. */
  readonly note?: string
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/
const DEFAULT_NAME = 'main'
const DEFAULT_PORT = '2379'

/**
 * What `etcd://host[:port][,host[:port]...][/name]` says; `etcds://` demands TLS. Secrets have no place in it: they come in
 * files. Throws INVALID_ARGUMENT.
 */
export function parseEtcdUrl(url: string): Pick<EtcdAccess, 'servers' | 'name' | 'tls'> {
  const match = /^(etcds?):\/\/([^/?#]+)(?:\/([^/?#]*))?$/.exec(url)
  if (match === null || url.includes('@')) {
    const message =
      'The journal must be named like etcd://host:2379/name. Give credentials as a file, not in the address.'
    throw invalid('url', message)
  }
  const [, scheme, hosts = '', name] = match
  const servers = hosts.split(',').map((host) => (/:\d+$/.test(host) ? host : `${host}:${DEFAULT_PORT}`))
  return { servers, name: name || DEFAULT_NAME, ...(scheme === 'etcds' && { tls: true }) }
}

/** Throws INVALID_ARGUMENT for options that cannot be. */
export function checkAccess(access: EtcdAccess): void {
  const { servers, name, certificateFile, keyFile, timeoutMs = 1 } = access
  if (servers.length === 0 || servers.some((server) => !/^.+:\d+$/.test(server))) {
    throw invalid('servers', 'servers must name at least one member as host:port.')
  }
  if (!NAME.test(name)) {
    throw invalid('name', 'The name of the log must have 1 to 64 letters, digits, hyphens or underscores.')
  }
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    throw invalid('keyFile', 'Give certificateFile and keyFile together.')
  }
  if (!(timeoutMs > 0)) throw invalid('timeoutMs', 'timeoutMs must be more than 0.')
}

function invalid(field: string, message: string): FabricError {
  return new FabricError('INVALID_ARGUMENT', message, { field })
}
