import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { flushDirectory, storageFailed } from '../../journal/file/disk.js'
import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { decodeTarHeader, encodeTarHeader, paddingOf, TAR_BLOCK_BYTES, type TarHeader } from './tar-header.js'

/** Every file of a backup, by its path. Nothing else is packed, and nothing else comes out of an archive. */
const KNOWN =
  /^(manifest\.json|log\/(checkpoint|vkey\.txt|tile\/(entries|\d{1,2})\/[\dx/]{1,40}(\.p\/\d{1,3})?)|blobs\/[\da-f]{2}\/[\da-f]{62}|keys\/(key|redaction-key))$/

/** Packs the directory of a backup into one file, a tar archive that its owner alone may read. It is there whole or not at all. */
export async function packBackup(directory: string, file: string): Promise<void> {
  const temporary = `${file}.tmp`
  try {
    await rm(temporary, { force: true })
    const content = Readable.from(packed(directory))
    await pipeline(content, createWriteStream(temporary, { mode: 0o600, flags: 'wx', flush: true }))
    await rename(temporary, file)
    await flushDirectory(dirname(file))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw storageFailed('Writing', file, error)
  }
}

/** Unpacks an archive into an empty directory. Throws DATA_CORRUPT for what is no archive of a backup. */
export async function unpackBackup(file: string, directory: string): Promise<void> {
  const input = new ByteReader(createReadStream(file))
  try {
    for (let header = await nextHeader(input, file); header !== undefined; header = await nextHeader(input, file)) {
      if (header.kind === 'directory') continue
      checkHeader(file, header)
      const content = await input.take(header.bytes + paddingOf(header.bytes))
      if (content === undefined) throw damaged(file, `it ends within ${header.path}`)
      await place(join(directory, header.path), content.subarray(0, header.bytes))
    }
  } finally {
    input.close()
  }
}

async function* packed(directory: string): AsyncGenerator<Uint8Array> {
  const names = await readdir(directory, { recursive: true })
  for (const name of names.map((path) => path.replaceAll('\\', '/')).sort()) {
    if (!KNOWN.test(name)) continue
    const content = await readFile(join(directory, name))
    yield encodeTarHeader(name, content.length)
    yield content
    yield Buffer.alloc(paddingOf(content.length))
  }
  yield Buffer.alloc(2 * TAR_BLOCK_BYTES)
}

async function nextHeader(input: ByteReader, file: string): Promise<TarHeader | undefined> {
  const block = await input.take(TAR_BLOCK_BYTES).catch((error) => {
    throw storageFailed('Reading', file, error)
  })
  if (block === undefined) throw damaged(file, 'its end is missing')
  try {
    return decodeTarHeader(block)
  } catch (cause) {
    throw damaged(file, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function checkHeader(file: string, { path, kind, bytes }: TarHeader): void {
  if (kind !== 'file' || !KNOWN.test(path)) throw damaged(file, `it holds ${path}, which no backup has`)
  if (bytes > LIMITS.backupFileBytes) throw damaged(file, `${path} is larger than any file of a backup`)
}

async function place(path: string, content: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const handle = await open(path, 'wx', 0o600)
    try {
      await handle.writeFile(content)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw storageFailed('Writing', path, error)
  }
}

function damaged(file: string, why: string, cause?: unknown): FabricError {
  const message = `The backup ${file} is damaged: ${why}. Nothing was changed. Use another backup.`
  return new FabricError('DATA_CORRUPT', message, { file }, { cause })
}

/** Takes as many bytes of a stream at a time as are wanted. */
class ByteReader {
  readonly #stream: Readable
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(stream: Readable) {
    this.#stream = stream
    this.#chunks = stream[Symbol.asyncIterator]()
  }

  /** Undefined when there are fewer. */
  async take(bytes: number): Promise<Buffer | undefined> {
    const pieces = [this.#rest]
    let length = this.#rest.length
    while (length < bytes) {
      const { value, done } = await this.#chunks.next()
      if (done === true) return undefined
      pieces.push(value)
      length += value.length
    }
    const all = pieces.length === 1 ? this.#rest : Buffer.concat(pieces)
    this.#rest = all.subarray(bytes)
    return all.subarray(0, bytes)
  }

  close(): void {
    this.#stream.destroy()
  }
}
