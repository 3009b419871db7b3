/**
 * A rate limit (token bucket): `rate` calls in a second in the long run, and at most `burst` at once. It holds two numbers
 * and asks for the time, so ten thousand of them cost nothing while nobody calls.
 */
export class TokenBucket {
  #rate: number
  #burst: number
  #level: number
  #at: number

  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate
    this.#burst = burst
    this.#level = burst
    this.#at = now
  }

  /** Goes on with another limit. What was used up before stays used up. */
  change(rate: number, burst: number, now: number): void {
    this.#refill(now)
    this.#rate = rate
    this.#burst = burst
    this.#level = Math.min(this.#level, burst)
  }

  /** Takes one call. Answers 0 when there is room, else after how many milliseconds there will be. */
  take(now: number): number {
    this.#refill(now)
    if (this.#level >= 1) {
      this.#level -= 1
      return 0
    }
    return Math.ceil(((1 - this.#level) * 1_000) / this.#rate)
  }

  #refill(now: number): void {
    // A clock that was set back gives nothing and takes nothing.
    const passed = Math.max(0, now - this.#at)
    this.#at = now
    this.#level = Math.min(this.#burst, this.#level + (passed * this.#rate) / 1_000)
  }
}
