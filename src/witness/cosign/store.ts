import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { readIfThere, replaceFile } from '../../journal/file/durable-file.js'

/** The last checkpoint that a cosigner signed of each log. */
export interface CosignerStore {
  /** The signed note, or undefined when no checkpoint of that log was ever cosigned. */
  load(origin: string): Promise<string | undefined>
  /** Resolves when the note survives a power cut. Called for one origin at a time. Throws STORAGE_FAILED. */
  save(origin: string, note: string): Promise<void>
}

/** Lowercase hex of SHA-256 of the origin: the name of a log in URLs and files (C2SP tlog-witness). */
export function originHash(origin: string): string {
  return createHash('sha256').update(origin).digest('hex')
}

/** One file a log, named by the hash of its origin. */
export class FileCosignerStore implements CosignerStore {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  load(origin: string): Promise<string | undefined> {
    return readIfThere(this.#path(origin))
  }

  save(origin: string, note: string): Promise<void> {
    return replaceFile(this.#path(origin), note)
  }

  #path(origin: string): string {
    return join(this.#directory, originHash(origin))
  }
}
