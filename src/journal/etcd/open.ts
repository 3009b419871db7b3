import { join } from 'node:path'
import type { SharedJournal, SharedJournalOptions } from '../open.js'
import { type EtcdAccess, parseEtcdUrl } from './options.js'

/**
 * The log that `etcd://host:2379/name` names, and the nodes on it. The credentials are a file with `user:password`. Loads the
 * client of etcd only now, so that whoever keeps the journal in files does not pay for it.
 */
export async function openEtcdJournal(options: SharedJournalOptions): Promise<SharedJournal> {
  const { caFile, certificateFile, keyFile, credentialsFile } = options
  const files = { caFile, certificateFile, keyFile, credentialsFile }
  const given = Object.fromEntries(Object.entries(files).filter(([, file]) => file !== undefined))
  const access: EtcdAccess = { ...parseEtcdUrl(options.url), ...given }
  const [{ EtcdJournal }, { EtcdMembership }] = await Promise.all([
    import('./etcd-journal.js'),
    import('./membership.js'),
  ])
  const journal = new EtcdJournal({
    ...access,
    directory: join(options.directory, 'etcd'),
    archive: options.archive !== false,
  })
  return { journal, membership: new EtcdMembership(access) }
}
