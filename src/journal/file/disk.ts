import { close, fdatasync, fdatasyncSync, fsync, open, write, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { type ErrorDetails, FabricError } from '../../model/errors.js'

/** How bytes reach stable storage; the seam where tests put a full or dying disk. */
export interface Disk {
  /** Writes all of `bytes` at `position`. */
  write(file: number, bytes: Uint8Array, position: number): void | Promise<void>
  /** Resolves when everything written to `file` survives a power cut. */
  flush(file: number): void | Promise<void>
}

/** Writes and flushes in the calling thread: on a fast disk the hop to a thread costs more than the flush itself. */
export const blockingDisk: Disk = {
  write(file, bytes, position) {
    let done = 0
    while (done < bytes.length) done += writeSync(file, bytes, done, bytes.length - done, position + done)
  },
  flush: fdatasyncSync,
}

const writeLater = promisify(write)

/** Writes and flushes in the thread pool, so that a slow disk does not stop the event loop. */
export const pooledDisk: Disk = {
  async write(file, bytes, position) {
    let done = 0
    while (done < bytes.length) {
      done += (await writeLater(file, bytes, done, bytes.length - done, position + done)).bytesWritten
    }
  },
  flush: promisify(fdatasync),
}

/** Above this a flush in the calling thread would be felt by every timer and connection of the process. */
const SLOW_FLUSH_MS = 5
const FLUSH_SAMPLES = 5

/** The kind of disk that fits a median flush of `flushMs`. */
export function chooseDisk(flushMs: number): Disk {
  return flushMs > SLOW_FLUSH_MS ? pooledDisk : blockingDisk
}

/** Median time of writing `bytes` at `position` and flushing, milliseconds. */
export async function measureFlush(disk: Disk, file: number, bytes: Uint8Array, position: number): Promise<number> {
  const samples: number[] = []
  for (let sample = 0; sample < FLUSH_SAMPLES; sample += 1) {
    const start = performance.now()
    await disk.write(file, bytes, position)
    await disk.flush(file)
    samples.push(performance.now() - start)
  }
  samples.sort((a, b) => a - b)
  return samples[Math.floor(FLUSH_SAMPLES / 2)] ?? 0
}

/** Makes created, renamed and removed names in a directory survive a power cut. */
export async function flushDirectory(directory: string): Promise<void> {
  const file = await promisify(open)(directory, 'r')
  try {
    await promisify(fsync)(file)
  } finally {
    await promisify(close)(file)
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space, then try again',
  EDQUOT: 'The disk quota is used up: free some space, then try again',
  EIO: 'The disk reports an input/output error: check its health and the system log before you go on',
  EROFS: 'The file system is read-only: remount it writable, then try again',
  EACCES: 'Permission is denied: give the user of this process access, then try again',
  EPERM: 'Permission is denied: give the user of this process access, then try again',
  ENOENT: 'A file or directory has vanished: restore the data directory, then try again',
  EMFILE: 'Too many files are open: raise the limit (ulimit -n), then try again',
}

/** The typed form of an error of the file system. Coded errors pass through. */
export function storageFailed(doing: string, path: string, error: unknown, facts: ErrorDetails = {}): FabricError {
  if (error instanceof FabricError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  const advice = ADVICE[code] ?? 'Check the disk and the file system, then try again'
  return new FabricError(
    'STORAGE_FAILED',
    `${doing} ${path} failed (${code}). ${advice}.`,
    { path, code, ...facts },
    { cause: error },
  )
}
