import { FabricError } from '../../model/errors.js'
import { collectEntries, viewRecord } from '../file/record.js'
import type { StoredEntry } from '../journal.js'
import type { LogMessage } from '../message.js'

/**
 * Makes batches of messages that come in the order of the stream. A batch in parts exists from its last part on; parts
 * that another batch follows were left by a writer that died, and are dropped.
 */
export class Assembler {
  #next: number
  #begun = false
  #parts: LogMessage[] = []

  /** `next` is the index of the first entry that is wanted; it lies in the first batch. */
  constructor(next: number) {
    this.#next = next
  }

  /** Index of the entry that is wanted next. */
  get next(): number {
    return this.#next
  }

  /** Adds the entries below `until` that this message makes whole to `entries`. Throws DATA_CORRUPT. */
  push(sequence: number, message: LogMessage, until: number, entries: StoredEntry[]): void {
    const record = this.#record(sequence, message)
    if (record === undefined) return
    const view = viewRecord(record, 0)
    if (view === undefined) throw corrupt(sequence, 'the batch that ends there fails its check')
    const fits = this.#begun ? view.firstIndex === this.#next : view.firstIndex <= this.#next
    if (!fits) throw corrupt(sequence, `it holds entry ${view.firstIndex} where ${this.#next} belongs`)
    this.#begun = true
    const before = entries.length
    collectEntries(record, view, this.#next, until, entries)
    this.#next += entries.length - before
  }

  #record(sequence: number, message: LogMessage): Buffer | undefined {
    if (message.part === 1) this.#parts = []
    const first = this.#parts[0] ?? message
    const follows = message.part === this.#parts.length + 1 && message.batchId === first.batchId
    if (!follows) throw corrupt(sequence, `part ${message.part} of a batch is there without those before it`)
    this.#parts.push(message)
    if (message.part < message.parts) return undefined
    const pieces = this.#parts.map(({ content }) => content)
    this.#parts = []
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
  }
}

/** A message of the stream is not what it must be. */
export function corrupt(sequence: number, what: string): FabricError {
  const message = `Message ${sequence} of the stream is damaged: ${what}. Restore the stream from a backup.`
  return new FabricError('DATA_CORRUPT', message, { sequence })
}
