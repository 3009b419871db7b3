import { join } from 'node:path'
import { asFabricError, type FabricError, isFabricError } from '../../model/errors.js'
import { BoundSnapshots } from '../bound-snapshots.js'
import { createDirectory } from '../file/durable-file.js'
import { OwnerLock } from '../file/lock.js'
import { Growth } from '../growth.js'
import type { Chunk, Snapshot } from '../journal.js'
import { closed } from '../refusal.js'
import { Archive } from './archive.js'
import { Connection, type Patience } from './connection.js'
import { LogKeys } from './keys.js'
import type { EtcdJournalOptions } from './options.js'
import { RemoteLog } from './remote-log.js'
import { RemoteReader } from './remote-reader.js'
import { SharedLog } from './shared-log.js'
import { markCopy, trimLog } from './trim.js'

const DEFAULT_TIMEOUT_MS = 10_000
const DEFAULT_GRACE_SECONDS = 24 * 60 * 60
/** What is told about the cluster is asked anew when it is older. */
const FACTS_MS = 10_000

/** Voting members of the cluster, and bytes of the data of one of them. */
interface Facts {
  readonly members: number
  readonly bytes: number
}

/** Snapshots on this machine, without or with a copy of the log beside them. */
interface LocalSnapshots {
  put(snapshot: Snapshot): Promise<void>
  latest(maxSize: number): Promise<Snapshot | undefined>
  close(): Promise<void>
}

/** Everything an open journal holds. */
export class Session {
  readonly log: SharedLog
  readonly growth: Growth
  readonly snapshots: LocalSnapshots
  readonly #options: EtcdJournalOptions
  readonly #connection: Connection
  readonly #keys: LogKeys
  readonly #archive: Archive | undefined
  #facts: Facts = { members: 0, bytes: 0 }
  #factsAt = Number.NEGATIVE_INFINITY
  #trimFailure: FabricError | undefined

  private constructor(options: EtcdJournalOptions, parts: SessionParts) {
    this.#options = options
    this.#connection = parts.connection
    this.#keys = parts.keys
    this.#archive = parts.archive
    this.log = parts.log
    this.growth = parts.growth
    this.snapshots = parts.snapshots
  }

  static async open(options: EtcdJournalOptions, failed: (error: FabricError) => void): Promise<Session> {
    const connection = await Connection.open(options)
    try {
      const keys = new LogKeys(options.name)
      const patience = patienceOf(options)
      const remote = new RemoteLog(options.name, keys, connection, patience)
      const reader = new RemoteReader(connection, keys)
      const end = await remote.open()
      const growth = new Growth()
      const events = { grown: () => growth.announce(), failed }
      const log = new SharedLog({ remote, reader, connection, patience, end }, events)
      const { archive, snapshots } = await openLocal(options, remote, reader, end.size, patience)
      if (archive !== undefined) {
        log.readFrom(archive)
        archive.copy((from, signal) => log.grow(from, growth, signal))
      }
      const session = new Session(options, { connection, keys, archive, log, growth, snapshots })
      await session.#learnFacts()
      return session
    } catch (error) {
      connection.close()
      throw error
    }
  }

  /** Stores a snapshot on this machine; with a copy of the log, removes from etcd what lies behind it. */
  async putSnapshot(snapshot: Snapshot): Promise<void> {
    await this.snapshots.put(snapshot)
    if (this.#archive === undefined) return
    const patience = patienceOf(this.#options)
    const { archiveGraceSeconds: graceSeconds = DEFAULT_GRACE_SECONDS } = this.#options
    const { node, size } = this.#archive
    try {
      await markCopy(this.#connection, { key: this.#keys.copy(node), size, graceSeconds }, patience())
      await trimLog(this.#connection, this.#keys, snapshot.size, patience)
      this.#trimFailure = undefined
    } catch (error) {
      // The snapshot is stored; etcd only keeps more than it has to until the next one.
      this.#trimFailure = asFabricError(error)
    }
  }

  /** As they were known last; asks again when that is a while ago. */
  facts(): Facts {
    if (performance.now() - this.#factsAt > FACTS_MS) void this.#learnFacts()
    return this.#facts
  }

  /** What is wrong although appends go on. */
  get warning(): string | undefined {
    const { failure } = this.#archive ?? {}
    if (failure !== undefined) return `Nothing more is copied from etcd: ${asFabricError(failure).message}`
    return this.#trimFailure && `etcd keeps entries that it could let go: ${this.#trimFailure.message}`
  }

  async close(): Promise<void> {
    this.growth.end(closed())
    this.log.rest()
    this.#connection.close()
    await this.snapshots.close()
  }

  async #learnFacts(): Promise<void> {
    this.#factsAt = performance.now()
    const patience = patienceOf(this.#options)
    try {
      const { members } = await this.#connection.call('Cluster.MemberList', {}, patience())
      const { dbSize } = await this.#connection.call('Maintenance.Status', {}, patience())
      this.#facts = { members: members.filter(({ isLearner }) => !isLearner).length, bytes: dbSize }
    } catch (error) {
      // They are for people. Where they are not told, the journal works all the same.
      if (!isFabricError(error)) throw error
    }
  }
}

interface SessionParts {
  readonly connection: Connection
  readonly keys: LogKeys
  readonly archive: Archive | undefined
  readonly log: SharedLog
  readonly growth: Growth
  readonly snapshots: LocalSnapshots
}

function patienceOf({ timeoutMs = DEFAULT_TIMEOUT_MS }: EtcdJournalOptions): (signal?: AbortSignal) => Patience {
  return (signal) => ({ until: performance.now() + timeoutMs, signal })
}

async function openLocal(
  options: EtcdJournalOptions,
  remote: RemoteLog,
  reader: RemoteReader,
  size: number,
  patience: () => Patience,
): Promise<{ readonly archive?: Archive; readonly snapshots: LocalSnapshots }> {
  const { directory, note = '', name } = options
  if (options.archive !== true) return { snapshots: await openSnapshots(directory, note, reader, patience) }
  const archive = await Archive.open(directory, note, remote.identity, name)
  try {
    await archive.check(await remote.begin(), size, name, (index) => firstOf(reader.read(index, index + 1, patience)))
  } catch (error) {
    await archive.close()
    throw error
  }
  return {
    archive,
    snapshots: {
      put: (snapshot) => archive.putSnapshot(snapshot),
      latest: (maxSize) => archive.latestSnapshot(maxSize),
      close: () => archive.close(),
    },
  }
}

/** Owned like a data directory, so that two processes never write snapshots over each other's. */
async function openSnapshots(
  directory: string,
  note: string,
  reader: RemoteReader,
  patience: () => Patience,
): Promise<LocalSnapshots> {
  await createDirectory(directory)
  const lock = await OwnerLock.acquire(directory, note)
  const snapshots = new BoundSnapshots(join(directory, 'snapshots'), (index) => reader.batchOf(index, patience()))
  await snapshots.open()
  return {
    put: (snapshot) => snapshots.put(snapshot),
    latest: (maxSize) => snapshots.latest(maxSize),
    close: () => lock.release(),
  }
}

async function firstOf(chunks: AsyncIterable<Chunk>): Promise<Chunk> {
  for await (const chunk of chunks) return chunk
  return []
}
