import { FabricError } from '../model/errors.js'
import { LIMITS } from '../model/limits.js'
import type { Principal } from '../model/principal.js'
import { TokenBucket } from '../model/token-bucket.js'

/** Calls that may come at once, as seconds of the rate: a session that starts asks for several things. */
const BURST_SECONDS = 2

/** A rate limit for each caller that is no administrator. */
export class RateLimits {
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #perSecond: number
  readonly #now: () => number
  /** Calls that were refused so far. */
  refused = 0

  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond
    this.#now = now
  }

  /** Counts one call. Throws RATE_LIMITED with `retryAfterMs`. */
  take({ actor, role }: Principal): void {
    if (role === 'admin') return
    const retryAfterMs = this.#bucketOf(actor).take(this.#now())
    if (retryAfterMs === 0) return
    this.refused += 1
    const message = `${actor} may send ${this.#perSecond} requests in a second. Wait ${retryAfterMs} ms.`
    throw new FabricError('RATE_LIMITED', message, { retryAfterMs })
  }

  #bucketOf(actor: string): TokenBucket {
    const known = this.#buckets.get(actor)
    if (known !== undefined) return known
    if (this.#buckets.size >= LIMITS.swarms) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest)
        break
      }
    }
    const bucket = new TokenBucket(this.#perSecond, this.#perSecond * BURST_SECONDS, this.#now())
    this.#buckets.set(actor, bucket)
    return bucket
  }
}
