import { join } from 'node:path'
import { baseUrl } from '../client/base-url.js'
import type { Fabric } from '../fabric/fabric.js'
import { type FabricOptions, openFabric } from '../fabric/open.js'
import { FileJournal } from '../journal/file/file-journal.js'
import { FabricError } from '../model/errors.js'
import { isLoopback } from '../model/loopback.js'
import { parseListen } from '../server/listen.js'
import type { ClusterOptions } from './cluster.js'
import { requireOwnLog, unmarkLog } from './moved-log.js'

/** A fabric that is open, and the note by which others on this machine find it. */
export interface OpenedFabric {
  readonly fabric: Fabric
  annotate(note: string): Promise<void>
}

export interface OpenOptions extends Omit<FabricOptions, 'journal'> {
  readonly data: string
  /** Where clients connect, as `HOST:PORT`. */
  readonly listen: string
  readonly version: string
  readonly report: (error: unknown) => void
  readonly warn: (message: string) => void
  /** Goes on with a log that was moved away. */
  readonly useMovedLog?: boolean
  /** Takes what has to be closed at the end, the last first. */
  readonly closing: (() => Promise<void>)[]
}

/** The log of the data directory, which this process has to itself. */
export async function openAlone(options: OpenOptions): Promise<OpenedFabric> {
  const { data, warn, closing, useMovedLog = false, ...opening } = options
  await requireOwnLog(data, useMovedLog)
  const journal = new FileJournal({ directory: data, note: 'starting' })
  closing.push(() => journal.close())
  const fabric = await openFabric({ ...opening, journal })
  if (useMovedLog) await unmarkLog(data)
  closing.push(() => fabric.close())
  if (journal.cutBytes > 0) warn(cutText(journal.cutBytes))
  return { fabric, annotate: (note) => journal.annotate(note) }
}

/** A log that several nodes share; the data directory has what is this node's alone. */
export async function openShared(
  { data, listen, warn, closing, witness, ...options }: OpenOptions,
  cluster: ClusterOptions,
): Promise<OpenedFabric> {
  const [{ OwnerLock }, { openSharedJournal }, { SecureLink, splitAddress }, { openNodeFabric }, { sharedKeys }] =
    await Promise.all([
      import('../journal/file/lock.js'),
      import('../journal/open.js'),
      import('../fabric/nodes/secure-link.js'),
      import('../fabric/nodes/open.js'),
      import('../witness/shared-keys.js'),
    ])
  const { report, version } = options
  const { nodeAdvertise } = cluster
  if (nodeAdvertise !== undefined) splitAddress(nodeAdvertise)
  const lock = await OwnerLock.acquire(data, 'starting')
  closing.push(() => lock.release())
  const url = advertised(cluster, listen)
  const { hostname, host } = new URL(url)
  const id = cluster.node ?? host
  const shared = await openSharedJournal({
    ...cluster.driver,
    ...{ url: cluster.journal, directory: join(data, 'journal'), report, warn },
  })
  const bound = bindAddress(cluster, hostname)
  const link = await SecureLink.listen({ ...bound, secret: cluster.secret, id, report })
  const keys = sharedKeys(cluster.secret)
  const fabric = await openNodeFabric({
    ...options,
    ...{ journal: shared.journal, membership: shared.membership, link },
    self: { id, url, link: nodeAdvertise ?? `${bound.announced}:${link.port}`, version },
    ...(witness && { witness: { ...witness, open: async () => ({ ...(await witness.open()), keys }) } }),
  })
  closing.push(() => fabric.close())
  const { warning } = shared.journal.health()
  if (warning !== undefined) warn(warning)
  return { fabric, annotate: (note) => lock.annotate(note) }
}

function advertised({ advertise }: ClusterOptions, listen: string): string {
  if (advertise !== undefined) return baseUrl(advertise)
  const { host, port } = parseListen(listen, { behindProxy: 'https://unknown' })
  if (port !== 0 && isLoopback(host)) return `http://${listen}`
  const message = 'Say with --advertise by which URL clients and other nodes reach this one.'
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'advertise' })
}

/** Where this node listens for others, and the host by which they know it. */
function bindAddress({ nodeListen }: ClusterOptions, hostname: string) {
  if (nodeListen === undefined)
    return { host: isLoopback(hostname) ? hostname : '0.0.0.0', port: 0, announced: hostname }
  // What is said there is encrypted by the secret of the nodes.
  const { host, port } = parseListen(nodeListen, { behindProxy: 'https://unknown' })
  const isAny = host === '0.0.0.0' || host === '::'
  return { host, port, announced: isAny ? hostname : host.includes(':') ? `[${host}]` : host }
}

/** For whoever looks after the machine: it says that the last start ended in the middle of a write. */
function cutText(bytes: number): string {
  return `cut ${bytes} bytes from the end of the log: a write that was interrupted and never acknowledged`
}
