import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is not a directory',
  EACCES: 'you may not',
  EPERM: 'you may not',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
}

/** A file named on the command line that cannot be read. */
export function unreadable(path: string, cause: unknown): FabricError {
  return new FabricError(
    'INVALID_ARGUMENT',
    `Cannot read ${path}: ${reasonOf(cause)}. Check the path.`,
    { path },
    { cause },
  )
}

/** A file or directory named on the command line that cannot be written. */
function unwritable(path: string, cause: unknown): FabricError {
  const message = `Cannot write ${path}: ${reasonOf(cause)}. Choose another place.`
  return new FabricError('INVALID_ARGUMENT', message, { path }, { cause })
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return REASONS[code] ?? (cause instanceof Error ? cause.message : String(cause))
}

export interface TextFile {
  readonly name: string
  readonly content: string
}

/** Board files as text. Throws INVALID_ARGUMENT for one that cannot be read or is no UTF-8. */
export async function readBoardFiles(paths: readonly string[]): Promise<TextFile[]> {
  const files: TextFile[] = []
  for (const path of paths) files.push({ name: path, content: await readText(path) })
  return files
}

async function readText(path: string): Promise<string> {
  const { size } = await stat(path).catch((error) => {
    throw unreadable(path, error)
  })
  if (size > LIMITS.boardFileBytes) {
    const message = `${path} has ${size} bytes; a board file has at most ${LIMITS.boardFileBytes}. Split it up.`
    throw new FabricError('INVALID_ARGUMENT', message, { path, bytes: size, maxBytes: LIMITS.boardFileBytes })
  }
  const bytes = await readFile(path).catch((error) => {
    throw unreadable(path, error)
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new FabricError('INVALID_ARGUMENT', `${path} is not UTF-8 text. Save it as UTF-8.`, { path }, { cause })
  }
}

/** One file goes to `out` itself unless that is a directory; several go into it. Returns the paths. */
export async function writeExport(out: string, files: readonly TextFile[]): Promise<string[]> {
  const [only, ...others] = files
  const isDirectory = await stat(out).then(
    (found) => found.isDirectory(),
    () => out.endsWith('/'),
  )
  if (only !== undefined && others.length === 0 && !isDirectory) return [await writeText(out, only.content)]
  const written: string[] = []
  // A name is never a path: what a swarm is called must not choose where a file goes.
  for (const { name, content } of files) written.push(await writeText(join(out, basename(name)), content))
  return written
}

async function writeText(path: string, content: string): Promise<string> {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(temporary, content)
    await rename(temporary, path)
    return path
  } catch (error) {
    throw unwritable(path, error)
  }
}
