import { open, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { blockingDisk, measureFlush, storageFailed } from '../journal/file/disk.js'
import { readIfThere } from '../journal/file/durable-file.js'
import { verifyLog } from '../journal/file/recovery.js'
import { witnessDirectory } from '../witness/storage.js'
import { type Finding, failed, ok, warning } from './finding.js'

const SAMPLE_BYTES = 4_096
const SLOW_FLUSHES_PER_SECOND = 100

export async function checkDisk(data: string): Promise<Finding> {
  const path = join(data, `doctor.tmp-${process.pid}`)
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      const flushMs = await measureFlush(blockingDisk, file.fd, new Uint8Array(SAMPLE_BYTES), 0)
      const rate = Math.round(1_000 / flushMs)
      const message = `${rate} fdatasync/s`
      if (rate >= SLOW_FLUSHES_PER_SECOND) return ok('disk', message)
      return warning('disk', `${message} is slow`, 'Put the data directory on a local SSD, not on a network share.')
    } finally {
      await file.close()
      await rm(path, { force: true })
    }
  } catch (error) {
    const { code, message } = storageFailed('Writing', path, error)
    return failed('disk', code, message, `Check the disk that holds ${data}.`)
  }
}

const LOW_SPACE_BYTES = 64 * 1024 * 1024

export async function checkSpace(data: string, measure: (path: string) => Promise<Space> = statfs): Promise<Finding> {
  try {
    const { bavail, bsize } = await measure(data)
    const message = `${Math.floor((bavail * bsize) / (1024 * 1024))} MiB free`
    if (bavail * bsize >= LOW_SPACE_BYTES) return ok('free space', message)
    return warning('free space', message, 'Free some space: a fabric stops when its disk is full.')
  } catch (error) {
    const { code, message } = storageFailed('Looking at', data, error)
    return failed('free space', code, message, `Check the disk that holds ${data}.`)
  }
}

interface Space {
  readonly bavail: number
  readonly bsize: number
}

export async function checkLog(data: string): Promise<Finding> {
  const path = join(data, 'log')
  if ((await stat(path).catch(() => undefined)) === undefined) {
    return warning('log', 'there is none yet', '`ifab up` creates it.')
  }
  try {
    const { entries, tornBytes } = await verifyLog(path)
    if (tornBytes === 0) return ok('log', `${entries} entries, all good`)
    const message = `${entries} good entries, and ${tornBytes} bytes of a write that was interrupted`
    return warning('log', message, '`ifab up` cuts them off; nothing acknowledged is lost.')
  } catch (error) {
    const { code, message } = storageFailed('Reading', path, error)
    return failed('log', code, message, 'Keep a copy of the data directory, and restore it from a backup.')
  }
}

/** Whether the witness stopped because the log did not extend what it had signed, and whether its key is its own. */
export async function checkWitness(data: string): Promise<Finding> {
  const directory = witnessDirectory(data)
  const key = await stat(join(directory, 'key')).catch(() => undefined)
  if (key === undefined) return warning('witness', 'there is none yet', '`ifab up` makes its key.')
  const incident = await readIfThere(join(directory, 'incident'))
  if (incident !== undefined) {
    const [why = ''] = incident.split('\n')
    const fix = `Keep a copy of the data directory and restore the whole log; ${join(directory, 'incident')} has the checkpoint.`
    return failed('witness', 'LOG_DIVERGED', `the log does not extend what was signed: ${why}`, fix)
  }
  if ((key.mode & 0o077) !== 0 && process.platform !== 'win32') {
    const path = join(directory, 'key')
    return failed(
      'witness',
      'FORBIDDEN',
      `others can read ${path}`,
      `chmod 600 ${path}, then \`ifab witness rotate-key\``,
    )
  }
  return ok('witness', 'its key is there and the log extends what it signed')
}
