import type { Journal } from '../journal/journal.js'
import type { Fold } from './fold.js'
import { takeSnapshot } from './snapshot.js'

/** Takes a snapshot every so many entries, one at a time, while the engine goes on. */
export class Snapshotter {
  readonly #journal: Journal
  readonly #every: number
  readonly #report: (error: unknown) => void
  #running: Promise<void> = Promise.resolve()
  #busy = false
  /** Entries the newest snapshot covers, or the size at which the last attempt failed. */
  #covered: number

  constructor(journal: Journal, every: number, covered: number, report: (error: unknown) => void) {
    this.#journal = journal
    this.#every = every
    this.#covered = covered
    this.#report = report
  }

  /** Starts a snapshot when enough has happened since the last one. The fold must be durable at this moment. */
  consider(fold: Fold): void {
    if (this.#busy || fold.head.size - this.#covered < this.#every) return
    this.take(fold).catch(this.#report)
  }

  /** Takes a snapshot of the fold as it is now; resolves with the number of entries it covers. */
  async take(fold: Fold): Promise<number> {
    const snapshot = takeSnapshot(fold)
    this.#busy = true
    this.#covered = snapshot.size
    const stored = this.#running.then(() => this.#journal.putSnapshot(snapshot))
    const done = stored.then(nothing, nothing)
    this.#running = done
    await stored.finally(() => {
      if (this.#running === done) this.#busy = false
    })
    return snapshot.size
  }

  /** Resolves when no snapshot is under way, whether it succeeded or not. */
  async idle(): Promise<void> {
    await this.#running
  }
}

function nothing(): void {}
