import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createDirectory, readIfThere, replaceFile } from '../journal/file/durable-file.js'
import { type BlobStore, FileBlobStore, MemoryBlobStore } from './blob-store.js'
import { FilePostingStorage, MemoryPostingStorage, type PostingStorage } from './query/posting-storage.js'
import { FileHashStore } from './tree/hash-file.js'
import { type HashStore, MemoryHashStore } from './tree/hash-store.js'

/** Where a witness keeps what is not in the journal. Only `notes` and `blobs` cannot be computed again. */
export interface WitnessStorage {
  readonly notes: Notes
  readonly hashes: HashStore
  readonly postings: PostingStorage
  readonly blobs: BlobStore
}

/** The few small texts of a witness. Changed as a whole, and durable when the promise resolves. */
export interface Notes {
  read(name: NoteName): Promise<string | undefined>
  replace(name: NoteName, text: string): Promise<void>
  remove(name: NoteName): Promise<void>
}

/**
 * `key`: the signing key; `next-key`: its successor while a rotation is under way; `checkpoint`: the last one signed;
 * `cosigned`: the last one with the cosignatures of others; `redaction-key`: hex; `incident`: why signing stopped;
 * `retired`: the identity was set aside on purpose, so that a new key may be made.
 */
export type NoteName = 'key' | 'next-key' | 'checkpoint' | 'cosigned' | 'redaction-key' | 'incident' | 'retired'

/** Directory of the witness in a data directory. */
export function witnessDirectory(data: string): string {
  return join(data, 'witness')
}

/** Opens the storage of a data directory. Its caller must own the directory. `report` hears of failed writes. */
export async function openStorage(data: string, report: (error: unknown) => void): Promise<WitnessStorage> {
  const directory = witnessDirectory(data)
  await createDirectory(directory)
  return {
    notes: new FileNotes(directory),
    hashes: await FileHashStore.open(join(directory, 'hashes'), { onFault: report }),
    postings: await FilePostingStorage.open(join(directory, 'postings')),
    blobs: await FileBlobStore.open(join(data, 'blobs')),
  }
}

/** For tests and for fabrics that live in memory. */
export function memoryStorage(): WitnessStorage {
  return {
    notes: new MemoryNotes(),
    hashes: new MemoryHashStore(),
    postings: new MemoryPostingStorage(),
    blobs: new MemoryBlobStore(),
  }
}

class FileNotes implements Notes {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  read(name: NoteName): Promise<string | undefined> {
    return readIfThere(join(this.#directory, name))
  }

  replace(name: NoteName, text: string): Promise<void> {
    return replaceFile(join(this.#directory, name), text)
  }

  async remove(name: NoteName): Promise<void> {
    await rm(join(this.#directory, name), { force: true })
  }
}

class MemoryNotes implements Notes {
  readonly #texts = new Map<NoteName, string>()

  async read(name: NoteName): Promise<string | undefined> {
    return this.#texts.get(name)
  }

  async replace(name: NoteName, text: string): Promise<void> {
    this.#texts.set(name, text)
  }

  async remove(name: NoteName): Promise<void> {
    this.#texts.delete(name)
  }
}
