import { FabricError, isFabricError } from '../../model/errors.js'
import { isSame, viewMessage } from '../message.js'
import { corrupt } from './assembler.js'
import type { Patience } from './requests.js'
import type { LogStream } from './stream.js'

/** How a write ended: all of it is stored, or another writer's message stands where the first or a later one should. */
export type WriteOutcome = 'stored' | 'taken' | 'interrupted'

/**
 * Writes the messages of one batch behind message `last`, one after the other. Each is published on condition that it
 * becomes the next one of the stream, so whatever is sent twice or arrives late is stored once at most. When an answer
 * is missing, the place is read back: it holds this message, or another, or nothing yet, and only then is it published
 * again.
 *
 * Throws AMBIGUOUS when patience ends before that is known, UNAVAILABLE when nothing can have been written,
 * STORAGE_FAILED.
 */
export async function writeMessages(
  stream: LogStream,
  messages: readonly Buffer[],
  last: number,
  patience: Patience,
): Promise<WriteOutcome> {
  for (const [position, bytes] of messages.entries()) {
    const write = { stream, bytes, last: last + position, patience }
    if (await (position === messages.length - 1 ? writeFinal(write) : writeMessage(write))) continue
    return position === 0 ? 'taken' : 'interrupted'
  }
  return 'stored'
}

interface Write {
  readonly stream: LogStream
  readonly bytes: Buffer
  /** Sequence of the message before it. */
  readonly last: number
  readonly patience: Patience
  /** Told when the message may have reached a server. */
  readonly onSent?: () => void
}

/** Writes the message that makes its batch whole. Only this one can leave open whether the batch is in the log. */
async function writeFinal(write: Write): Promise<boolean> {
  let sent = false
  const onSent = () => {
    sent = true
  }
  try {
    return await writeMessage({ ...write, onSent })
  } catch (error) {
    throw sent && isFabricError(error, 'UNAVAILABLE') ? ambiguous(error) : error
  }
}

/** Whether the message is stored behind `last`; otherwise another one is. */
async function writeMessage({ stream, bytes, last, patience, onSent }: Write): Promise<boolean> {
  for (;;) {
    const outcome = await stream.put(bytes, last)
    if (outcome === 'stored') return true
    if (outcome === 'nobody') {
      // Nobody listens: the stream has no leader at the moment, or is gone, which `info` tells.
      await stream.info(last, patience)
    } else {
      onSent?.()
      const found = await stream.get(last + 1, patience)
      if (found !== undefined) return isSame(found, ownMessage(bytes, last + 1))
      // Refused, and yet the place is free: another message is on its way there, or the stream has become shorter.
      if (outcome === 'taken') await stream.info(last, patience)
    }
    await stream.pause(patience)
  }
}

function ownMessage(bytes: Buffer, sequence: number) {
  const own = viewMessage(bytes)
  if (own === undefined) throw corrupt(sequence, 'it was changed while it was written')
  return own
}

function ambiguous(cause: FabricError): FabricError {
  const message = `It is unknown whether the batch was written. ${cause.message} Read the head back and compare batchId.`
  return new FabricError('AMBIGUOUS', message, cause.details, { cause })
}
