import type { NatsJournal } from './nats-journal.js'
import { type NatsJournalOptions, parseNatsUrl } from './options.js'

/**
 * Opens the log that `url` names, as `parseNatsUrl` reads it. Loads the NATS client only now, so that whoever
 * keeps the journal in files does not pay for it. Opening the journal again is harmless.
 */
export async function openNatsJournal(url: string, options: OpenNatsOptions): Promise<NatsJournal> {
  const settings = { ...options, ...parseNatsUrl(url) }
  const { NatsJournal } = await import('./nats-journal.js')
  const journal = new NatsJournal(settings)
  await journal.open()
  return journal
}

/** What the address does not say. */
export type OpenNatsOptions = Omit<NatsJournalOptions, 'servers' | 'name'>
