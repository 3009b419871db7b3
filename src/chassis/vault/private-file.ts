import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { vaultError } from './vault.js'

/** Not through a link, and without waiting for whoever writes into a pipe. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * The text of a file that nobody but the user of this process can read. Throws INVALID_ARGUMENT when others can, when it
 * is another's, a link or no file, and when it is too large; NOT_FOUND when there is none.
 */
export async function readPrivateFile(path: string, maxBytes: number): Promise<string> {
  const file = await open(path, FLAGS).catch((error) => refuse(path, error))
  try {
    await requirePrivate(path, file)
    const buffer = Buffer.alloc(maxBytes + 1)
    const bytes = await readAll(file, buffer)
    if (bytes <= maxBytes) return buffer.toString('utf8', 0, bytes)
    throw vaultError('INVALID_ARGUMENT', 'unreadable', `${path} has more than ${maxBytes} bytes. Shorten it.`)
  } finally {
    await file.close()
  }
}

async function requirePrivate(path: string, file: FileHandle): Promise<void> {
  const { mode, uid, isFile } = await file.stat().then((stat) => ({ ...stat, isFile: stat.isFile() }))
  if (!isFile) throw vaultError('INVALID_ARGUMENT', 'unreadable', `${path} is no file.`)
  if (process.platform === 'win32') return
  if (uid !== process.getuid?.()) {
    const message = `${path} belongs to another user, who can read it. Run the fabric as its owner, or change the owner.`
    throw vaultError('INVALID_ARGUMENT', 'permissions', message)
  }
  if ((mode & 0o7177) === 0) return
  const message = `${path} is open to others (mode ${(mode & 0o7777).toString(8)}). Run: chmod 600 ${path}`
  throw vaultError('INVALID_ARGUMENT', 'permissions', message)
}

async function readAll(file: FileHandle, buffer: Buffer): Promise<number> {
  let bytes = 0
  while (bytes < buffer.length) {
    const { bytesRead } = await file.read(buffer, bytes)
    if (bytesRead === 0) break
    bytes += bytesRead
  }
  return bytes
}

function refuse(path: string, error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no reason given'
  if (code === 'ENOENT') throw vaultError('NOT_FOUND', 'missing', `There is no file ${path}.`)
  if (code === 'ELOOP') {
    const message = `${path} is a link, which somebody else may turn. Name the file itself.`
    throw vaultError('INVALID_ARGUMENT', 'permissions', message)
  }
  throw vaultError('INVALID_ARGUMENT', 'unreadable', `${path} cannot be read (${code}).`)
}
