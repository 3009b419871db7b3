import { FabricError } from '../model/errors.js'
import type { Journal } from './journal.js'
import type { Membership } from './membership.js'

/** A journal that several machines share, and the nodes on it. Neither is open yet; `close` and `leave` release them. */
export interface SharedJournal {
  readonly journal: Journal
  readonly membership: Membership
}

/** What a driver is opened with. */
export interface SharedJournalOptions {
  /** As it was given, such as `nats://a:4222,b:4222/name`: it may name several servers and the log, but no secret. */
  readonly url: string
  /** Where the driver keeps what belongs to this node alone, such as snapshots and an archive. */
  readonly directory: string
  /** Keeps a copy of the log there where the engine lets old entries go (default: true). */
  readonly archive?: boolean
  /** Copies of the log on different servers, where the engine is told. */
  readonly replicas?: number
  /** Refuses a server that could lose acknowledged writes when the power fails. */
  readonly requireDurable?: boolean
  /** PEM files: whom to trust, and the certificate of this client with its key. */
  readonly caFile?: string
  readonly certificateFile?: string
  readonly keyFile?: string
  /** A file with the credentials of this client, in the format of the engine. */
  readonly credentialsFile?: string
  /** Told about faults that no caller is waiting for. */
  readonly report: (error: unknown) => void
  /** Told, in a sentence, what whoever runs the fabric should know. */
  readonly warn: (message: string) => void
}

export type OpenSharedJournal = (options: SharedJournalOptions) => Promise<SharedJournal>

/** Scheme of a URL -> its driver. Loaded when it is asked for: a fabric on one machine pays for none of them. */
const DRIVERS: Readonly<Record<string, () => Promise<OpenSharedJournal>>> = {
  nats: async () => (await import('./nats/open.js')).openNatsJournal,
  tls: async () => (await import('./nats/open.js')).openNatsJournal,
  etcd: async () => (await import('./etcd/open.js')).openEtcdJournal,
  etcds: async () => (await import('./etcd/open.js')).openEtcdJournal,
}

/** Connects to the journal that a URL names. Throws INVALID_ARGUMENT for one that no driver is for. */
export async function openSharedJournal(options: SharedJournalOptions): Promise<SharedJournal> {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(options.url)?.[1]?.toLowerCase() ?? ''
  const load = Object.hasOwn(DRIVERS, scheme) ? DRIVERS[scheme] : undefined
  if (load !== undefined) return (await load())(options)
  const known = Object.keys(DRIVERS).map((name) => `${name}://`)
  const message = `There is no journal for ${options.url}. Known are: ${known.join(', ') || 'none in this version'}.`
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'journal' })
}
