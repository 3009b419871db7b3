import { LIMITS } from '../../model/limits.js'
import type { LogMessage } from '../message.js'

/**
 * The newest messages that were written or heard, up to some bytes: who follows the log closely asks the server for
 * none.
 */
export class RecentMessages {
  readonly #messages = new Map<number, LogMessage>()
  #bytes = 0

  /** `message` must be in memory of its own. */
  add(sequence: number, message: LogMessage): void {
    if (this.#messages.has(sequence)) return
    this.#messages.set(sequence, message)
    this.#bytes += message.content.length
    for (const [oldest, { content }] of this.#messages) {
      if (this.#bytes <= LIMITS.natsRecentBytes) return
      this.#messages.delete(oldest)
      this.#bytes -= content.length
    }
  }

  get(sequence: number): LogMessage | undefined {
    return this.#messages.get(sequence)
  }
}
