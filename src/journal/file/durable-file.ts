import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { flushDirectory, storageFailed } from './disk.js'

/** Readers see the old content or the new one, never a part; when this resolves, the new one survives a power cut. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`
  try {
    await rm(temporary, { force: true })
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await flushDirectory(dirname(path))
  } catch (error) {
    throw storageFailed('Writing', path, error)
  }
}

/** Makes a directory, readable by nobody else; what is stored in one is no safer than the name of the directory itself. */
export async function createDirectory(directory: string): Promise<void> {
  try {
    const first = await mkdir(directory, { recursive: true, mode: 0o700 })
    if (first === undefined) return
    for (let made = directory; made.length >= first.length; made = dirname(made)) await flushDirectory(dirname(made))
  } catch (error) {
    throw storageFailed('Creating', directory, error)
  }
}

/** The text of a file, or undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw storageFailed('Reading', path, error)
  }
}
