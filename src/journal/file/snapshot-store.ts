import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Snapshot } from '../journal.js'
import { flushDirectory, storageFailed } from './disk.js'

/*
 * A snapshot file, little-endian:
 *
 *   0  8 bytes magic    8  u32 format version    12  u32 content version    16  u64 size in entries    24  content
 *   trailer: u64 length of the content, SHA-256 of everything before it and the length
 */
const MAGIC = Buffer.from('IFABSNAP', 'latin1')
const FORMAT_VERSION = 1
const HEADER_BYTES = 24
const TRAILER_BYTES = 40
const READ_BYTES = 1024 * 1024
const KEPT = 2

/** Snapshots as files named by the number of entries they cover. A damaged one is passed over: the log has it all. */
export class SnapshotStore {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Creates the directory and removes what interrupted writes left behind. */
  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#directory)) {
      if (name.endsWith('.tmp')) await rm(join(this.#directory, name), { force: true })
    }
  }

  /** Sizes of the snapshots that are there, whole or not, newest first. */
  async sizes(): Promise<number[]> {
    const names = (await readdir(this.#directory)).filter((name) => /^\d{20}\.snapshot$/.test(name))
    return names.map((name) => Number.parseInt(name, 10)).sort((a, b) => b - a)
  }

  /** Throws STORAGE_FAILED, or what the chunks throw; then nothing has changed. */
  async put(snapshot: Snapshot): Promise<void> {
    const path = this.#path(snapshot.size)
    const temporary = `${path}.tmp`
    try {
      const handle = await open(temporary, 'w', 0o600)
      try {
        await writeSnapshot(handle, snapshot)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, path)
      await flushDirectory(this.#directory)
      for (const size of (await this.sizes()).slice(KEPT)) await rm(this.#path(size), { force: true })
    } catch (error) {
      await rm(temporary, { force: true })
      if (error instanceof Error && 'syscall' in error) throw storageFailed('Writing', temporary, error)
      throw error
    }
  }

  async latest(maxSize: number): Promise<Snapshot | undefined> {
    for (const size of await this.sizes()) {
      if (size > maxSize) continue
      const checked = await checkSnapshotFile(this.#path(size), size)
      if (checked !== undefined)
        return { size, version: checked.version, chunks: readContent(this.#path(size), checked.bytes) }
    }
    return undefined
  }

  #path(size: number): string {
    return join(this.#directory, `${String(size).padStart(20, '0')}.snapshot`)
  }
}

async function writeSnapshot(handle: FileHandle, snapshot: Snapshot): Promise<void> {
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header.writeUInt32LE(FORMAT_VERSION, 8)
  header.writeUInt32LE(snapshot.version, 12)
  header.writeBigUInt64LE(BigInt(snapshot.size), 16)
  const hash = createHash('sha256').update(header)
  await handle.writeFile(header)
  let bytes = 0
  for await (const chunk of snapshot.chunks) {
    hash.update(chunk)
    bytes += chunk.length
    await handle.writeFile(chunk)
  }
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(bytes))
  await handle.writeFile(Buffer.concat([length, hash.update(length).digest()]))
}

/** Version and length of the content when the file can be read and passes all checks, undefined otherwise. */
async function checkSnapshotFile(path: string, size: number): Promise<{ version: number; bytes: number } | undefined> {
  const handle = await open(path, 'r').catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const total = (await handle.stat()).size
    const bytes = total - HEADER_BYTES - TRAILER_BYTES
    if (bytes < 0) return undefined
    const hash = createHash('sha256')
    for await (const piece of readRange(handle, 0, total - 32)) hash.update(piece)
    const header = await readExactly(handle, 0, HEADER_BYTES)
    const trailer = await readExactly(handle, total - TRAILER_BYTES, TRAILER_BYTES)
    const valid =
      header.subarray(0, 8).equals(MAGIC) &&
      header.readUInt32LE(8) <= FORMAT_VERSION &&
      Number(header.readBigUInt64LE(16)) === size &&
      Number(trailer.readBigUInt64LE(0)) === bytes &&
      trailer.subarray(8).equals(hash.digest())
    return valid ? { version: header.readUInt32LE(12), bytes } : undefined
  } catch {
    return undefined
  } finally {
    await handle.close()
  }
}

async function* readContent(path: string, bytes: number): AsyncGenerator<Uint8Array, void> {
  try {
    const handle = await open(path, 'r')
    try {
      yield* readRange(handle, HEADER_BYTES, HEADER_BYTES + bytes)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw storageFailed('Reading', path, error)
  }
}

async function* readRange(handle: FileHandle, start: number, end: number): AsyncGenerator<Buffer, void> {
  for (let position = start; position < end; position += READ_BYTES) {
    yield await readExactly(handle, position, Math.min(READ_BYTES, end - position))
  }
}

async function readExactly(handle: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(bytes)
  let done = 0
  while (done < bytes) {
    const { bytesRead } = await handle.read(buffer, done, bytes - done, position + done)
    if (bytesRead === 0) throw new RangeError('The file ends early')
    done += bytesRead
  }
  return buffer
}
