import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import * as z from 'zod'
import { storageFailed } from '../../journal/file/disk.js'
import { readIfThere, replaceFile } from '../../journal/file/durable-file.js'
import { OwnerLock } from '../../journal/file/lock.js'
import { FabricError, isFabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { HASH_BYTES } from '../tree/hash.js'

/** The highest head of a log that was verified before: what is shown later must extend it. */
export interface Mark {
  readonly origin: string
  /** Keys of the log as `name+hex8`. Two logs may have one origin, and one log several keys in the course of time. */
  readonly keys: readonly string[]
  readonly size: number
  /** Base64. */
  readonly root: string
  /** When it was seen, RFC 3339. */
  readonly at: string
}

const VERSION = 1

const markFile = z.strictObject({
  version: z.literal(VERSION),
  marks: z.array(
    z.strictObject({
      origin: z.string(),
      keys: z.array(z.string()),
      size: z.int().nonnegative(),
      root: z.string().refine((root) => Buffer.from(root, 'base64').length === HASH_BYTES),
      at: z.string(),
    }),
  ),
})

/** The marks of one user, in one small JSON file that is replaced as a whole. */
export class Marks {
  readonly path: string
  readonly #marks: readonly Mark[]

  private constructor(path: string, marks: readonly Mark[]) {
    this.path = path
    this.#marks = marks
  }

  /** Throws DATA_CORRUPT for a file that holds something else: to pass over it would forget what was seen. */
  static async open(path: string): Promise<Marks> {
    const text = await readIfThere(path)
    return new Marks(path, text === undefined ? [] : parseMarks(path, text))
  }

  /** Every mark of an origin, whichever keys it has. */
  ofOrigin(origin: string): Mark[] {
    return this.#marks.filter((mark) => mark.origin === origin)
  }

  /** The marks of the log that has one of these keys. */
  find(origin: string, keys: ReadonlySet<string>): Mark[] {
    return this.ofOrigin(origin).filter((mark) => mark.keys.some((key) => keys.has(key)))
  }

  /**
   * Replaces what was known of this log, unless another process has remembered more of it meanwhile. Throws
   * STORAGE_FAILED, INVALID_ARGUMENT when the file is full, and DATA_LOCKED when others do not let go of it.
   */
  async remember(mark: Mark): Promise<void> {
    await makeDirectory(dirname(this.path))
    const lock = await lockFile(this.path)
    try {
      await this.#merge(mark)
    } finally {
      await lock.release()
    }
  }

  /** What others wrote since this was opened stays. */
  async #merge(mark: Mark): Promise<void> {
    const now = await Marks.open(this.path)
    const same = now.find(mark.origin, new Set(mark.keys))
    if (same.some(({ size }) => size > mark.size)) return
    const keys = [...new Set([...same.flatMap((older) => older.keys), ...mark.keys])]
    const marks = [...now.#marks.filter((other) => !same.includes(other)), { ...mark, keys }]
    if (marks.length > LIMITS.logMarks) {
      const message = `${this.path} remembers ${LIMITS.logMarks} logs and takes no more. Name another file with --marks.`
      throw new FabricError('INVALID_ARGUMENT', message, { path: this.path, limit: LIMITS.logMarks })
    }
    await replaceFile(this.path, `${JSON.stringify({ version: VERSION, marks }, undefined, 2)}\n`)
  }
}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((error) => {
    throw storageFailed('Creating', path, error)
  })
}

const LOCK_MS = 10_000
const LOOK_AGAIN_MS = 10

/** Held for the time of one write: who comes second waits. Its directory stays, so that a lock is never lost. */
async function lockFile(path: string): Promise<OwnerLock> {
  const directory = `${path}.lock`
  await makeDirectory(directory)
  for (const end = Date.now() + LOCK_MS; ; await pause(LOOK_AGAIN_MS)) {
    try {
      return await OwnerLock.acquire(directory, 'remembering what was verified')
    } catch (error) {
      if (!isFabricError(error, 'DATA_LOCKED') || Date.now() >= end) throw error
    }
  }
}

function parseMarks(path: string, text: string): Mark[] {
  try {
    return markFile.parse(JSON.parse(text)).marks
  } catch (cause) {
    const message = `${path} does not hold the marks of logs that were verified before. Restore it, or name another file with --marks; removing it forgets what was seen.`
    throw new FabricError('DATA_CORRUPT', message, { path }, { cause })
  }
}
