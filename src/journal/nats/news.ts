import type { Subscription } from '@nats-io/transport-node'
import { type LogMessage, viewMessage } from '../message.js'
import type { Link } from './link.js'

/**
 * How often the last writer says where the log ends, and how long a follower that hears nothing waits before it looks.
 */
const BEAT_MS = 250
const SILENCE_MS = 1_000

const SEQUENCE_BYTES = 8

export interface NewsEvents {
  /**
   * Where the log of another process ends, as far as that one knows; with the batch that ends it when it is new and
   * small.
   */
  heard(sequence: number, message: LogMessage | undefined, bytes: Uint8Array): void
  /** Nothing was heard for a while. */
  silent(): void
}

/**
 * What writers tell followers, on a plain subject: each batch once it is stored, and every 250 ms where the log ends.
 * Any of it may be lost; a follower then sees a gap, or an end that it does not know, and reads what it missed from the
 * stream. So nothing has to be kept on the server for a follower, and none is slow to come back.
 */
export class News {
  readonly #link: Link
  readonly #subject: string
  readonly #subscription: Subscription
  readonly #beat: NodeJS.Timeout
  #heardAt = performance.now()

  /** `end` gives the sequence to tell while this process is the last writer, and undefined while it is not. */
  constructor(link: Link, subject: string, end: () => number | undefined, events: NewsEvents) {
    this.#link = link
    this.#subject = subject
    this.#subscription = link.connection.subscribe(subject, {
      callback: (error, { data }) => {
        if (error !== null || data.length < SEQUENCE_BYTES) return
        this.#heardAt = performance.now()
        const sequence = Number(Buffer.from(data.buffer, data.byteOffset, data.length).readBigUInt64LE())
        const bytes = data.subarray(SEQUENCE_BYTES)
        events.heard(sequence, bytes.length > 0 ? viewMessage(bytes) : undefined, bytes)
      },
    })
    this.#beat = setInterval(() => {
      const sequence = end()
      if (sequence !== undefined) this.tell(sequence)
      if (performance.now() - this.#heardAt < SILENCE_MS) return
      this.#heardAt = performance.now()
      events.silent()
    }, BEAT_MS)
    this.#beat.unref()
  }

  /** Tells where the log ends, with the message that ends it when it is a whole batch. */
  tell(sequence: number, message: Uint8Array = Buffer.alloc(0)): void {
    const head = Buffer.alloc(SEQUENCE_BYTES)
    head.writeBigUInt64LE(BigInt(sequence))
    const { connection } = this.#link
    // Without a connection it would only wait to be late.
    if (!connection.isClosed() && this.#link.connected)
      connection.publish(this.#subject, Buffer.concat([head, message]))
  }

  close(): void {
    clearInterval(this.#beat)
    this.#subscription.unsubscribe()
  }
}
