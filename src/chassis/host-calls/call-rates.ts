import { LIMITS } from '../../model/limits.js'
import type { Timing } from '../../model/time.js'
import { TokenBucket } from '../../model/token-bucket.js'

interface SwarmRates {
  perSecond: number
  readonly requests: TokenBucket
  readonly lines: TokenBucket
}

/**
 * How fast each swarm calls its host functions, over all its calls of modules: a swarm that begins anew gets no new
 * allowance by it, and none of it is another's. Requests and log lines are counted apart, each by the rate of the contract:
 * a second's worth of requests may come at once, and `LIMITS.guestLogBurst` lines.
 */
export class CallRates {
  readonly #swarms = new Map<string, SwarmRates>()
  readonly #timing: Pick<Timing, 'elapsed' | 'after'>
  readonly #most: number

  /** Remembers the swarms that called last, `most` of them. */
  constructor(timing: Pick<Timing, 'elapsed' | 'after'>, most: number = LIMITS.swarms) {
    this.#timing = timing
    this.#most = most
  }

  /** Takes one request. Answers 0 when there is room, else after how many milliseconds there will be. */
  takeRequest(swarm: string, perSecond: number): number {
    return this.#ratesOf(swarm, perSecond).requests.take(this.#timing.elapsed())
  }

  /** The same for a line of the log. */
  takeLine(swarm: string, perSecond: number): number {
    return this.#ratesOf(swarm, perSecond).lines.take(this.#timing.elapsed())
  }

  /**
   * Waits until there is room again, `LIMITS.rateLimitHoldMs` at most, or until `signal` aborts: who is refused at once and asks
   * again at once takes our time and none of its own.
   */
  hold(waitMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        cancelTimer()
        signal.removeEventListener('abort', end)
        resolve()
      }
      const cancelTimer = this.#timing.after(Math.min(waitMs, LIMITS.rateLimitHoldMs), end)
      signal.addEventListener('abort', end, { once: true })
    })
  }

  #ratesOf(swarm: string, perSecond: number): SwarmRates {
    const rates = this.#swarms.get(swarm) ?? this.#begin(perSecond)
    // The last in the order of the map is the one that called last.
    this.#swarms.delete(swarm)
    this.#swarms.set(swarm, rates)
    if (this.#swarms.size > this.#most) {
      const [longestQuiet = swarm] = this.#swarms.keys()
      this.#swarms.delete(longestQuiet)
    }
    if (rates.perSecond !== perSecond) {
      rates.perSecond = perSecond
      const now = this.#timing.elapsed()
      rates.requests.change(perSecond, perSecond, now)
      rates.lines.change(perSecond, lineBurst(perSecond), now)
    }
    return rates
  }

  #begin(perSecond: number): SwarmRates {
    const now = this.#timing.elapsed()
    return {
      perSecond,
      requests: new TokenBucket(perSecond, perSecond, now),
      lines: new TokenBucket(perSecond, lineBurst(perSecond), now),
    }
  }
}

function lineBurst(perSecond: number): number {
  return perSecond === 0 ? 0 : Math.max(perSecond, LIMITS.guestLogBurst)
}
