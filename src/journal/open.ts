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
  /** As it was given: `nats://host:4222`, `etcd://a:2379,b:2379`. It may name several servers, and never a password. */
  readonly url: string
  /** Name of the fabric, under which the driver keeps everything on the server. */
  readonly fabric: string
  /** Directory of this node for what the driver keeps on this machine, such as snapshots and an archive. */
  readonly directory: string
  /** Refuses a server that could lose acknowledged writes when the power fails. */
  readonly requireDurable: boolean
  /** Files (PEM) for a connection with TLS; `ca` alone is enough where the server asks for no certificate. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  /** File with the credentials of this node, in the format of the engine. */
  readonly credentials?: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Told about faults that no caller is waiting for. */
  readonly report: (error: unknown) => void
  /** Told, in a sentence, what whoever runs the fabric should know. */
  readonly warn: (message: string) => void
}

export type OpenSharedJournal = (options: SharedJournalOptions) => Promise<SharedJournal>

/** Scheme of a URL -> its driver. Loaded when it is asked for: a fabric on one machine pays for none of them. */
const DRIVERS: Readonly<Record<string, () => Promise<OpenSharedJournal>>> = {}

/** Connects to the journal that a URL names. Throws INVALID_ARGUMENT for one that no driver is for. */
export async function openSharedJournal(options: SharedJournalOptions): Promise<SharedJournal> {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(options.url)?.[1]?.toLowerCase() ?? ''
  const load = Object.hasOwn(DRIVERS, scheme) ? DRIVERS[scheme] : undefined
  if (load !== undefined) return (await load())(options)
  const known = Object.keys(DRIVERS).map((name) => `${name}://`)
  const message = `There is no journal for ${options.url}. Known are: ${known.join(', ') || 'none in this version'}.`
  throw new FabricError('INVALID_ARGUMENT', message, { field: 'journal' })
}
