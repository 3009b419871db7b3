import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { flushDirectory, storageFailed } from '../journal/file/disk.js'
import { createDirectory, replaceFile } from '../journal/file/durable-file.js'
import { witnessDirectory } from './storage.js'

/** What one identity has; all else in the directory can be computed again. */
const IDENTITY = ['key', 'next-key', 'checkpoint', 'cosigned', 'incident']
const DERIVED = ['hashes', 'postings']

/**
 * Sets the identity of a witness aside, so that the next start makes a new one over the log as it is now. Returns where
 * the old one lies. What was lost already is not asked for. The caller
 * must own the data directory.
 */
export async function retireIdentity(data: string): Promise<string> {
  const directory = witnessDirectory(data)
  try {
    const names = await readdir(directory).catch((): string[] => [])
    const present = IDENTITY.filter((name) => names.includes(name))
    await createDirectory(directory)
    const kept = join(directory, `retired-${names.filter((name) => name.startsWith('retired-')).length + 1}`)
    await mkdir(kept, { mode: 0o700 })
    // First of all: after a crash in between the reset can be repeated, and only then a new key is made.
    await replaceFile(join(directory, 'retired'), '')
    for (const name of present) await rename(join(directory, name), join(kept, name))
    for (const name of DERIVED) await rm(join(directory, name), { recursive: true, force: true })
    await flushDirectory(directory)
    return kept
  } catch (error) {
    throw storageFailed('Changing', directory, error)
  }
}
