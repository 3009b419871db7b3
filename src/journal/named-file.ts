import { readFile } from 'node:fs/promises'
import { FabricError } from '../model/errors.js'

/** The text of a file that an option names, or undefined where it names none. Throws INVALID_ARGUMENT. */
export async function readNamedFile(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    const message = `${path} cannot be read (${code}). Name a file that this user can read.`
    throw new FabricError('INVALID_ARGUMENT', message, { path }, { cause })
  }
}
