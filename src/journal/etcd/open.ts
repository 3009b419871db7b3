import type { EtcdJournal } from './etcd-journal.js'
import { type EtcdJournalOptions, parseEtcdUrl } from './options.js'

/** What the address does not say. */
export type OpenEtcdOptions = Omit<EtcdJournalOptions, 'servers' | 'name'>

/**
 * Opens the log that `etcd://host:2379/name` names. Loads the client of etcd only now, so that whoever keeps the journal in
 * files does not pay for it. Opening the journal again is harmless.
 */
export async function openEtcdJournal(url: string, options: OpenEtcdOptions): Promise<EtcdJournal> {
  const settings = { ...options, ...parseEtcdUrl(url) }
  const { EtcdJournal } = await import('./etcd-journal.js')
  const journal = new EtcdJournal(settings)
  await journal.open()
  return journal
}
