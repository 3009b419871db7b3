import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NatsJournal } from '../../../src/journal/nats/nats-journal.js'
import type { NatsJournalOptions } from '../../../src/journal/nats/options.js'
import type { JournalPlace } from '../../conformance/journal.js'
import type { CuttingProxy } from '../../support/cutting-proxy.js'

export interface NatsPlace extends JournalPlace {
  readonly name: string
  /** Where its processes keep snapshots. */
  readonly directory: string
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
    directory,
    journal: (more = {}) => new NatsJournal({ servers, name, directory, timeoutMs: 8_000, ...options, ...more }),
    dispose: () => rm(directory, { recursive: true, force: true }),
  }
}

/** Loses the next reply in which `text` occurs, and every connection with it. Resolves when that has happened. */
export function loseReply(proxy: CuttingProxy, text: string, end: 'disconnect' | 'cut'): Promise<void> {
  return new Promise((resolve) => {
    proxy.onReply((bytes) => {
      if (!bytes.includes(text)) return
      proxy.onReply(() => {})
      proxy[end]()
      resolve()
    })
  })
}

/** Holds back whatever comes behind the `count`th append that a client sends. Resolves when that is on its way. */
export function holdBehind(proxy: CuttingProxy, count: number): Promise<void> {
  let seen = 0
  return new Promise((resolve) => {
    proxy.onRequest((bytes) => {
      if (!bytes.includes('HPUB ifab.')) return
      seen += 1
      if (seen < count) return
      proxy.onRequest(() => {})
      proxy.treat({ requests: 'hold' })
      resolve()
    })
  })
}
