import type { FabricError } from '../model/errors.js'
import type { Following, PublishedEntry } from './fabric.js'
import type { EntryInterest, Waker, Wakers } from './interest.js'

/** Part of the log: the entries of interest in it, in order, and the position behind it. */
export interface Stretch {
  readonly entries: readonly PublishedEntry[]
  readonly next: number
}

/** What a follower knows of the log. */
export interface Followed {
  /** Entries published so far, all durable. */
  readonly size: number
  readonly closed: boolean
  /** Why the log ended, where it did not end well. */
  readonly failure: FabricError | undefined
  readonly wakers: Wakers
  /** Some stretches of the log from a position that is below `size`, in order. */
  from(position: number, interest: EntryInterest | undefined): AsyncIterable<Stretch>
  /** Counts those who follow. */
  count(change: 1 | -1): void
}

/** A position in the log that moves on. It costs no memory to be slow: what was missed is read from the journal. */
export class Follower implements Following, Waker {
  readonly interest: EntryInterest | undefined
  readonly #log: Followed
  readonly #signal: AbortSignal
  #position: number
  #resume: (() => void) | undefined

  constructor(log: Followed, signal: AbortSignal, from: number, interest: EntryInterest | undefined) {
    this.#log = log
    this.#signal = signal
    this.#position = from
    this.interest = interest
  }

  /** While it waits, nothing that was published concerns it. */
  get position(): number {
    return this.#resume === undefined ? this.#position : this.#log.size
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly PublishedEntry[]> {
    const log = this.#log
    log.count(1)
    try {
      while (!this.#isOver()) {
        if (this.#position >= log.size) {
          await this.#more()
          continue
        }
        for await (const { entries, next } of log.from(this.#position, this.interest)) {
          if (entries.length > 0) yield entries
          this.#position = next
          if (this.#isOver()) break
        }
      }
      if (log.failure !== undefined) throw log.failure
    } finally {
      log.count(-1)
    }
  }

  /** What came before the entry that wakes it is of no interest. */
  wake(index: number): void {
    this.#position = index
    this.#stopWaiting()
  }

  readonly #stopWaiting = () => {
    const resume = this.#resume
    this.#resume = undefined
    this.#log.wakers.remove(this)
    this.#signal.removeEventListener('abort', this.#stopWaiting)
    resume?.()
  }

  #isOver(): boolean {
    return this.#signal.aborted || this.#log.closed
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve
      this.#log.wakers.add(this)
      this.#signal.addEventListener('abort', this.#stopWaiting)
    })
  }
}
