import { lstat, mkdir, open, readFile, realpath, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { FabricError } from '../../model/errors.js'
import { LIMITS } from '../../model/limits.js'
import { unwritable } from '../user-file.js'

/** A file of the user that is read, changed as a whole and written back. */
export interface EditedFile {
  /** Relative to the root, as it is shown. */
  readonly path: string
  /** Where its content is: a link is followed, so that it stays a link. */
  readonly target: string
  /** Undefined when there is no such file. */
  readonly text: string | undefined
}

/**
 * Reads a file below `root`, which need not exist. Throws INVALID_ARGUMENT for what is not a text in UTF-8 (other bytes would
 * not come back as they were), is too large, or is a link that leads out of `root`.
 */
export async function readEdited(root: string, path: string): Promise<EditedFile> {
  const target = await targetOf(root, path)
  try {
    const bytes = await readFile(target)
    if (bytes.length > LIMITS.clientFileBytes) throw refused(path, `is larger than ${LIMITS.clientFileBytes} bytes`)
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { path, target, text }
  } catch (error) {
    if (error instanceof FabricError) throw error
    const code = codeOf(error)
    if (code === 'ENOENT') return { path, target, text: undefined }
    throw refused(path, code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'is not UTF-8' : `cannot be read (${code})`)
  }
}

/**
 * Makes `text` the content of the file, whole or not at all, with the mode that it had; undefined deletes it, and its folder
 * where nothing else is in it. Throws CONFLICT when it changed since it was read.
 */
export async function writeEdited(root: string, file: EditedFile, text: string | undefined): Promise<void> {
  const { path, target } = file
  if ((await readEdited(root, path)).text !== file.text) {
    throw new FabricError('CONFLICT', `${path} was changed by another program meanwhile. Run it again.`, { path })
  }
  try {
    if (text === undefined) {
      await rm(target)
      if (dirname(target) !== root) await rmdir(dirname(target)).catch(leaveFilled)
    } else await replace(target, text)
  } catch (error) {
    throw unwritable(path, error)
  }
}

async function replace(target: string, text: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  const mode = await lstat(target).then(
    (found) => found.mode & 0o7777,
    () => undefined,
  )
  const temporary = `${target}.${process.pid}.tmp`
  try {
    const file = await open(temporary, 'wx', mode ?? 0o666)
    try {
      // The mask of this process does not hold for a file that is there already.
      if (mode !== undefined) await file.chmod(mode)
      await file.writeFile(text)
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

function leaveFilled(error: unknown): void {
  if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(codeOf(error))) throw error
}

/** Follows links. What a repository links to outside of itself is not for it to have changed. */
async function targetOf(root: string, path: string): Promise<string> {
  const named = join(root, path)
  const link = await lstat(named).catch(() => undefined)
  const target = link === undefined ? await throughFolder(named) : await realpath(named).catch(() => undefined)
  if (target === undefined) throw refused(path, 'is a link that leads nowhere')
  const inside = relative(await realpath(root), target)
  if (!inside.startsWith('..') && !isAbsolute(inside)) return target
  throw refused(path, `leads to ${target}, which is outside of ${root}`)
}

/** Of a file that is not there: its folder may be a link, or not be there either. */
async function throughFolder(named: string): Promise<string> {
  const folder = await realpath(dirname(named)).catch(() => undefined)
  return folder === undefined ? named : resolve(folder, relative(dirname(named), named))
}

function refused(path: string, problem: string): FabricError {
  const message = `${path} ${problem}. Change it by hand, then run it again. Nothing was changed.`
  return new FabricError('INVALID_ARGUMENT', message, { path })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
