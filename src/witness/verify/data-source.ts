import { open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ClosedLog, readClosedLog } from '../../journal/file/closed-log.js'
import { storageFailed } from '../../journal/file/disk.js'
import { readIfThere } from '../../journal/file/durable-file.js'
import { FabricError } from '../../model/errors.js'
import { parseNote } from '../note/note.js'
import { NoteSigner } from '../note/signer.js'
import { runFirst, runName } from '../query/posting-format.js'
import { HASH_BYTES } from '../tree/hash.js'
import { TILE_WIDTH } from '../tree/tile.js'
import { EntryCursor } from './entry-cursor.js'
import type { LogSource, PostingFiles } from './source.js'

/** The data directory of a fabric that does not run, read without owning it and without changing anything. */
export class DataSource implements LogSource {
  readonly describe: string
  readonly derivedTiles = true
  #log: Promise<ClosedLog> | undefined
  #cursor: EntryCursor | undefined
  #bundles: Promise<unknown> = Promise.resolve()

  constructor(data: string) {
    this.describe = data
  }

  /** The last one signed; with the cosignatures of others where they are for the same head. */
  async checkpoint(): Promise<Uint8Array> {
    const signed = await readIfThere(this.#path('checkpoint'))
    if (signed === undefined) {
      const message = `${this.describe} holds no signed checkpoint. Check the path; \`ifab up\` makes the first one.`
      throw new FabricError('NOT_FOUND', message, { source: this.describe })
    }
    const cosigned = await readIfThere(this.#path('cosigned'))
    return Buffer.from(cosigned !== undefined && textOf(cosigned) === textOf(signed) ? cosigned : signed)
  }

  async vkey(): Promise<string | undefined> {
    const skey = await readIfThere(this.#path('key'))
    return skey === undefined ? undefined : NoteSigner.parse(skey.trim().split('\n', 1)[0] ?? '').vkey
  }

  async tile(level: number, index: number, width: number): Promise<Buffer | undefined> {
    const path = this.#path('hashes', `level-${level}`)
    const hashes = Buffer.allocUnsafe(width * HASH_BYTES)
    try {
      const file = await open(path, 'r')
      try {
        const { bytesRead } = await file.read(hashes, 0, hashes.length, index * TILE_WIDTH * HASH_BYTES)
        return bytesRead < HASH_BYTES ? undefined : hashes.subarray(0, bytesRead - (bytesRead % HASH_BYTES))
      } finally {
        await file.close()
      }
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw storageFailed('Reading', path, error)
    }
  }

  /** Bundles that are asked for ahead wait for each other: the log is read in one stream. */
  bundle(index: number, width: number): Promise<readonly Uint8Array[] | undefined> {
    const result = this.#bundles.then(() => this.#read(index * TILE_WIDTH, width))
    this.#bundles = result.catch(() => undefined)
    return result
  }

  entries = async (): Promise<number> => (await this.#opened()).entries

  readonly postings: PostingFiles = {
    firsts: async () => {
      const directory = this.#path('postings')
      const names = await readdir(directory).catch((error): string[] => {
        if (error.code === 'ENOENT') return []
        throw storageFailed('Reading', directory, error)
      })
      return names.map(runFirst).filter((first) => first !== undefined)
    },
    read: async (first) => {
      const path = this.#path('postings', runName(first))
      return readFile(path).catch((error) => {
        throw storageFailed('Reading', path, error)
      })
    },
  }

  async close(): Promise<void> {
    await this.#bundles
    await this.#cursor?.close()
    this.#cursor = undefined
  }

  async #read(first: number, count: number): Promise<readonly Uint8Array[] | undefined> {
    const log = await this.#opened()
    if (first + count > log.entries) return undefined
    if (this.#cursor?.next !== first) {
      await this.#cursor?.close()
      this.#cursor = new EntryCursor(log.read(first), first)
    }
    return this.#cursor.take(count)
  }

  #opened(): Promise<ClosedLog> {
    this.#log ??= readClosedLog(join(this.describe, 'log'))
    return this.#log
  }

  #path(...names: string[]): string {
    return join(this.describe, 'witness', ...names)
  }
}

/** The text of a note; undefined when it is none. */
function textOf(note: string): string | undefined {
  try {
    return parseNote(note).text
  } catch {
    return undefined
  }
}
