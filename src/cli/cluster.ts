import { readFile, stat } from 'node:fs/promises'
import type { SharedJournalOptions } from '../journal/open.js'
import { FabricError } from '../model/errors.js'
import type { CliCommand } from './command.js'
import { wholeNumber } from './option-values.js'

/** How this process is one of several nodes. */
export interface ClusterOptions {
  /** Address of the journal that the nodes share. */
  readonly journal: string
  /** Where clients reach this node. Default: where it listens. */
  readonly advertise?: string
  /** Name of this node. Default: host and port of `advertise`. */
  readonly node?: string
  /** `HOST:PORT` for other nodes. */
  readonly nodeListen?: string
  /** `HOST:PORT` by which other nodes reach that. Default: where it listens. */
  readonly nodeAdvertise?: string
  readonly secret: Uint8Array
  readonly driver: DriverOptions
}

/** How the servers of a journal are reached, and what is asked of them. */
export type DriverOptions = Pick<
  SharedJournalOptions,
  'replicas' | 'requireDurable' | 'caFile' | 'certificateFile' | 'keyFile' | 'credentialsFile'
>

/** The options of `ifab up` about it. */
export interface ClusterFlags extends DriverFlags {
  readonly journal?: string
  readonly advertise?: string
  readonly node?: string
  readonly nodeListen?: string
  readonly nodeAdvertise?: string
  readonly clusterSecret?: string
}

/** Those of every command that opens a shared journal. */
export interface DriverFlags {
  readonly journalReplicas?: number
  readonly requireDurable?: boolean
  readonly journalCa?: string
  readonly journalCert?: string
  readonly journalKey?: string
  readonly journalCredentials?: string
}

const MIN_SECRET_BYTES = 32

export function addClusterOptions(command: CliCommand): CliCommand {
  command
    .option('--journal <url>', 'share a journal with other nodes: nats://HOST:4222/NAME or etcd://HOST:2379/NAME')
    .option('--advertise <url>', 'where clients and other nodes reach this one (default: where it listens)')
    .option('--cluster-secret <file>', 'secret that all nodes share (default: $IFAB_CLUSTER_SECRET)')
    .option('--node <name>', 'name of this node (default: host and port of --advertise)')
    .option('--node-listen <host:port>', 'where to listen for other nodes (default: a free port)')
    .option('--node-advertise <host:port>', 'where other nodes reach this one, as through a forwarded port')
  return addDriverOptions(command)
}

export function addDriverOptions(command: CliCommand): CliCommand {
  return command
    .option('--journal-replicas <count>', 'copies of a new journal, on different servers', wholeNumber)
    .option('--require-durable', 'refuse a journal that could lose acknowledged entries in a power cut')
    .option('--journal-ca <file>', 'certificate authority (PEM) of the journal servers')
    .option('--journal-cert <file>', 'certificate (PEM) by which the journal servers know this node')
    .option('--journal-key <file>', 'key of that certificate (PEM)')
    .option('--journal-credentials <file>', 'credentials for the journal servers, in a file of their format')
}

/** Undefined where the process has its journal to itself. Throws INVALID_ARGUMENT. */
export async function readCluster(
  flags: ClusterFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ClusterOptions | undefined> {
  const { journal, advertise, node, nodeListen, nodeAdvertise } = flags
  if (journal === undefined) {
    const given = Object.entries(flagNames(flags)).find(([, value]) => value !== undefined)
    if (given === undefined) return undefined
    const message = `${given[0]} is for nodes that share a journal. Name that with --journal, or leave it out.`
    throw new FabricError('INVALID_ARGUMENT', message, { field: given[0] })
  }
  return {
    journal,
    secret: await readSecret(flags.clusterSecret, env.IFAB_CLUSTER_SECRET),
    driver: driverOptions(flags),
    ...(advertise !== undefined && { advertise }),
    ...(node !== undefined && { node }),
    ...(nodeListen !== undefined && { nodeListen }),
    ...(nodeAdvertise !== undefined && { nodeAdvertise }),
  }
}

/** What was given, as it is typed; for the process that runs in the background. */
export function clusterArguments(flags: ClusterFlags): Record<string, string | number | boolean | undefined> {
  return { '--journal': flags.journal, ...flagNames(flags) }
}

function flagNames(flags: ClusterFlags): Record<string, string | number | boolean | undefined> {
  return {
    '--advertise': flags.advertise,
    '--cluster-secret': flags.clusterSecret,
    '--node': flags.node,
    '--node-listen': flags.nodeListen,
    '--node-advertise': flags.nodeAdvertise,
    '--journal-replicas': flags.journalReplicas,
    '--require-durable': flags.requireDurable,
    '--journal-ca': flags.journalCa,
    '--journal-cert': flags.journalCert,
    '--journal-key': flags.journalKey,
    '--journal-credentials': flags.journalCredentials,
  }
}

export function driverOptions(flags: DriverFlags): DriverOptions {
  const { journalReplicas, requireDurable, journalCa, journalCert, journalKey, journalCredentials } = flags
  return {
    ...(journalReplicas !== undefined && { replicas: journalReplicas }),
    ...(requireDurable === true && { requireDurable }),
    ...(journalCa !== undefined && { caFile: journalCa }),
    ...(journalCert !== undefined && { certificateFile: journalCert }),
    ...(journalKey !== undefined && { keyFile: journalKey }),
    ...(journalCredentials !== undefined && { credentialsFile: journalCredentials }),
  }
}

async function readSecret(file: string | undefined, stated: string | undefined): Promise<Buffer> {
  const text = file === undefined ? stated : await readSecretFile(file)
  const secret = Buffer.from((text ?? '').trim())
  if (secret.length >= MIN_SECRET_BYTES) return secret
  const fault = text === undefined ? 'Nodes need a secret that they share' : 'The secret of the nodes is too short'
  const message = `${fault}. Make one once, with \`openssl rand -hex 32 > cluster.secret; chmod 600 cluster.secret\`, copy it to each machine, and name it with --cluster-secret.`
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'cluster-secret', minBytes: MIN_SECRET_BYTES })
}

async function readSecretFile(path: string): Promise<string> {
  try {
    const { mode } = await stat(path)
    if (process.platform === 'win32' || (mode & 0o077) === 0) return await readFile(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new FabricError(
      'INVALID_ARGUMENT',
      `Cannot read the secret of the nodes: ${reason}.`,
      { path },
      { cause: error },
    )
  }
  throw new FabricError('INVALID_ARGUMENT', `Others can read ${path}. Run \`chmod 600 ${path}\`.`, { path })
}
