import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type Disk, storageFailed } from '../../journal/file/disk.js'
import { assertInvariant, FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { HASH_BYTES } from './hash.js'
import { HashList } from './hash-list.js'

export interface LevelFileOptions {
  readonly disk: Pick<Disk, 'write'>
  readonly onFault: (fault: FabricError) => void
}

/** As many hashes are worth a write in the background: a full tile. */
const WORTH_BYTES = 8 * 1024
const WRITE_BYTES = 256 * 1024

/** The hashes of one level: the older ones in a file, the newest in memory until they are written. */
export class LevelFile {
  readonly #path: string
  readonly #handle: FileHandle
  readonly #options: LevelFileOptions
  readonly #waiting = new HashList()
  /** Hashes in the file. */
  #written: number
  #writing: Promise<void> | undefined
  #state: 'writing well' | 'failing' | 'given up' | 'closed' = 'writing well'

  private constructor(path: string, handle: FileHandle, written: number, options: LevelFileOptions) {
    this.#path = path
    this.#handle = handle
    this.#written = written
    this.#options = options
  }

  /** Opens or creates the file and cuts it behind the last whole hash. Throws STORAGE_FAILED. */
  static async open(path: string, options: LevelFileOptions): Promise<LevelFile> {
    let handle: FileHandle | undefined
    try {
      handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
      const bytes = (await handle.stat()).size
      const hashes = Math.floor(bytes / HASH_BYTES)
      if (bytes > hashes * HASH_BYTES) await handle.truncate(hashes * HASH_BYTES)
      return new LevelFile(path, handle, hashes, options)
    } catch (error) {
      await handle?.close()
      throw storageFailed('Opening', path, error)
    }
  }

  get count(): number {
    return this.#written + this.#waiting.count
  }

  /** Takes a copy of whole hashes; what finds no room any more is dropped, and so is everything after it. */
  append(hashes: Uint8Array): void {
    if (this.#state === 'given up' || this.#state === 'closed') return
    if (this.#waiting.bytes + hashes.length > LIMITS.waitingHashBytes) {
      this.#giveUp()
      return
    }
    this.#waiting.append(hashes)
    // Whoever waits for a write asks for it with `flush`; a fault in the background has been reported by then.
    if (this.#waiting.bytes >= WORTH_BYTES || this.#state === 'failing') this.flush().catch(() => {})
  }

  /** Throws STORAGE_FAILED when the hashes cannot be read or were dropped, DATA_CORRUPT when the file ends early. */
  async read(first: number, count: number): Promise<Buffer> {
    if (this.#state === 'given up' && first + count > this.count) throw this.#droppedFault()
    assertInvariant(first >= 0 && first + count <= this.count, 'only hashes that were appended are read')
    const inFile = Math.max(0, Math.min(count, this.#written - first))
    const waiting = this.#waiting.copy(Math.max(0, first - this.#written), count - inFile)
    if (inFile === 0) return waiting
    const stored = await this.#readFile(first, inFile)
    return waiting.length === 0 ? stored : Buffer.concat([stored, waiting])
  }

  async truncate(count: number): Promise<void> {
    this.#waiting.truncate(Math.max(0, count - this.#written))
    if (count >= this.#written) return
    try {
      await this.#handle.truncate(count * HASH_BYTES)
      this.#written = count
    } catch (error) {
      throw storageFailed('Cutting', this.#path, error)
    }
  }

  /** Writes everything that waits. Throws STORAGE_FAILED; then it waits on and is written with what comes next. */
  flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    try {
      await this.flush()
    } finally {
      await this.#handle.close()
    }
  }

  async #write(): Promise<void> {
    while (this.#waiting.count > 0) {
      const chunk = this.#waiting.start(WRITE_BYTES)
      try {
        await this.#options.disk.write(this.#handle.fd, chunk, this.#written * HASH_BYTES)
      } catch (error) {
        throw this.#failed(storageFailed('Writing', this.#path, error))
      }
      this.#written += chunk.length / HASH_BYTES
      this.#waiting.drop(chunk.length / HASH_BYTES)
      if (this.#state === 'failing') this.#state = 'writing well'
    }
  }

  #failed(fault: FabricError): FabricError {
    if (this.#state === 'writing well') {
      this.#state = 'failing'
      this.#options.onFault(fault)
    }
    return fault
  }

  #giveUp(): void {
    this.#state = 'given up'
    this.#options.onFault(this.#droppedFault())
  }

  #droppedFault(): FabricError {
    const message = `${this.#path} has fallen behind by more than ${LIMITS.waitingHashBytes} bytes, and newer hashes were dropped. See to the disk and restart: they are derived from the journal again.`
    return new FabricError('STORAGE_FAILED', message, { path: this.#path, hashes: this.count })
  }

  async #readFile(first: number, count: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(count * HASH_BYTES)
    let done = 0
    while (done < bytes.length) {
      const position = first * HASH_BYTES + done
      const { bytesRead } = await this.#readPiece(bytes, done, position)
      if (bytesRead === 0) throw this.#endsEarly(position)
      done += bytesRead
    }
    return bytes
  }

  async #readPiece(bytes: Buffer, done: number, position: number): Promise<{ bytesRead: number }> {
    try {
      return await this.#handle.read(bytes, done, bytes.length - done, position)
    } catch (error) {
      throw storageFailed('Reading', this.#path, error)
    }
  }

  #endsEarly(offset: number): FabricError {
    const message = `${this.#path} ends at ${offset} bytes, before hashes that were written to it. Remove the stored hashes of the tree, so that they are derived from the journal again.`
    return new FabricError('DATA_CORRUPT', message, { path: this.#path, offset })
  }
}
