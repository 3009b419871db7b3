import { createHash, randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { FabricError } from '../../model/errors.js'
import { createDirectory, readIfThere, replaceFile } from '../file/durable-file.js'
import { FileJournal } from '../file/file-journal.js'
import { Growth } from '../growth.js'
import type { Chunk, Snapshot } from '../journal.js'
import { diverged, trimmed } from './failure.js'
import type { LocalCopy } from './shared-log.js'

/** What stands in the directory of a copy beside the log. */
interface CopyName {
  /** The random name of the log in etcd. */
  readonly log: string
  /** A random name that the copy got when it was begun. */
  readonly node: string
}

const NAME_FILE = 'etcd.json'
const WRITER = 'copy'

/**
 * The copy of a log in etcd that one process keeps on its disk, in the form of the file journal: whatever reads a data
 * directory reads it. It takes in what comes in the order of the log, and is never ahead of etcd.
 */
export class Archive implements LocalCopy {
  /** A name for this copy in this place. */
  readonly node: string
  readonly #file: FileJournal
  readonly #end = new AbortController()
  readonly #growth = new Growth()
  #size: number
  #failure: unknown
  #copying: Promise<void> = Promise.resolve()

  private constructor(file: FileJournal, node: string, size: number) {
    this.#file = file
    this.node = node
    this.#size = size
  }

  /** Opens the copy of the log called `log`, or begins one. Throws LOG_DIVERGED when it is one of another log. */
  static async open(directory: string, note: string, log: string, name: string): Promise<Archive> {
    await createDirectory(directory)
    const file = new FileJournal({ directory, note })
    const { size } = await file.open()
    try {
      const known = await readName(directory)
      if (known === undefined ? size > 0 : known.log !== log) throw ofAnother(directory, name)
      const node = known?.node ?? randomUUID()
      if (known === undefined) await replaceFile(join(directory, NAME_FILE), JSON.stringify({ log, node }))
      return new Archive(file, placeOf(node, directory), size)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#file.health().bytes
  }

  /** Why nothing more is copied, where that is so. */
  get failure(): unknown {
    return this.#failure
  }

  /** Throws LOG_TRIMMED when etcd has removed what this copy lacks, LOG_DIVERGED when etcd has less or something else. */
  async check(begin: number, size: number, name: string, remote: (index: number) => Promise<Chunk>): Promise<void> {
    if (this.#size < begin) throw trimmed(this.#size, begin)
    if (this.#size > size) throw diverged(name, `has ${size} entries, but ${this.#size} were copied from it`)
    if (this.#size <= begin) return
    const last = this.#size - 1
    const [there] = await remote(last)
    const [here] = await firstChunk(this.#file.read(last))
    const same = there !== undefined && here !== undefined && Buffer.compare(there.bytes, here.bytes) === 0
    if (!same) throw diverged(name, `holds something else as entry ${last} than was copied from it`)
  }

  /** Copies what `entries` gives until the copy is closed or the disk refuses. */
  copy(entries: (from: number, signal: AbortSignal) => AsyncIterable<Chunk>): void {
    this.#copying = this.#copy(entries(this.#size, this.#end.signal)).catch((error) => {
      this.#failure = error
      this.#growth.announce()
    })
  }

  read(from: number): AsyncIterable<Chunk> {
    return this.#file.read(from)
  }

  /** Resolves when the first `size` entries are copied. Throws why they never will be. */
  async reach(size: number): Promise<void> {
    while (this.#size < size) {
      if (this.#failure !== undefined) throw this.#failure
      await this.#growth.next(this.#end.signal)
      if (this.#end.signal.aborted) throw new FabricError('UNAVAILABLE', 'The journal was closed. Open it again.')
    }
  }

  async putSnapshot(snapshot: Snapshot): Promise<void> {
    await this.reach(snapshot.size)
    await this.#file.putSnapshot(snapshot)
  }

  latestSnapshot(maxSize: number): Promise<Snapshot | undefined> {
    return this.#file.latestSnapshot(maxSize)
  }

  async close(): Promise<void> {
    this.#end.abort()
    await this.#copying
    await this.#file.close()
  }

  async #copy(entries: AsyncIterable<Chunk>): Promise<void> {
    for await (const chunk of entries) {
      const batchId = `${WRITER} ${this.#size}`
      await this.#file.append(this.#size, { writerId: WRITER, batchId, entries: chunk.map(({ bytes }) => bytes) })
      this.#size += chunk.length
      this.#growth.announce()
    }
  }
}

/** A directory that was copied to another place is another copy, although it holds the same name. */
function placeOf(node: string, directory: string): string {
  return createHash('sha256')
    .update(JSON.stringify([node, hostname(), resolve(directory)]))
    .digest('hex')
    .slice(0, 32)
}

function ofAnother(directory: string, name: string): FabricError {
  const message = `${directory} holds the copy of another log than ${name} in etcd. Name that one, or move the directory away to begin a new copy.`
  return new FabricError('LOG_DIVERGED', message, { directory, name })
}

async function readName(directory: string): Promise<CopyName | undefined> {
  const text = await readIfThere(join(directory, NAME_FILE))
  if (text === undefined) return undefined
  try {
    const { log, node } = JSON.parse(text)
    if (typeof log === 'string' && typeof node === 'string') return { log, node }
  } catch {}
  const path = join(directory, NAME_FILE)
  throw new FabricError('DATA_CORRUPT', `${path} does not name a log. Restore the directory from a backup.`, { path })
}

async function firstChunk(chunks: AsyncIterable<Chunk>): Promise<Chunk> {
  for await (const chunk of chunks) return chunk
  return []
}
