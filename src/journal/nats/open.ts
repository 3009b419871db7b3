import { join } from 'node:path'
import { readNamedFile } from '../named-file.js'
import type { SharedJournal, SharedJournalOptions } from '../open.js'
import { type NatsAccess, parseNatsUrl } from './options.js'

/**
 * The log that `nats://host:4222/name` names, and the nodes on it. The credentials are a `.creds` file or one with the seed
 * of an nkey. Loads the client of NATS only now, so that whoever keeps the journal in files does not pay for it.
 */
export async function openNatsJournal(options: SharedJournalOptions): Promise<SharedJournal> {
  const { url, directory, replicas, requireDurable = false, caFile, certificateFile, keyFile } = options
  const { monitors = [], ...address } = parseNatsUrl(url)
  const files = { caFile, certificateFile, keyFile, ...(await credentials(options.credentialsFile)) }
  const given = Object.fromEntries(Object.entries(files).filter(([, file]) => file !== undefined))
  const access: NatsAccess = { ...address, ...(replicas !== undefined && { replicas }), ...given }
  const [{ NatsJournal }, { NatsMembership }] = await Promise.all([
    import('./nats-journal.js'),
    import('./membership.js'),
  ])
  const journal = new NatsJournal({ ...access, monitors, requireDurable, directory: join(directory, 'nats') })
  return { journal, membership: new NatsMembership(access) }
}

/** Which of the two formats a file has. */
async function credentials(path: string | undefined): Promise<Pick<NatsAccess, 'credentialsFile' | 'nkeyFile'>> {
  if (path === undefined) return {}
  const isSeed = /^SU[A-Z2-7]+\s*$/.test((await readNamedFile(path)) ?? '')
  return isSeed ? { nkeyFile: path } : { credentialsFile: path }
}
