import type { JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream'
import { diverged, failureOf, refused, unreachable } from './failure.js'
import type { Link } from './link.js'

/** Pause before a request is made again. */
const PAUSE_MS = 50
/**
 * A cluster that starts may not know its streams at once, and a new leader not all messages; after this they are gone.
 */
export const GRACE_MS = 3_000

/** When to give up, on the clock of `performance`, and a signal to give up at once. */
export interface Patience {
  readonly until: number
  readonly signal: AbortSignal
}

/** Requests about one stream that are made until they are answered. */
export class Requests {
  readonly #link: Link
  readonly #manager: JetStreamManager
  readonly #stream: string
  readonly #servers: readonly string[]

  constructor(link: Link, manager: JetStreamManager, stream: string, servers: readonly string[]) {
    this.#link = link
    this.#manager = manager
    this.#stream = stream
    this.#servers = servers
  }

  /** What the stream is, which is made with these settings where there is none. */
  ensure(settings: Partial<StreamConfig> & { name: string }, patience: Patience): Promise<StreamInfo> {
    return this.persist(patience, async () => {
      try {
        return await this.#manager.streams.info(this.#stream)
      } catch (error) {
        if (failureOf(error) !== 'missing') throw error
        return this.#make(settings)
      }
    })
  }

  async #make(settings: Partial<StreamConfig> & { name: string }): Promise<StreamInfo> {
    try {
      return await this.#manager.streams.add(settings)
    } catch (error) {
      // Somebody else may have made it in this moment, in another way.
      return this.#manager.streams.info(this.#stream).catch(() => {
        throw error
      })
    }
  }

  /** Throws STORAGE_FAILED when the server refuses, LOG_DIVERGED when the stream is gone, UNAVAILABLE. */
  async persist<T>(patience: Patience, request: () => Promise<T>): Promise<T> {
    const begun = performance.now()
    for (;;) {
      try {
        return await this.#link.answer(request)
      } catch (error) {
        const failure = failureOf(error)
        if (failure === 'refused' || failure === 'denied') throw refused(this.#stream, error)
        if (failure === 'missing' && performance.now() - begun > GRACE_MS) throw diverged(this.#stream, 'is gone')
        await this.pause(patience, error)
      }
    }
  }

  /** Waits a moment, or for the connection to return. Throws UNAVAILABLE when patience is at its end. */
  async pause({ until, signal }: Patience, cause?: unknown): Promise<void> {
    const left = until - performance.now()
    if (left <= 0 || signal.aborted) throw unreachable(this.#servers, cause)
    await this.#link.whenConnected(left, signal)
    await new Promise((resolve) => setTimeout(resolve, Math.min(PAUSE_MS, left)))
  }
}
