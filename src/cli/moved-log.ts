import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { flushDirectory } from '../journal/file/disk.js'
import { readIfThere, replaceFile } from '../journal/file/durable-file.js'
import { FabricError } from '../model/errors.js'

const MARK = 'moved.json'

/** What a data directory says of its log while that is not the one to go on with. */
export interface LogMark {
  /** `away`: the log was copied elsewhere and goes on there; `incoming`: a copy into it is not complete. */
  readonly state: 'away' | 'incoming'
  /** Where it went, or comes from, as it was given. */
  readonly other: string
  /** RFC 3339. */
  readonly at: string
}

/** Durable when the promise resolves. */
export async function markLog(data: string, mark: LogMark): Promise<void> {
  await replaceFile(join(data, MARK), `${JSON.stringify(mark)}\n`)
}

export async function unmarkLog(data: string): Promise<void> {
  await rm(join(data, MARK), { force: true })
  await flushDirectory(data)
}

export async function readMark(data: string): Promise<LogMark | undefined> {
  const text = await readIfThere(join(data, MARK))
  return text === undefined ? undefined : parseMark(text)
}

/** A file that cannot be read must not let a fabric start on half a log. */
function parseMark(text: string): LogMark {
  try {
    const { state, other, at } = JSON.parse(text)
    if (state === 'away') return { state, other: String(other), at: String(at) }
    return { state: 'incoming', other: String(other), at: String(at) }
  } catch {
    return { state: 'incoming', other: 'an unknown place', at: 'an unknown time' }
  }
}

/** Throws CONFLICT when the log of a data directory is not the one to go on with; `anyway` lets one go on that was moved away. */
export async function requireOwnLog(data: string, anyway: boolean): Promise<void> {
  const mark = await readMark(data)
  if (mark === undefined || (mark.state === 'away' && anyway)) return
  const { state, other, at } = mark
  const message =
    state === 'away'
      ? `The log in ${data} was moved to ${other} (${at}), and goes on there. Start nodes on it with --journal, or move it back with \`ifab migrate\`. \`ifab up --use-moved-log\` goes on from here, without anything that was written there.`
      : `The log in ${data} is an incomplete copy of ${other} (begun ${at}). Run the same \`ifab migrate\` or \`ifab restore\` again; it goes on where it stopped.`
  throw new FabricError('CONFLICT', message, { data, ...mark })
}
