import { LIMITS } from '../../model/limits.js'
import type { Checkpoint } from '../note/checkpoint.js'
import type { Verifier } from '../note/verifier.js'

/** A checkpoint that this cosigner signed, as it is stored. */
export interface Cosigned {
  readonly checkpoint: Checkpoint
  readonly note: string
}

/** A log that a cosigner watches: its keys, its last cosigned checkpoint, and whose turn it is to change that. */
export class WatchedLog {
  readonly origin: string
  readonly verifiers: Verifier[] = []
  /** What is durable; undefined until it was read. */
  latest: Cosigned | 'none' | undefined
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(origin: string) {
    this.origin = origin
  }

  get crowded(): boolean {
    return this.#waiting >= LIMITS.cosignRequestsWaiting
  }

  /** Runs `work` after all that came before it: a check and the write it allows must not be torn apart. */
  async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#waiting += 1
    const turn = this.#last.then(work)
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    )
    try {
      return await turn
    } finally {
      this.#waiting -= 1
    }
  }
}
