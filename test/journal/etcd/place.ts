import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EtcdJournal } from '../../../src/journal/etcd/etcd-journal.js'
import type { EtcdJournalOptions } from '../../../src/journal/etcd/options.js'
import type { JournalPlace } from '../../conformance/journal.js'
import type { CuttingProxy } from '../../support/cutting-proxy.js'

export interface EtcdPlace extends JournalPlace {
  readonly directory: string
  /** Name of the log. */
  readonly name: string
  journal(changes?: Partial<EtcdJournalOptions>): EtcdJournal
  /** A journal of another process: with a directory of its own. */
  other(changes?: Partial<EtcdJournalOptions>): EtcdJournal
}

let places = 0

/** A log of its own in a cluster, and directories of its own, for one test. */
export async function etcdPlace(
  servers: readonly string[],
  options: Partial<EtcdJournalOptions> = {},
): Promise<EtcdPlace> {
  const root = await mkdtemp(join(tmpdir(), 'ifab-etcd-journal-'))
  const name = `test-${process.pid}-${places++}`
  const directory = join(root, 'own')
  let others = 0
  const settings = { servers, name, timeoutMs: 5_000, ...options }
  return {
    directory,
    name,
    journal: (changes) => new EtcdJournal({ ...settings, directory, ...changes }),
    other: (changes) => new EtcdJournal({ ...settings, directory: join(root, `other-${others++}`), ...changes }),
    dispose: () => rm(root, { recursive: true, force: true }),
  }
}

/** Loses what the server answers to the next request in which `text` occurs, and every connection with it. */
export function loseReply(proxy: CuttingProxy, text: string, end: 'disconnect' | 'cut'): Promise<void> {
  return new Promise((resolve) => {
    proxy.onRequest((bytes) => {
      if (!bytes.includes(text)) return
      proxy.onRequest(() => {})
      proxy.onReply(() => {
        proxy.onReply(() => {})
        proxy[end]()
        resolve()
      })
    })
  })
}

/** Holds back everything from the `count`th part of a batch on. Resolves when that has come. */
export function holdParts(proxy: CuttingProxy, count: number): Promise<void> {
  let seen = 0
  return new Promise((resolve) => {
    proxy.onRequest((bytes) => {
      if (!bytes.includes('/part/')) return
      seen += 1
      if (seen < count) return
      proxy.onRequest(() => {})
      proxy.treat({ requests: 'hold' })
      resolve()
    })
  })
}
