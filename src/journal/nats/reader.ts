import { LIMITS } from '../../model/limits.js'
import type { Chunk, StoredEntry } from '../journal.js'
import { Assembler } from './assembler.js'
import { isWhole, type LogMessage } from './message.js'
import type { BatchStart, SequenceIndex } from './sequence-index.js'

export interface Messages {
  /** A message that is known to be there. */
  fetch(sequence: number): Promise<LogMessage>
}

/**
 * Sequence of the message in which the batch with entry `index` begins. `end` is the sequence behind the last message, and the
 * entry lies before it. Takes some requests for the logarithm of the distance between the nearest places that are known.
 */
export async function findBatch(
  messages: Messages,
  index: number,
  end: number,
  known: SequenceIndex,
): Promise<BatchStart> {
  const { before, after } = known.around(index)
  let low = before?.sequence ?? 1
  let high = Math.min(after?.sequence ?? end, end)
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    const message = await messages.fetch(middle)
    if (isWhole(message)) known.add({ sequence: middle - message.part + 1, firstIndex: message.firstIndex })
    if (message.firstIndex <= index) low = middle
    else high = middle
  }
  // Parts that a dead writer left have the index of the batch that came instead, and lie before it.
  const { part, firstIndex } = await messages.fetch(low)
  return { sequence: low - part + 1, firstIndex }
}

/** What to read; both ends are exclusive. */
export interface Stretch {
  /** Messages. The first one begins the batch that holds entry `from`. */
  readonly start: number
  readonly end: number
  /** Entries. */
  readonly from: number
  readonly until: number
}

/** The entries of a stretch as chunks. The messages of the next chunk are under way while one is worked on. */
export async function* readMessages(
  messages: Messages,
  { start, end, from, until }: Stretch,
  known: SequenceIndex,
): AsyncGenerator<Chunk, void> {
  const assembler = new Assembler(from)
  let width = FIRST_READS
  let next = start
  const ask = () => {
    const sequences = Array.from({ length: Math.min(width, end - next) }, (_, position) => next + position)
    next += sequences.length
    const answers = Promise.all(sequences.map((sequence) => messages.fetch(sequence)))
    // It is awaited later, or never when the reader stops.
    answers.catch(() => undefined)
    return { first: sequences[0] ?? end, answers }
  }
  for (let asked = ask(); asked.first < end && assembler.next < until; ) {
    const { first, answers } = asked
    const found = await answers
    width = widthFor(found)
    asked = ask()
    const chunk: StoredEntry[] = []
    for (const [position, message] of found.entries()) {
      const sequence = first + position
      assembler.push(sequence, message, until, chunk)
      if (isWhole(message)) known.add({ sequence: sequence - message.part + 1, firstIndex: message.firstIndex })
    }
    if (chunk.length > 0) yield chunk
  }
}

/** Messages asked for at once at first, when their size is not known. */
const FIRST_READS = 8

/** As many messages at once as come to a few MiB, judged by those that just came. */
function widthFor(found: readonly LogMessage[]): number {
  const bytes = found.reduce((sum, { content }) => sum + content.length, 1)
  const fit = Math.floor((LIMITS.natsReadBytes * found.length) / bytes)
  return Math.max(1, Math.min(LIMITS.natsReads, fit))
}
