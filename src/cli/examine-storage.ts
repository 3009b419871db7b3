import { open, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeEntry } from '../fabric/entry-codec.js'
import { blockingDisk, measureFlush, storageFailed } from '../journal/file/disk.js'
import { readLog } from '../journal/file/reader.js'
import { examineLog } from '../journal/file/recovery.js'
import type { Segment } from '../journal/file/segment.js'
import { type Finding, failed, ok, warning } from './finding.js'
import { readMark } from './moved-log.js'

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

/** Whether the log is the one to go on with; undefined where nothing speaks against it. */
export async function checkMark(data: string): Promise<Finding | undefined> {
  const mark = await readMark(data)
  if (mark === undefined) return undefined
  const { state, other, at } = mark
  if (state === 'away') {
    const fix = 'Start a node with `ifab up --journal`, or move it back with `ifab migrate`.'
    return warning('moved log', `the log was moved to ${other} (${at})`, fix)
  }
  const fix = 'Run the same `ifab migrate` or `ifab restore` again: it goes on where it stopped.'
  return failed('moved log', 'CONFLICT', `the log is an incomplete copy of ${other} (begun ${at})`, fix)
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

export interface LogFinding {
  readonly finding: Finding
  /** Entries in the log, when it could be read. */
  readonly entries?: number
  /** When the last one was written, milliseconds since the Unix epoch. */
  readonly lastAt?: number
}

/** For a log that no process writes. */
export async function checkLog(data: string): Promise<LogFinding> {
  const path = join(data, 'log')
  if ((await stat(path).catch(() => undefined)) === undefined) {
    return { finding: warning('log', 'there is none yet', '`ifab up` creates it.'), entries: 0 }
  }
  try {
    const { segments, tornBytes } = await examineLog(path)
    const entries = segments.at(-1)?.endIndex ?? 0
    const lastAt = await lastEntryAt(segments, entries)
    const known = { entries, ...(lastAt !== undefined && { lastAt }) }
    if (tornBytes === 0) return { finding: ok('log', `${entries} entries, all good`), ...known }
    const message = `${entries} good entries, and ${tornBytes} bytes of a write that was interrupted`
    return { finding: warning('log', message, '`ifab up` cuts them off; nothing acknowledged is lost.'), ...known }
  } catch (error) {
    const { code, message } = storageFailed('Reading', path, error)
    const fix = 'Keep a copy of the data directory, and restore it from a backup.'
    return { finding: failed('log', code, message, fix) }
  }
}

async function lastEntryAt(segments: readonly Segment[], entries: number): Promise<number | undefined> {
  for await (const [entry] of readLog(segments, Math.max(0, entries - 1), entries)) {
    if (entry !== undefined) return decodeEntry(entry.index, entry.bytes).at
  }
  return undefined
}
