import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NatsJournal } from '../../../src/journal/nats/nats-journal.js'
import type { NatsJournalOptions } from '../../../src/journal/nats/options.js'
import type { JournalPlace } from '../../conformance/journal.js'

export interface NatsPlace extends JournalPlace {
  readonly name: string
  /** Each one is what a process of its own would have. */
  journal(options?: Partial<NatsJournalOptions>): NatsJournal
}

let places = 0

/** A log of its own for one test, on servers that tests share. */
export async function natsPlace(
  servers: readonly string[],
  options: Partial<NatsJournalOptions> = {},
): Promise<NatsPlace> {
  const directory = await mkdtemp(join(tmpdir(), 'ifab-nats-journal-'))
  places += 1
  const name = `test-${process.pid}-${places}`
  return {
    name,
    journal: (more = {}) => new NatsJournal({ servers, name, directory, timeoutMs: 8_000, ...options, ...more }),
    dispose: () => rm(directory, { recursive: true, force: true }),
  }
}
