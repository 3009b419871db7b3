import { LEAD_TTL_MS, type Leadership } from '../membership.js'
import type { Claim, Claims } from './claims.js'

/** How often a leader looks whether its claim is the last one still. */
const CONFIRM_MS = 1_000
/**
 * How long it goes on when nobody tells: longer than servers take to elect a leader of their own, in which time nobody else
 * can claim the lead either.
 */
const UNCONFIRMED_MS = 10_000

/**
 * The lead of one node, which goes on as long as its heartbeats come back to it from the servers. Others count from when
 * they heard one, and that was not before it was sent, so here it is over before it is over for them.
 */
export class Lead implements Leadership {
  readonly term: number
  readonly lost: AbortSignal
  readonly #claim: Claim
  readonly #onEnd: () => void
  readonly #ending = new AbortController()
  #renewedAt: number
  #timer: NodeJS.Timeout
  #confirming = false
  #askedAt: number
  #confirmedAt: number

  /** `onEnd` is called once, however it ends. */
  constructor(claim: Claim, sentAt: number, onEnd: () => void) {
    this.#claim = claim
    this.term = claim.term
    this.lost = this.#ending.signal
    this.#onEnd = onEnd
    this.#renewedAt = sentAt
    this.#askedAt = sentAt
    this.#confirmedAt = sentAt
    this.#timer = this.#endWhenDue()
  }

  /** A heartbeat that was sent at `sentAt` came back. */
  renew(sentAt: number): void {
    if (this.lost.aborted || sentAt <= this.#renewedAt) return
    this.#renewedAt = sentAt
    clearTimeout(this.#timer)
    this.#timer = this.#endWhenDue()
  }

  /** Looks, from time to time, whether another one has claimed the lead without being heard here. */
  async confirm(claims: Pick<Claims, 'last'>): Promise<void> {
    const now = performance.now()
    if (this.#confirming || now - this.#askedAt < CONFIRM_MS) return
    this.#confirming = true
    this.#askedAt = now
    try {
      const { claim } = await claims.last()
      if (claim?.term !== this.term || claim.instance !== this.#claim.instance) this.end()
      this.#confirmedAt = now
    } catch {
      if (performance.now() - this.#confirmedAt >= UNCONFIRMED_MS) this.end()
    } finally {
      this.#confirming = false
    }
  }

  end(): void {
    clearTimeout(this.#timer)
    if (this.lost.aborted) return
    this.#ending.abort()
    this.#onEnd()
  }

  async resign(): Promise<void> {
    this.end()
  }

  #endWhenDue(): NodeJS.Timeout {
    return setTimeout(() => this.end(), Math.max(0, this.#renewedAt + LEAD_TTL_MS - performance.now()))
  }
}
