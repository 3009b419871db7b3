import { createReadStream } from 'node:fs'
import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { BoardFile } from '../board/decode.js'
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
export function unwritable(path: string, cause: unknown): FabricError {
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

/** The bytes of board files. Throws INVALID_ARGUMENT for one that cannot be read or is too large. */
export async function readBoardFiles(paths: readonly string[]): Promise<BoardFile[]> {
  const files: BoardFile[] = []
  for (const path of paths) files.push({ name: path, bytes: await readBytes(path) })
  return files
}

async function readBytes(path: string): Promise<Uint8Array> {
  const maxBytes = LIMITS.boardFileBytes
  const content = await readStart(path, maxBytes)
  if (content.length <= maxBytes) return content
  const message = `${path} is too large: a board file has at most ${maxBytes} bytes. Split it up.`
  throw new FabricError('INVALID_ARGUMENT', message, { path, maxBytes })
}

/** The text of a file, for a reader that says itself when it is too large: one byte more than `maxBytes` at the most. */
export async function readUserText(path: string, maxBytes: number): Promise<string> {
  return (await readStart(path, maxBytes)).toString('utf8')
}

/** A pipe or a device does not say how much it holds, and may never end: at most one byte more than `maxBytes`. */
export async function readStart(path: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of createReadStream(path, { end: maxBytes })) chunks.push(chunk)
  } catch (error) {
    throw unreadable(path, error)
  }
  return Buffer.concat(chunks)
}

/** One file goes to `out` itself unless that is a directory. Returns the paths. */
export async function writeExport(out: string, files: readonly TextFile[]): Promise<string[]> {
  const [only, ...others] = files
  const isDirectory = await stat(out).then(
    (found) => found.isDirectory(),
    () => out.endsWith('/'),
  )
  if (only !== undefined && others.length === 0 && !isDirectory) return [await writeUserFile(out, only.content)]
  return writeInto(out, files)
}

/** Files go into the directory `out`, however many they are. Returns the paths. */
export async function writeInto(out: string, files: readonly TextFile[]): Promise<string[]> {
  const written: string[] = []
  // A name is never a path: what a swarm is called must not choose where a file goes.
  for (const { name, content } of files) written.push(await writeUserFile(join(out, basename(name)), content))
  return written
}

/** Writes a file that the user named, whole or not at all. Throws INVALID_ARGUMENT. */
export async function writeUserFile(path: string, content: string | Uint8Array): Promise<string> {
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
