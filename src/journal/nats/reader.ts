import { LIMITS } from '../../model/limits.js'
import type { Chunk, StoredEntry } from '../journal.js'
import { isWhole, type LogMessage } from '../message.js'
import { Assembler } from './assembler.js'
import { RecentMessages } from './recent-messages.js'
import { type BatchStart, SequenceIndex } from './sequence-index.js'
import type { Tail } from './tail.js'

/** Gets a message that is known to be in the stream. */
export type Fetch = (sequence: number) => Promise<LogMessage>

/** Reads a log by the sequences of its messages, and remembers of them what makes the next reading cheaper. */
export class LogReader {
  readonly #known = new SequenceIndex()
  readonly #recent = new RecentMessages()

  /** Remembers a message that makes its batch whole. It must be in memory of its own. */
  add(sequence: number, message: LogMessage): void {
    if (message.parts === 1) this.#recent.add(sequence, message)
    this.#note(sequence, message)
  }

  /** Entries from `from` to the end that `tail` tells, as chunks. */
  async *read(from: number, { sequence, size }: Tail, fetch: Fetch): AsyncGenerator<Chunk, void> {
    if (from >= size) return
    const end = sequence + 1
    const start = await this.#find(from, end, fetch)
    const assembler = new Assembler(from)
    for await (const found of this.#messages(start.sequence, end, fetch)) {
      const chunk: StoredEntry[] = []
      for (const [at, message] of found) {
        assembler.push(at, message, size, chunk)
        this.#note(at, message)
      }
      if (chunk.length > 0) yield chunk
      if (assembler.next >= size) return
    }
  }

  /** Id of the batch that holds an entry; undefined when the log does not reach it. */
  async batchOf(index: number, { sequence, size }: Tail, fetch: Fetch): Promise<string | undefined> {
    if (index >= size) return undefined
    const start = await this.#find(index, sequence + 1, fetch)
    return (await this.#get(start.sequence, fetch)).batchId
  }

  /**
   * Where the batch with entry `index` begins; the entry lies before message `end`. Takes as many requests as the
   * logarithm of the distance between the nearest places that are known.
   */
  async #find(index: number, end: number, fetch: Fetch): Promise<BatchStart> {
    const { before, after } = this.#known.around(index)
    let low = before?.sequence ?? 1
    let high = Math.min(after?.sequence ?? end, end)
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      const message = await this.#get(middle, fetch)
      this.#note(middle, message)
      if (message.firstIndex <= index) low = middle
      else high = middle
    }
    // Parts that a dead writer left have the index of the batch that came instead, and lie before it.
    const { part, firstIndex } = await this.#get(low, fetch)
    return { sequence: low - part + 1, firstIndex }
  }

  /** Messages with their sequences, some at a time. The next ones are under way while some are worked on. */
  async *#messages(start: number, end: number, fetch: Fetch): AsyncGenerator<[number, LogMessage][], void> {
    let width = FIRST_READS
    let next = start
    const ask = () => {
      const sequences = Array.from({ length: Math.min(width, end - next) }, (_, position) => next + position)
      next += sequences.length
      const answers = Promise.all(
        sequences.map(async (sequence): Promise<[number, LogMessage]> => [sequence, await this.#get(sequence, fetch)]),
      )
      // They are awaited later, or never when the reader stops.
      answers.catch(() => undefined)
      return answers
    }
    for (let asked = ask(); ; ) {
      const found = await asked
      if (found.length === 0) return
      width = widthFor(found)
      asked = ask()
      yield found
    }
  }

  async #get(sequence: number, fetch: Fetch): Promise<LogMessage> {
    return this.#recent.get(sequence) ?? (await fetch(sequence))
  }

  #note(sequence: number, message: LogMessage): void {
    if (!isWhole(message)) return
    this.#known.add({ sequence: sequence - message.part + 1, firstIndex: message.firstIndex })
  }
}

/** Messages asked for at once at first, when their size is not known. */
const FIRST_READS = 8

/** As many messages at once as come to a few MiB, judged by those that just came. */
function widthFor(found: readonly [number, LogMessage][]): number {
  const bytes = found.reduce((sum, [, { content }]) => sum + content.length, 1)
  const fit = Math.floor((LIMITS.natsReadBytes * found.length) / bytes)
  return Math.max(1, Math.min(LIMITS.natsReads, fit))
}
