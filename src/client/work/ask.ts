import { isFabricError } from '../../model/errors.js'
import { isFatal, type WorkContext } from './context.js'
import type { TaskOffered } from './options.js'

/** An answer to the question for work, and when it was asked for, on the worker's clock. */
export interface Offered {
  readonly offer: TaskOffered
  readonly askedAt: number
}

/**
 * Asks for work. One idempotency key serves until it has led to a claim, so that a claim whose answer was lost is found by
 * the next question, and no second one is made.
 */
export class Asking {
  readonly #context: WorkContext
  readonly #leaseMs: number | undefined
  #key = crypto.randomUUID()
  /** When the question was first asked that has no answer yet. */
  #askedAt: number | undefined

  constructor(context: WorkContext, leaseMs: number | undefined) {
    this.#context = context
    this.#leaseMs = leaseMs
  }

  /** Waits up to `waitMs` for work. Throws what the fabric refuses, and the reason of `signal` when that aborts. */
  async ask(waitMs: number, signal: AbortSignal): Promise<Offered> {
    const { client, timing } = this.#context
    this.#askedAt ??= timing.elapsed()
    const askedAt = this.#askedAt
    try {
      const offer = await client.task.next({ ...this.#question, waitMs }, { signal, idempotencyKey: this.#key })
      this.#answered(offer)
      return { offer, askedAt }
    } catch (error) {
      if (isFabricError(error) && !error.retryable) this.#begin()
      throw error
    }
  }

  /** What a question led to of which the worker heard no answer, when it asks no more. */
  async takeBack(): Promise<Offered | undefined> {
    const { client } = this.#context
    const askedAt = this.#askedAt
    if (askedAt === undefined) return undefined
    const options = { idempotencyKey: this.#key }
    try {
      // Claims nothing, and is refused when the key has claimed something.
      await client.task.next({ ...this.#question, claim: false }, options)
      return undefined
    } catch (error) {
      if (!isFabricError(error, 'CONFLICT')) throw error
      return { offer: await client.task.next(this.#question, options), askedAt }
    }
  }

  get #question() {
    return { as: this.#context.swarm, claim: true, leaseMs: this.#leaseMs }
  }

  #answered({ claim }: TaskOffered): void {
    this.#askedAt = undefined
    if (claim !== undefined && !claim.reclaimed) this.#begin()
  }

  #begin(): void {
    this.#askedAt = undefined
    this.#key = crypto.randomUUID()
  }
}

/** The swarm does not exist, or the question is wrong: asking again leads nowhere. */
export function endsAsking(error: unknown): boolean {
  return !isFabricError(error) || isFatal(error) || error.code === 'NOT_FOUND' || error.code === 'INVALID_ARGUMENT'
}
