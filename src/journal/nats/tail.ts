import type { Head } from '../journal.js'
import { isWhole, type LogMessage, type MessageName } from '../message.js'
import { corrupt } from './assembler.js'

/** Where a log ends, as one message tells. */
export interface Tail {
  /** Of the last message of the stream; 0 in an empty one. */
  readonly sequence: number
  /** The name of that message, by which one that took its place is told. */
  readonly last?: MessageName
  readonly size: number
  readonly lastBatch?: NonNullable<Head['lastBatch']>
}

export const EMPTY: Tail = { sequence: 0, size: 0 }

/** The end of a log whose last message is `message`, which makes its batch whole. */
export function tailAt(sequence: number, message: LogMessage): Tail {
  const { writerId, batchId, firstIndex, count } = message
  return { sequence, last: nameOf(message), size: firstIndex + count, lastBatch: { writerId, batchId } }
}

/**
 * Finds the end of a log of `sequence` messages by looking at the last one. Parts that never became a whole batch are
 * passed over, each lot in one step.
 */
export async function findTail(
  sequence: number,
  get: (sequence: number) => Promise<LogMessage | undefined>,
): Promise<Tail> {
  if (sequence === 0) return EMPTY
  const end = await there(sequence, get)
  if (isWhole(end)) return tailAt(sequence, end)
  const last = nameOf(end)
  let before = sequence - end.part
  while (before > 0) {
    const message = await there(before, get)
    if (isWhole(message)) return { ...tailAt(before, message), sequence, last }
    before -= message.part
  }
  return { sequence, last, size: 0 }
}

async function there(
  sequence: number,
  get: (sequence: number) => Promise<LogMessage | undefined>,
): Promise<LogMessage> {
  const message = await get(sequence)
  if (message === undefined) throw corrupt(sequence, 'it is missing')
  return message
}

export function headOf({ size, lastBatch }: Tail): Head {
  return lastBatch === undefined ? { size } : { size, lastBatch }
}

function nameOf({ writerId, batchId, part, parts }: LogMessage): MessageName {
  return { writerId, batchId, part, parts }
}
