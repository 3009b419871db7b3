import { randomBytes } from 'node:crypto'
import { link, open, readdir, readFile, rename, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { formatTimestamp } from '../../model/time.js'
import { flushDirectory, storageFailed } from './disk.js'
import { type Liveness, livenessOf, ownIdentity, type ProcessIdentity } from './process-identity.js'

/** Who owns, or last owned, a data directory. */
export interface Owner extends ProcessIdentity {
  /** Grows by one with every owner the directory ever had. */
  readonly generation: number
  readonly state: Liveness | 'released'
  /** RFC 3339. */
  readonly since: string
  /** What the owner says of itself, for example the URL it listens on. */
  readonly note: string
}

type OwnerRecord = ProcessIdentity & { readonly since: string; readonly note: string }

const ATTEMPTS = 10

/**
 * The one owner of a data directory, as files `owner.<generation>`. A starter links the next generation only when the
 * highest one is released or its process is dead; of several starters the link succeeds for one. The highest file is
 * never removed, so a starter that was asleep in between always sees that it came too late. An empty file means
 * released: emptying it needs no space, so a full disk cannot keep the directory locked.
 */
export class OwnerLock {
  readonly generation: number
  readonly #directory: string
  readonly #record: OwnerRecord

  private constructor(directory: string, generation: number, record: OwnerRecord) {
    this.#directory = directory
    this.generation = generation
    this.#record = record
  }

  /** Throws DATA_LOCKED when another process owns the directory, or when that cannot be told. */
  static async acquire(directory: string, note = ''): Promise<OwnerLock> {
    checkNote(note)
    const record = { ...ownIdentity(), since: formatTimestamp(Date.now()), note }
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const highest = await inspectOwner(directory)
      if (highest !== undefined && highest.state !== 'released' && highest.state !== 'dead')
        throw locked(directory, highest)
      const generation = (highest?.generation ?? 0) + 1
      if (!(await linkRecord(directory, generation, record))) continue
      if ((await generations(directory)).some((other) => other > generation)) continue
      await removeOlder(directory, generation)
      return new OwnerLock(directory, generation, record)
    }
    throw new FabricError('DATA_LOCKED', `Many processes try to open ${directory} at once. Start one of them again.`)
  }

  /** Replaces the note that `inspectOwner` shows. */
  async annotate(note: string): Promise<void> {
    checkNote(note)
    const temporary = await writeTemporary(this.#directory, { ...this.#record, note })
    await rename(temporary, this.#path)
    await flushDirectory(this.#directory)
  }

  /** Lets the next owner in; called once, after everything else. */
  async release(): Promise<void> {
    try {
      await truncate(this.#path, 0)
    } catch (error) {
      throw storageFailed('Releasing', this.#path, error)
    }
  }

  get #path(): string {
    return ownerPath(this.#directory, this.generation)
  }
}

/** The present or last owner of a data directory, without taking it; undefined when it never had one. */
export async function inspectOwner(directory: string): Promise<Owner | undefined> {
  for (;;) {
    const generation = (await generations(directory)).at(-1)
    if (generation === undefined) return undefined
    const path = ownerPath(directory, generation)
    const content = await readFile(path, 'utf8').catch((error) => {
      if (error.code !== 'ENOENT') throw storageFailed('Reading', path, error)
    })
    // It was removed between the two steps: then a higher one exists.
    if (content === undefined) continue
    if (content === '') return { ...UNREADABLE, generation, state: 'released' }
    const record = parseRecord(content)
    if (record === undefined) return { ...UNREADABLE, generation, state: 'unknown' }
    return { ...record, generation, state: livenessOf(record) }
  }
}

const UNREADABLE = { pid: 0, startTime: '', bootId: '', pidNamespace: '', host: '', machineId: '', since: '', note: '' }

async function generations(directory: string): Promise<number[]> {
  const names = await readdir(directory).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw storageFailed('Reading', directory, error)
  })
  const found = names.filter((name) => /^owner\.\d{1,15}$/.test(name)).map((name) => Number(name.slice(6)))
  return found.sort((a, b) => a - b)
}

/** False when another starter was faster. */
async function linkRecord(directory: string, generation: number, record: OwnerRecord): Promise<boolean> {
  const temporary = await writeTemporary(directory, record)
  try {
    await link(temporary, ownerPath(directory, generation))
    await flushDirectory(directory)
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // ENOENT: the new owner tidied up our temporary file.
    if (code === 'EEXIST' || code === 'ENOENT') return false
    throw storageFailed('Writing', ownerPath(directory, generation), error)
  } finally {
    await rm(temporary, { force: true })
  }
}

async function writeTemporary(directory: string, record: OwnerRecord): Promise<string> {
  const path = join(directory, `owner.tmp-${process.pid}-${randomBytes(6).toString('hex')}`)
  try {
    const handle = await open(path, 'wx', 0o600)
    try {
      await handle.writeFile(`${JSON.stringify(record)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    return path
  } catch (error) {
    await rm(path, { force: true })
    throw storageFailed('Writing', path, error)
  }
}

/** Only a confirmed owner does this: everything below it is history. */
async function removeOlder(directory: string, generation: number): Promise<void> {
  for (const older of await generations(directory)) {
    if (older < generation) await rm(ownerPath(directory, older), { force: true })
  }
  for (const name of await readdir(directory)) {
    if (name.startsWith('owner.tmp-')) await rm(join(directory, name), { force: true })
  }
}

function parseRecord(content: string): OwnerRecord | undefined {
  try {
    const value: unknown = JSON.parse(content)
    if (typeof value !== 'object' || value === null || !('pid' in value)) return undefined
    return typeof value.pid === 'number' && value.pid > 0 ? { ...UNREADABLE, ...value, pid: value.pid } : undefined
  } catch {
    return undefined
  }
}

function locked(directory: string, owner: Owner): FabricError {
  const path = ownerPath(directory, owner.generation)
  const details = { path, pid: owner.pid, host: owner.host, since: owner.since, note: owner.note, state: owner.state }
  const holder = `process ${owner.pid} on ${owner.host} since ${owner.since}${owner.note && ` (${owner.note})`}`
  if (owner.state === 'alive') {
    const message = `${directory} is in use by ${holder}. Use that one, stop it first, or choose another directory.`
    return new FabricError('DATA_LOCKED', message, details)
  }
  const where = owner.pid === 0 ? `${path} cannot be read` : `${directory} was opened by ${holder}`
  const message = `${where}, and whether that process still runs cannot be told from here. Stop it there; when you are sure that it is gone, empty the file ${path} and start again.`
  return new FabricError('DATA_LOCKED', message, details)
}

function checkNote(note: string): void {
  if (Buffer.byteLength(note) <= LIMITS.lockNoteBytes) return
  throw new FabricError('INVALID_ARGUMENT', `A note has at most ${LIMITS.lockNoteBytes} bytes.`, { field: 'note' })
}

function ownerPath(directory: string, generation: number): string {
  return join(directory, `owner.${generation}`)
}
